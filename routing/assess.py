"""How well routing does on sentences it has never seen (`hotline route assess`): held-out sentences in, figures out.

`routing.heldout` reads them. Nothing is fitted here and nothing may be: a sentence that has steered the training data
or a threshold measures nothing any more.

Every share comes with its numerator and denominator. An abstention counts as a wrong category everywhere except in the
abstention curve, which shows what answering less would buy.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from routing.decision import Decision, EmergencyLevel
from routing.heldout import SERVICES, Example, HeldOut
from routing.taxonomy import Taxonomy

__all__ = ["CURVE", "Assessment", "Decider", "Miss", "assess"]

CURVE: Final = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


class Decider(Protocol):
    """What is assessed; `routing.router.Router` is one."""

    def decide(self, text: str, alternatives: Sequence[str] = (), *, heard: str = "") -> Decision: ...


@dataclass(frozen=True, slots=True)
class Miss:
    """A sentence that went wrong: what was `expected` and what routing said instead."""

    set: str
    group: str
    expected: str
    got: str
    text: str

    def as_json(self) -> dict[str, str]:
        return {"set": self.set, "group": self.group, "expected": self.expected, "got": self.got, "text": self.text}


@dataclass(frozen=True, slots=True)
class Assessment:
    """`figures` is ready for JSON; each share is `{"share", "count", "of"}`, with null for a share of nothing."""

    figures: dict[str, Any]
    misses: tuple[Miss, ...]


Judged = tuple[Example, Decision]


def assess(decider: Decider, held_out: HeldOut, taxonomy: Taxonomy) -> Assessment:
    """Decides every sentence once."""
    misses: list[Miss] = []
    judged = {
        name: [
            (example, decider.decide(example.text, example.alternatives, heard=example.heard)) for example in examples
        ]
        for name, examples in held_out.sets().items()
    }
    ordinary = judged["traps"] + judged["categories"]
    figures = {
        "emergencies": _emergencies(judged["emergencies"], misses),
        "possible": _possible(judged["possible"], misses),
        "traps": _traps(judged["traps"], misses),
        # Harmless matters of both kinds: what the detector's caution costs ordinary callers.
        "needless": {
            "questions": _count(ordinary, _is(EmergencyLevel.POSSIBLE)),
            "bridged": _count(ordinary, _is(EmergencyLevel.CERTAIN)),
        },
        "categories": _categories(judged["categories"], taxonomy, misses),
    }
    return Assessment(figures, tuple(misses))


def _emergencies(judged: Sequence[Judged], misses: list[Miss]) -> dict[str, Any]:
    for example, decision in judged:
        found = decision.emergency
        if not _noticed(example, decision) or found.service != example.service:
            got = f"{found.level.value} {found.service}".strip()
            misses.append(Miss("emergencies", example.group, example.service, got, _both(example)))
    # A missed emergency has no service to be right about.
    noticed = [each for each in judged if _noticed(*each)]
    return {
        "sentences": len(judged),
        "situations": len({example.group for example, _ in judged}),
        "recall": _share(len(noticed), len(judged)),
        "certain": _count(judged, _is(EmergencyLevel.CERTAIN)),
        "service_accuracy": _count(noticed, lambda e, d: d.emergency.service == e.service),
        "recall_by_service": {
            name: _count([each for each in judged if each[0].service == name], _noticed) for name in sorted(SERVICES)
        },
    }


def _possible(judged: Sequence[Judged], misses: list[Miss]) -> dict[str, Any]:
    for example, decision in judged:
        if not _noticed(example, decision):
            misses.append(Miss("possible", example.group, "possible", "none", _both(example)))
    return {
        "sentences": len(judged),
        "noticed": _count(judged, _noticed),
        "certain": _count(judged, _is(EmergencyLevel.CERTAIN)),
    }


def _traps(judged: Sequence[Judged], misses: list[Miss]) -> dict[str, Any]:
    for example, decision in judged:
        if _noticed(example, decision):
            got = f"{decision.emergency.level.value} {decision.emergency.service}".strip()
            misses.append(Miss("traps", example.group, "none", got, _both(example)))
    return {
        "sentences": len(judged),
        "false_certain": _count(judged, _is(EmergencyLevel.CERTAIN)),
        "false_possible": _count(judged, _is(EmergencyLevel.POSSIBLE)),
    }


def _categories(judged: Sequence[Judged], taxonomy: Taxonomy, misses: list[Miss]) -> dict[str, Any]:
    for example, decision in judged:
        if decision.category is None or decision.category.id != example.group:
            likeliest = decision.candidates[0].category.id if decision.candidates else ""
            got = decision.category.id if decision.category else f"abstained ({likeliest})"
            misses.append(Miss("categories", example.group, example.group, got, _both(example)))

    def first_level(example: Example) -> str:
        return taxonomy.problems[example.group].category.l1

    return {
        "sentences": len(judged),
        "problems": len({example.group for example, _ in judged}),
        "l1": _count(judged, lambda e, d: d.category is not None and d.category.l1 == first_level(e)),
        "problem": _count(judged, lambda e, d: d.category is not None and d.category.id == e.group),
        # Offered by name when the classifier abstains, so an abstention does not spoil these two.
        "top3_l1": _count(judged, lambda e, d: first_level(e) in {c.category.l1 for c in d.candidates}),
        "top3_problem": _count(judged, lambda e, d: e.group in {c.category.id for c in d.candidates}),
        "abstained": _count(judged, lambda _, d: d.category is None),
        "flagged_certain": _count(judged, _is(EmergencyLevel.CERTAIN)),
        "flagged_possible": _count(judged, _is(EmergencyLevel.POSSIBLE)),
        "curve": [_curve_point(least, judged, first_level) for least in CURVE],
    }


def _curve_point(least: float, judged: Sequence[Judged], first_level: Callable[[Example], str]) -> dict[str, Any]:
    """The likeliest candidate taken at its word from probability `least` upwards, whatever the shipped threshold."""
    sure = [
        (example, decision.candidates[0].category)
        for example, decision in judged
        if decision.candidates and decision.candidates[0].probability >= least
    ]
    return {
        "least": least,
        "answered": _share(len(sure), len(judged)),
        "l1": _share(sum(best.l1 == first_level(example) for example, best in sure), len(sure)),
        "problem": _share(sum(best.id == example.group for example, best in sure), len(sure)),
    }


def _noticed(_: Example, decision: Decision) -> bool:
    return decision.emergency.level is not EmergencyLevel.NONE


def _is(level: EmergencyLevel) -> Callable[[Example, Decision], bool]:
    return lambda _, decision: decision.emergency.level is level


def _count(judged: Sequence[Judged], holds: Callable[[Example, Decision], bool]) -> dict[str, float | None]:
    return _share(sum(holds(example, decision) for example, decision in judged), len(judged))


def _share(part: int, whole: int) -> dict[str, float | None]:
    return {"share": round(part / whole, 4) if whole else None, "count": part, "of": whole}


def _both(example: Example) -> str:
    return f"{example.text}（{example.said}）" if example.said else example.text
