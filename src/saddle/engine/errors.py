"""How a run can end early. The text is what the command prints after `error: `, or alone where it was interrupted."""


class RunRefusedError(ValueError):
    """The run does not begin, and its folder is as it was: it holds another run, or one that is being trained."""


class RunFailedError(RuntimeError):
    """Training failed; the cause is `__cause__`, and the trace is in the folder's status.json.

    Args:
        message: for the person who started it.
        expected: whether the message says it all: something in the settings, the files or the machine is wrong.
    """

    def __init__(self, message: str, *, expected: bool) -> None:
        super().__init__(message)
        self.expected = expected


class RunInterrupted(KeyboardInterrupt):
    """Ctrl-C or a signal ended training; the message says how the run is resumed."""
