"""One check's result."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Status(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """`found` says what is; `mend` what to do about it, empty when nothing is to be done."""

    name: str
    status: Status
    found: str
    mend: str = ""

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "status": self.status.value, "found": self.found, "mend": self.mend}


def ok(name: str, found: str) -> Finding:
    return Finding(name, Status.OK, found)


def warning(name: str, found: str, mend: str) -> Finding:
    return Finding(name, Status.WARNING, found, mend)


def failed(name: str, found: str, mend: str) -> Finding:
    return Finding(name, Status.FAILED, found, mend)
