"""Where an extractor's weights lie: in the package, or where a person says."""

from pathlib import Path

SHIPPED = Path(__file__).parent / "metrics" / "weights"


def weights_file(weights: str) -> Path:
    """The file that `extractor.weights` means: a bare name ships with the package, a path with a folder in it does not.

    Raises:
        FileNotFoundError: there is no such file.
    """
    given = Path(weights).expanduser()
    path = SHIPPED / given if given.name == weights else given
    if path.is_file():
        return path
    shipped = " and ".join(sorted(file.name for file in SHIPPED.glob("*.safetensors")))
    here = f"; the file of that name in this folder is ./{weights}" if given.is_file() else ""
    raise FileNotFoundError(f"extractor.weights={weights}: there is no {path}; the package has {shipped}{here}")
