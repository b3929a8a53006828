"""The other ranks of a run: copies of its first process, made before that process has started anything.

Copies need no imports: importing torch and Lightning takes longer than a small run.
"""

import json
import multiprocessing
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Self

from saddle.processes.forkserver import Forked, take_over
from saddle.processes.ranks import end_with_parent

Work = Callable[[], int]


class ForkedRank(Forked):
    """A copy of this process in its own process group, which waits for `begin` and then calls `work`.

    It must be made before this process has started threads of torch, a connection or a device, which a copy would lack.
    It ends when this process ends, or when it is dismissed.

    Args:
        work: function to call after `begin`; returns the exit code.
    """

    def __init__(self, work: Work) -> None:
        self._sending, receiving = socket.socketpair()
        with receiving:
            context = multiprocessing.get_context("fork")
            try:
                super().__init__(context.Process(target=_wait, args=(receiving, self._sending, work)))
            except BaseException:  # Ctrl-C right after the fork, or the system cannot start a process
                self.dismiss()
                raise

    def begin(self, environment: Mapping[str, str], stdout: int | None, stderr: int) -> Self:
        """Start the work in this environment, with these streams (None for the stdout of this process)."""
        with self._sending as sending:
            socket.send_fds(sending, [b" "], [sys.stdout.fileno() if stdout is None else stdout, stderr])
            sending.sendall(json.dumps(dict(environment)).encode())
            sending.shutdown(socket.SHUT_WR)  # closing is not enough: later copies of this process hold it as well
        return self

    def dismiss(self) -> None:
        """End the copy, unless its work has begun."""
        with suppress(OSError), self._sending as sending:
            sending.shutdown(socket.SHUT_WR)


@contextmanager
def forked_ranks(count: int, work: Work) -> Iterator[list[ForkedRank]]:
    """`count` waiting ranks, which are dismissed at the end in any case."""
    with ExitStack() as dismissed:
        waiting: list[ForkedRank] = []
        for _ in range(count):
            waiting.append(ForkedRank(work))
            dismissed.callback(waiting[-1].dismiss)
        yield waiting


def _wait(receiving: socket.socket, sending: socket.socket, work: Work) -> None:
    os.setpgid(0, 0)  # Ctrl-C reaches only the first process, which forwards it
    sending.close()  # the first process alone holds the sending end
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with receiving:
        _, streams, _, _ = socket.recv_fds(receiving, 1, 2)
        if not streams:
            sys.exit(0)
        environment = json.loads(receiving.makefile("rb").read())
    take_over(environment, *streams)
    end_with_parent()
    sys.exit(work())
