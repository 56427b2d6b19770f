"""What the command line says when it cannot do what it was asked: one message, one exit status, no traceback."""


class HotlineError(Exception):
    """Something is wrong or was found wanting. The message says what was expected, what came and what to do."""

    exit_code = 1


class WrongUse(HotlineError):
    """The command, its options or the configuration are not right; nothing was started."""

    exit_code = 2
