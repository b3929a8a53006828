"""`python src/train.py` in a checkout is `saddle train`."""

from saddle.cli.main import start

if __name__ == "__main__":
    start("train")
