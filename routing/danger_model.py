"""The danger model as two linear models in two files: how grave it is, and who must come.

Gravity is weighed for every stretch of every partial result, the service only once something has been found. Each is
calibrated by a temperature of its own, so that a share of 0.9 is right nine times in ten.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from routing.linear import GramModel

HARMLESS, POSSIBLE, DANGER = "harmless", "possible", "danger"
GRAVITIES = (HARMLESS, POSSIBLE, DANGER)


@dataclass(frozen=True, slots=True)
class DangerModel:
    """`gravity` has the labels `GRAVITIES` and carries the notes; `service` has those of `routing.lexicon`."""

    gravity: GramModel
    service: GramModel

    @property
    def notes(self) -> dict[str, Any]:
        return self.gravity.notes

    def save(self, path: Path) -> None:
        """Two files: `NAME.npz` and `NAME-service.npz`."""
        self.gravity.save(path)
        self.service.save(_beside(path))

    @classmethod
    def load(cls, path: Path) -> "DangerModel":
        """Raises `routing.errors.DataError` when a file is missing or is no such model."""
        return cls(GramModel.load(path), GramModel.load(_beside(path)))


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.stem}-service{path.suffix}")
