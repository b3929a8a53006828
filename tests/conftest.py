"""One thread, set before torch is imported: two torch processes of two threads each stop each other on two cores."""

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from saddle.config.composing import Composer, composer
from saddle.config.keys import CONF

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # an activated environment
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job of a script inherits SIG_IGN
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # one under nohup does, too


@pytest.fixture(autouse=True, scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A cache of the tests' own, so that they neither need nor change the project's."""
    os.environ["SADDLE_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def conf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's configuration, with two studies added."""
    folder = tmp_path_factory.mktemp("conf") / "conf"
    shutil.copytree(CONF, folder)
    (folder / "experiment").mkdir(exist_ok=True)
    study = "# @package _global_\nhydra:\n  mode: MULTIRUN\n  sweeper:\n    params:\n      d_steps: 1,{}\n"
    (folder / "experiment/k.yaml").write_text(study.format(5))
    (folder / "experiment/no_k.yaml").write_text(study.format(0))
    (folder / "experiment/torn.yaml").write_text("a: [1\n")
    (folder / "experiment/inside.yaml").write_text("seed: 1\n")
    (folder / "experiment/elsewhere.yaml").write_text("# @package _global_\ndefaults:\n  - override /los: minimax\n")
    return folder


@pytest.fixture(scope="module")
def made(conf: Path) -> Iterator[Composer]:
    with composer(conf) as made:
        yield made
