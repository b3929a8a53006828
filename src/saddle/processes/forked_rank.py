"""The other ranks of a run: copies of its first process, made before that has started anything.

They need no import of their own: torch and Lightning take longer to import than a small run lasts.
"""

import json
import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Self

from saddle.processes.forkserver import Forked, take_over
from saddle.processes.ranks import end_with_parent

Work = Callable[[], int]


class ForkedRank(Forked):
    """A copy of this process, in a process group of its own, that waits to be begun and then does `work`.

    To be made where nothing was started yet that a copy would lack: threads of torch, a connection, a device. It ends
    when this process does, and when it is dismissed.

    Args:
        work: what it does once it has begun; gives its exit code.
    """

    def __init__(self, work: Work) -> None:
        self._sending, receiving = socket.socketpair()
        with receiving:
            context = multiprocessing.get_context("fork")
            try:
                super().__init__(context.Process(target=_wait, args=(receiving, self._sending, work)))
            except BaseException:  # Ctrl-C between the fork and here, or no process can be had
                self.dismiss()
                raise

    def begin(self, environment: Mapping[str, str], stdout: int | None, stderr: int) -> Self:
        """Let it do its work, in this environment, with these streams (None is ours)."""
        with self._sending as sending:
            socket.send_fds(sending, [b" "], [sys.stdout.fileno() if stdout is None else stdout, stderr])
            sending.sendall(json.dumps(dict(environment)).encode())
            sending.shutdown(socket.SHUT_WR)  # closing it would not do: later copies of this process hold it as well
        return self

    def dismiss(self) -> None:
        """Let it end, unless it has begun."""
        with suppress(OSError), self._sending as sending:
            sending.shutdown(socket.SHUT_WR)


@contextmanager
def forked_ranks(count: int, work: Work) -> Iterator[list[ForkedRank]]:
    """So many, and none of them waits afterwards, whatever happens."""
    waiting: list[ForkedRank] = []
    try:
        for _ in range(count):
            waiting.append(ForkedRank(work))  # noqa: PERF401  # those that are there are dismissed if the next cannot be made
        yield waiting
    finally:
        for spare in waiting:
            spare.dismiss()


def _wait(receiving: socket.socket, sending: socket.socket, work: Work) -> None:
    os.setpgid(0, 0)  # a Ctrl-C is for the first process, which hands it on
    sending.close()  # whose end is now held by the first process alone
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with receiving:
        _, streams, _, _ = socket.recv_fds(receiving, 1, 2)
        if not streams:
            sys.exit(0)
        environment = json.loads(receiving.makefile("rb").read())
    take_over(environment, *streams)
    end_with_parent()
    sys.exit(work())
