"""The commands: arguments in, exit codes out.

A Python that lacks the packages, such as the system's, is told so in one line before anything else is imported.
"""

import sys
from importlib.util import find_spec

if find_spec("hydra") is None or find_spec("filelock") is None:
    sys.exit(
        f"error: {sys.executable} lacks the packages that Saddle needs. In a checkout, `make setup` installs them and "
        ".venv/bin/python src/train.py runs; elsewhere: pip install saddle-gan"
    )
