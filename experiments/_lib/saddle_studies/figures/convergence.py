"""Which losses and penalties converge near the equilibrium of the Dirac-GAN, as a picture of a table."""

from collections.abc import Mapping

from saddle_studies.theory.convergence import Finding, Verdict

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

COLOURS: Mapping[Verdict, str] = {
    "converges": "#7BC8A4",
    "approaches": "#CDE7B0",
    "circles": "#F4E3A1",
    "diverges": "#EE9B7F",
}


def draw(findings: Mapping[tuple[str, str, str], Finding]) -> Figure:
    """A row for each loss, a group of columns for each penalty and in it one for each kind of steps.

    A cell says the verdict and the spectral radius, or in brackets what |theta| was multiplied by in a trial.
    """
    losses, penalties, steps = (list(dict.fromkeys(key[place] for key in findings)) for place in range(3))
    columns = [(penalty, step) for penalty in penalties for step in steps]
    figure = Figure(figsize=(2.2 + 0.95 * len(columns), 1.2 + 0.36 * len(losses)), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    panel = figure.add_subplot()
    for (loss, penalty, step), finding in findings.items():
        across, down = columns.index((penalty, step)), losses.index(loss)
        panel.add_patch(Rectangle((across, down), 1, 1, facecolor=COLOURS[finding.verdict], edgecolor="white"))
        text = f"{finding.radius:.4f}" if finding.ratio is None else f"(×{finding.ratio:.2g})"
        panel.text(across + 0.5, down + 0.36, finding.verdict, ha="center", va="center", fontsize=7)
        panel.text(across + 0.5, down + 0.72, text, ha="center", va="center", fontsize=6, color="0.25")
    for place, penalty in enumerate(penalties):
        panel.text((place + 0.5) * len(steps), -0.75, penalty, ha="center", va="bottom", fontsize=9, weight="bold")
        panel.axvline(place * len(steps), color="0.3", linewidth=1)
    panel.set_xlim(0, len(columns))
    panel.set_ylim(len(losses), 0)
    panel.set_xticks([at + 0.5 for at in range(len(columns))], [step for _, step in columns], fontsize=8)
    panel.set_yticks([at + 0.5 for at in range(len(losses))], losses, fontsize=8)
    panel.xaxis.tick_top()
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
    return figure
