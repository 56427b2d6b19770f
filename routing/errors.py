"""What can be wrong with routing's data: a list of faults, each with its file and line, raised together."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault in a data file. `line` is 1-based; 0 when the fault is the file itself."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.message}"


class DataError(ValueError):
    """The data cannot be used; nothing of it was. `faults` lists everything found, not only the first."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in faults))
