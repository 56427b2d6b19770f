"""How many of the domain's words are wrong in recognised texts, before and after correction, and what correction costs
elsewhere. Pure but for the clock that times it.

A term counts as right when it stands in the text. Characters are counted as everywhere: numerals folded, no
punctuation.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hotline.errors import WrongUse
from speech.scoring import ErrorRate, character_errors, total
from speech.text.correction import Corrected

__all__ = ["Figures", "Judged", "Recognised", "figures", "judge", "terms_in"]

_PERCENTILE: Final = 0.95


@dataclass(frozen=True, slots=True)
class Recognised:
    """What was said, the domain's terms in it, and what was heard, best reading first."""

    text: str
    terms: tuple[str, ...]
    readings: tuple[str, ...]

    @property
    def heard(self) -> str:
        return self.readings[0] if self.readings else ""


@dataclass(frozen=True, slots=True)
class Judged:
    """A recognised text, what became of it, and how many seconds that took."""

    recognised: Recognised
    corrected: Corrected
    before: ErrorRate
    after: ErrorRate
    seconds: float

    @property
    def wrong_before(self) -> int:
        return sum(term not in self.recognised.heard for term in self.recognised.terms)

    @property
    def wrong_after(self) -> int:
        return sum(term not in self.corrected.text for term in self.recognised.terms)


@dataclass(frozen=True, slots=True)
class Figures:
    """Rates are shares; `better` and `worse` count texts by their wrong characters; milliseconds are of one text."""

    texts: int
    terms: int
    wrong_before: int
    wrong_after: int
    cer_before: float
    cer_after: float
    changed: int
    better: int
    worse: int
    p50_ms: float
    p95_ms: float

    def as_json(self) -> dict[str, Any]:
        """As the command prints them."""
        return {
            "texts": self.texts,
            "terms": self.terms,
            "terms_wrong": {"before": self.wrong_before, "after": self.wrong_after},
            "term_error_rate": {
                "before": _share(self.wrong_before, self.terms),
                "after": _share(self.wrong_after, self.terms),
            },
            "cer": {"before": round(self.cer_before, 4), "after": round(self.cer_after, 4)},
            "texts_changed": self.changed,
            "texts_better": self.better,
            "texts_worse": self.worse,
            "ms": {"p50": round(self.p50_ms, 2), "p95": round(self.p95_ms, 2)},
        }


def judge(
    recognised: Recognised,
    correct: Callable[[Sequence[str]], Corrected],
    clock: Callable[[], float] = time.process_time,
) -> Judged:
    """Correct one text and hold both against what was said."""
    began = clock()
    corrected = correct(recognised.readings)
    seconds = clock() - began
    before = character_errors(recognised.text, recognised.heard)
    return Judged(recognised, corrected, before, character_errors(recognised.text, corrected.text), seconds)


def figures(judged: Sequence[Judged]) -> Figures:
    """Raises `WrongUse` for none."""
    if not judged:
        raise WrongUse("there is no recognised text to judge")
    took = sorted(each.seconds * 1_000 for each in judged)
    return Figures(
        texts=len(judged),
        terms=sum(len(each.recognised.terms) for each in judged),
        wrong_before=sum(each.wrong_before for each in judged),
        wrong_after=sum(each.wrong_after for each in judged),
        cer_before=total(each.before for each in judged).rate,
        cer_after=total(each.after for each in judged).rate,
        changed=sum(bool(each.corrected.changes) for each in judged),
        better=sum(each.after.errors < each.before.errors for each in judged),
        worse=sum(each.after.errors > each.before.errors for each in judged),
        p50_ms=took[len(took) // 2],
        p95_ms=took[min(len(took) - 1, round(len(took) * _PERCENTILE))],
    )


def terms_in(text: str, terms: Iterable[str]) -> tuple[str, ...]:
    """The terms that stand in a text, the longest first, none inside or across another."""
    free = text
    found: list[str] = []
    for term in sorted({term for term in terms if term in text}, key=lambda each: (-len(each), each)):
        if term in free:
            found.append(term)
            free = free.replace(term, "\n" * len(term))
    return tuple(found)


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
