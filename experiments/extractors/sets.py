"""The data sets of the experiment, as conf/data describes them."""

from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.utils import instantiate

from saddle.data.digits import Digits
from saddle.data.faces.dataset import Faces

PROJECT = Path(__file__).resolve().parents[2]


def load(name: str, size: int) -> Faces | Digits:
    """The data set `name` with images of `size` pixels."""
    with initialize_config_dir(str(PROJECT / "conf"), version_base="1.3"):
        config = compose(overrides=[f"+data={name}", f"++resolution={size}"])
    return instantiate(config.data)
