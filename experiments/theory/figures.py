"""All figures of the theory and the numbers beside them.

    python experiments/theory/figures.py       one core: about 2 minutes

Writes a PNG for each claim, and the tables of README.md: the claims, and which loss, penalty and k converge near the
saddle.
"""

from io import BytesIO
from pathlib import Path

import claims
import saddles
from matplotlib.figure import Figure
from PIL import Image

from saddle.report import readme

HERE = Path(__file__).resolve().parent
COLOURS = 256


def main() -> None:
    """Measure, draw and write."""
    findings = saddles.found()
    rows, pictures = [], []
    for claim in [*claims.of_distributions(), *saddles.of_saddles(findings)]:
        save(claim.figure, HERE / f"{claim.name}.png")
        rows.append([claim.says, claim.where, f"[picture]({claim.name}.png)", claim.measured, claim.test])
        pictures.append(f"{claim.says}:\n\n![{claim.name}]({claim.name}.png)\n")
        print(f"{claim.name}: {claim.measured}", flush=True)
    header = ["claim", "where", "picture", "measured here", "asserted"]
    readme.replace(HERE / "README.md", "claims", readme.table(header, rows))
    readme.replace(HERE / "README.md", "pictures", "\n".join(pictures))
    readme.replace(HERE / "README.md", "convergence", readme.table(*saddles.cells(findings)))


def save(figure: Figure, path: Path) -> None:
    """As a PNG of few colours, a third of the size."""
    drawn = BytesIO()
    figure.savefig(drawn, format="png", dpi=110)
    Image.open(drawn).convert("RGB").quantize(COLOURS).save(path, optimize=True)


if __name__ == "__main__":
    main()
