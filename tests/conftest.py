"""One thread, set before torch is imported: two torch processes of two threads each stop each other on two cores."""

import os

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(autouse=True, scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A cache of the tests' own, so that they neither need nor change the project's."""
    os.environ["SADDLE_CACHE"] = str(tmp_path_factory.mktemp("cache"))
