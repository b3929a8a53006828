"""A function applied to many items in threads, with a progress bar."""

import sys
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch
from tqdm import tqdm

Item = TypeVar("Item")
Result = TypeVar("Result")
CHUNK = 16
"""Number of items that a thread takes at a time."""
MOMENT = 1.0
"""Seconds after which the bar appears."""


def in_parallel(work: Callable[[Item], Result], items: Sequence[Item], what: str) -> list[Result]:
    """The results of `work` for every item, in order; `what` is the label of the progress bar.

    Threads suffice because reading, hashing and decoding files happen outside the interpreter's lock. There are as many
    as torch uses, which is this process's share of the cores. Warnings of libraries are dropped: problems with an item
    are part of its result.
    """
    results: list[Result] = []

    def chunk(start: int) -> list[Result]:
        return [work(item) for item in items[start : start + CHUNK]]

    with (
        warnings.catch_warnings(),
        ThreadPoolExecutor(torch.get_num_threads()) as threads,
        tqdm(
            total=len(items),
            desc=what,
            delay=MOMENT,
            leave=False,
            file=sys.stderr,
            mininterval=0.2 if sys.stderr.isatty() else 30,  # seconds between two states in a log
        ) as bar,
    ):
        warnings.simplefilter("ignore")
        for done in threads.map(chunk, range(0, len(items), CHUNK)):
            results += done
            bar.update(len(done))
    return results
