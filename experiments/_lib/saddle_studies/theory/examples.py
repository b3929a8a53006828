"""Two densities on the line that several claims use."""

from saddle.theory.arrangements import line

DATA = line(means=[-2, 2], deviations=[0.5, 0.8], weights=[0.4, 0.6])
"""P_data: two modes, the narrower of which is the rarer."""
MADE = line(means=[0], deviations=[1.5], weights=[1])
"""P_G: one Gaussian over both modes."""
