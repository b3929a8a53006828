"""The smoothed JSD against the width of the noise."""

from collections.abc import Sequence

from saddle_studies.figures.sheet import COLOURS, sheet

from matplotlib.figure import Figure

from saddle.theory.estimate import Estimate


def draw(*, deviations: Sequence[float], smoothed: Sequence[Estimate], exact: Sequence[float], jsd: float) -> Figure:
    """Estimates from samples with their errors, the same from the density, and the JSD that they stay below.

    Args:
        deviations: sigma, in the unit of x.
        smoothed: `smoothed_jsd` at each.
        exact: the same where the generator's density is used, in nats.
        jsd: without noise, in nats.
    """
    figure, (panel,) = sheet(panels=1, side_by_side=True)
    panel.axhline(jsd, color=COLOURS[6], linewidth=1, linestyle="--", label="JSD without noise")
    panel.plot(deviations, exact, color=COLOURS[0], label="from the density of G")
    panel.errorbar(
        deviations,
        [each.value for each in smoothed],
        [each.error for each in smoothed],
        color=COLOURS[1],
        marker="o",
        markersize=4,
        linestyle="none",
        capsize=3,
        label="from codes alone, with its error",
    )
    panel.set_xscale("log")
    panel.set_xticks(deviations, [f"{each:g}" for each in deviations])
    panel.minorticks_off()
    panel.set_ylim(bottom=0)
    panel.set_xlabel(r"deviation $\sigma$ of the noise on both sides (unit of x)")
    panel.set_ylabel("smoothed JSD (nats)")
    panel.legend(fontsize=8, frameon=False)
    return figure
