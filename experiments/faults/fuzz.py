"""Does any file of a run, however it was changed, end a command in a stack trace? Expected: none of 2,000.

    python experiments/faults/fuzz.py [files=2000] [seed=0]       one core: about 4 minutes

Changes the files of a finished sweep one at a time: bytes are flipped, cut, repeated; values are of other types; files
are links that lead nowhere, folders, archives that claim terabytes, YAML that multiplies itself. Each is then read by
everything that reads it, up to the comparison of the sweep, which must go on without the damaged run. Prints a table,
writes results/fuzz.json, and ends with 1 if a reader failed otherwise than in one line that names the place.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

from saddle_studies import readme
from saddle_studies.fuzzing import Outcome, fuzzed

from saddle.cli.arguments import arguments

HERE = Path(__file__).resolve().parent
ALLOWED = {"files": "how many, by default 2000", "seed": "of the changes, by default 0"}


def main() -> int:
    """Change and read the files; the exit code."""
    given = arguments(ALLOWED, sys.argv, __doc__ or "")
    count, seed = int(given.get("files", 2000)), int(given.get("seed", 0))
    with tempfile.TemporaryDirectory() as place:
        outcomes = fuzzed(Path(place), count=count, seed=seed, draw_every=10)
    for one in (one for one in outcomes if one.fault):
        print(f"{one.file}: {one.fault}")
    rows = _rows(outcomes)
    table = readme.table(["file", "read", "refused in words", "stack traces or wrong words", "slowest"], rows)
    print(table)
    if not given:
        results = {"files": count, "seed": seed, "rows": rows}
        (HERE / "results" / "fuzz.json").write_text(json.dumps(results, indent=1) + "\n")
        readme.replace(HERE / "README.md", "fuzz", table)
    return int(any(one.fault for one in outcomes))


def _rows(outcomes: list[Outcome]) -> list[list[str]]:
    names = dict.fromkeys(one.file.partition(" ")[0] for one in outcomes)
    rows = []
    for name in names:
        own = [one for one in outcomes if one.file.partition(" ")[0] == name]
        faults = sum(bool(one.fault) for one in own)
        refused = sum(bool(one.words) and not one.fault for one in own)
        slowest = f"{max(one.seconds for one in own):.1f} s"
        rows.append([name, str(len(own)), str(refused), str(faults), slowest])
    return rows


if __name__ == "__main__":
    sys.exit(main())
