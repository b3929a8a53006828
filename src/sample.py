"""`python src/sample.py` in a checkout is `saddle sample`."""

from saddle.cli.main import start

if __name__ == "__main__":
    start("sample")
