"""A bound on the memory of all decoders of this process together."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition

BYTES_PER_PIXEL = 16
"""What a decoder takes at most: four bytes each for its own buffer, Pillow's, a turned copy and the part cut out."""
LIMIT = 3 * 2**30
"""Bytes for all pictures that are decoded at the same time; the largest that Pillow reads takes 2.9e9."""


class MemoryBudget:
    """Bytes that threads reserve before they use them; a thread waits while too few are left.

    Args:
        limit: number of bytes; a larger reservation is granted when there is no other.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self._change = Condition()

    @contextmanager
    def reserved(self, size: int) -> Iterator[None]:
        """Reserve `size` bytes for the duration of the block."""
        size = min(size, self.limit)
        with self._change:
            self._change.wait_for(lambda: self.used + size <= self.limit)
            self.used += size
        try:
            yield
        finally:
            with self._change:
                self.used -= size
                self._change.notify_all()


DECODING = MemoryBudget(LIMIT)
