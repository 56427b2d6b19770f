"""What rates are made of: whole counts of one group (a unit, an area, a category, a day), which can be added up.

A count of assignments (`Counts`) belongs to the unit that holds the assignment, so a request dispatched to two units
(双派) counts once for each; a count of requests (`Intake`) counts every request once. Invariant: each part is at most
its whole, so every rate lies between 0 and 1.
"""

from dataclasses import dataclass, fields
from typing import Final, Self

from tickets.reports.figures import Figure, Rate, figure


@dataclass(frozen=True, slots=True)
class Counts:
    """Assignments made in a period, as they stand at the report's moment.

    `*_due` is what had to happen by then (it did, or its time has run out); `*_on_time` is what happened in time.
    """

    dispatched: int = 0
    signed: int = 0
    sign_due: int = 0
    signed_on_time: int = 0
    contact_due: int = 0
    contacted_on_time: int = 0
    done: int = 0
    done_due: int = 0
    done_on_time: int = 0
    overdue: int = 0
    extended: int = 0
    visited: int = 0
    resolved: int = 0
    satisfied: int = 0
    second_round: int = 0
    escalated: int = 0
    group_resolved: int = 0
    long_standing_resolved: int = 0

    def __add__(self, other: Self) -> Self:
        return type(self)(*(getattr(self, each) + getattr(other, each) for each in COUNT_NAMES))

    def rate(self, key: Rate) -> Figure:
        top, bottom = _PARTS[key]
        return figure(key, getattr(self, top), getattr(self, bottom))

    def rates(self, keys: tuple[Rate, ...] | None = None) -> tuple[Figure, ...]:
        return tuple(self.rate(key) for key in keys or UNIT_RATES)


_PARTS: Final[dict[Rate, tuple[str, str]]] = {
    Rate.SIGN: ("signed", "dispatched"),
    Rate.SIGN_ON_TIME: ("signed_on_time", "sign_due"),
    Rate.RESPONSE: ("contacted_on_time", "contact_due"),
    Rate.DONE: ("done", "dispatched"),
    Rate.ON_TIME: ("done_on_time", "done_due"),
    Rate.RESOLUTION: ("resolved", "visited"),
    Rate.SATISFACTION: ("satisfied", "visited"),
    Rate.EXTENSION: ("extended", "dispatched"),
    Rate.SECOND_ROUND: ("second_round", "visited"),
}

UNIT_RATES: Final = tuple(_PARTS)
"""The rates that a unit, an area, a category or a period has."""

COUNT_NAMES: Final = tuple(each.name for each in fields(Counts))


@dataclass(frozen=True, slots=True)
class Intake:
    """Requests received in a period. `open` have not been closed at the report's moment; `on_the_spot` are enquiries
    that were answered without any unit."""

    received: int = 0
    dispatched: int = 0
    closed: int = 0
    special: int = 0
    emergency: int = 0
    enquiries: int = 0
    on_the_spot: int = 0

    def __add__(self, other: Self) -> Self:
        return type(self)(*(getattr(self, each) + getattr(other, each) for each in INTAKE_NAMES))

    @property
    def open(self) -> int:
        return self.received - self.closed


INTAKE_NAMES: Final = tuple(each.name for each in fields(Intake))
