"""What can go wrong with model files. Every message says what was expected, what came, and what to do."""


class ModelFetchError(Exception):
    """A model could not be had. `reasons` holds one sentence for each source that was tried."""

    def __init__(self, message: str, reasons: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.reasons = reasons


class UnknownModel(ModelFetchError):
    """The name is not in the table."""


class SourceUnavailable(Exception):
    """This source has nothing for us at present; the next one is tried."""


class SourceDamaged(Exception):
    """This source answered, but with other bytes than those pinned; they are not installed."""
