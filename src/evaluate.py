"""`python src/evaluate.py` in a checkout is `saddle evaluate`."""

from saddle.cli.main import start

if __name__ == "__main__":
    start("evaluate")
