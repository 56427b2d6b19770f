"""Character error rate, with numerals folded and punctuation left out. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz.distance import Levenshtein

from speech.text.normalise import fold

__all__ = ["ErrorRate", "character_errors", "total"]


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """Edits over reference characters; `rate` may exceed 1 and is 0 for no reference."""

    files: int
    characters: int
    errors: int

    @property
    def rate(self) -> float:
        return self.errors / self.characters if self.characters else 0.0

    def as_json(self) -> dict[str, float | int]:
        return {
            "files": self.files,
            "characters": self.characters,
            "errors": self.errors,
            "cer": round(self.rate, 4),
        }


def character_errors(reference: str, heard: str) -> ErrorRate:
    """Insertions, deletions and substitutions that turn one folded text into the other."""
    wanted = fold(reference)
    return ErrorRate(1, len(wanted), int(Levenshtein.distance(wanted, fold(heard))))


def total(rates: Iterable[ErrorRate]) -> ErrorRate:
    """The pooled rate: every character counts the same, whatever file it is in."""
    listed = list(rates)
    return ErrorRate(
        sum(rate.files for rate in listed),
        sum(rate.characters for rate in listed),
        sum(rate.errors for rate in listed),
    )
