"""`python src/compare.py` in a checkout is `saddle compare`."""

from saddle.cli.main import start

if __name__ == "__main__":
    start("compare")
