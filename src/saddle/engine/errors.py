"""How a run can end early. The command prints the text of the error."""


class RunRefusedError(ValueError):
    """The run does not start, and its folder is unchanged: it contains another run, or the device does not exist."""


class RunFailedError(RuntimeError):
    """Training failed; the cause is `__cause__`, and the trace is in the folder's status.json.

    Args:
        message: message to the user.
        expected: whether the message is sufficient because the settings, the files or the machine caused the error.
    """

    def __init__(self, message: str, *, expected: bool) -> None:
        super().__init__(message)
        self.expected = expected


class RunInterrupted(KeyboardInterrupt):
    """Ctrl-C or a signal ended training; the message says how to resume the run."""


def out_of_memory(error: BaseException) -> str:
    """What to do about an error that says that memory is not sufficient; empty for any other error."""
    text = str(error)
    signs = ("out of memory", "allocate memory", "not enough memory", "overflow")
    if not isinstance(error, MemoryError) and not any(sign in text.lower() for sign in signs):
        return ""
    if isinstance(error, ValueError | OSError):
        return ""
    cause = text.partition("\n")[0][:300] or type(error).__name__
    return f"the memory is not sufficient ({cause}): set a smaller batch_size, resolution, code_size or network"
