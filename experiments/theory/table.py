"""The table of all claims of the theory, from what their studies measured.

    python experiments/theory/table.py          no time

Reads claims.json beside each study, and writes the table of README.md in the order of the lecture's sections.
"""

import json
from pathlib import Path

from saddle_studies import readme

HERE = Path(__file__).resolve().parent


def main() -> None:
    """Read, and write the table."""
    claims = [(file.parent.name, claim) for file in HERE.parent.glob("*/claims.json") for claim in _read(file)]
    claims.sort(key=lambda pair: (pair[1]["where"], pair[0]))
    rows = [
        [
            claim["says"],
            claim["where"],
            f"[picture](../{folder}/{claim['name']}.png)",
            claim["measured"],
            claim["test"],
            f"[{folder}](../{folder}/README.md)",
        ]
        for folder, claim in claims
    ]
    header = ["claim", "where", "picture", "measured here", "asserted", "question"]
    readme.replace(HERE / "README.md", "claims", readme.table(header, rows))
    print(f"{len(rows)} claims of {len({folder for folder, _ in claims})} questions")


def _read(file: Path) -> list[dict[str, str]]:
    claims: list[dict[str, str]] = json.loads(file.read_text(encoding="utf-8"))
    return claims


if __name__ == "__main__":
    main()
