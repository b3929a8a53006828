"""What the studies of experiments/ share. A script that imports it ends at Ctrl-C in one line."""

from saddle_studies import interruption

interruption.listen()
