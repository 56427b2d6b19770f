"""What has happened to a ticket beyond its state: who is responsible, which clocks run, who was asked, what was said.

Each entry has a number `seq` that counts within its ticket and list, from 1; entries are changed (a clock is stopped,
an extension decided) but never removed, so a list only grows. Times are aware UTC. The history of events says how a
life came about; a life says how it stands, so that it can be asked in one look.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Protocol, TypeVar


class AssignmentRole(StrEnum):
    """What a unit is to a ticket. `main` is responsible to the end (首派负责); `joint` has the order too (双派)."""

    MAIN = "main"
    JOINT = "joint"
    ASSIST = "assist"


class DeadlineKind(StrEnum):
    REVIEW = "review"
    DISPATCH = "dispatch"
    SIGN = "sign"
    CONTACT = "contact"
    HANDLE = "handle"
    VISIT = "visit"
    SUBTASK = "subtask"
    CALL_BACK = "call-back"
    FOLLOW_UP = "follow-up"
    LEDGER_REVIEW = "ledger-review"


class Rung(StrEnum):
    """A step of the escalation ladder (催办): before the time, at it, and ever louder after it."""

    URGE = "urge"
    OVERDUE = "overdue"
    WRITTEN_URGE = "written-urge"
    CRITICISM = "criticism"


class LinkKind(StrEnum):
    """How a ticket stands to another. `group` joins tickets of one matter that concerns many (群体性)."""

    DUPLICATE_OF = "duplicate-of"
    DUPLICATED_BY = "duplicated-by"
    ADDED_TO = "added-to"
    GROUP = "group"
    RELATED = "related"


@dataclass(frozen=True, slots=True)
class Assignment:
    """An order to a unit. It runs while `ended_at` is None; `handler` is the person who answers for it."""

    seq: int
    role: AssignmentRole
    unit_id: str
    unit_name: str
    at: datetime
    round: int = 1
    handler: str | None = None
    signed_at: datetime | None = None
    contacted_at: datetime | None = None
    answered_at: datetime | None = None
    completed_at: datetime | None = None
    ended_at: datetime | None = None
    end_reason: str | None = None

    @property
    def runs(self) -> bool:
        return self.ended_at is None


@dataclass(frozen=True, slots=True)
class Deadline:
    """A clock. Open while `stopped_at` is None; `met` then says whether it was in time, None when it was called off.

    `assignment` is the order that it belongs to, `unit_id` that order's unit. `estimated` marks a time that was
    reckoned without the year's holiday table (F93). `next_rung` is due at `next_at`; both None when none is left.
    """

    seq: int
    kind: DeadlineKind
    started_at: datetime
    due_at: datetime
    assignment: int | None = None
    unit_id: str | None = None
    round: int = 1
    estimated: bool = False
    stopped_at: datetime | None = None
    met: bool | None = None
    next_rung: Rung | None = None
    next_at: datetime | None = None

    @property
    def open(self) -> bool:
        return self.stopped_at is None


@dataclass(frozen=True, slots=True)
class SubTask:
    """What a department must do after the whistle (吹哨报到): it reports in, then tells its result."""

    seq: int
    unit_id: str
    unit_name: str
    task: str
    at: datetime
    asked_by: str
    due_at: datetime
    reported_at: datetime | None = None
    reporter: str | None = None
    finished_at: datetime | None = None
    result: str | None = None


@dataclass(frozen=True, slots=True)
class Extension:
    """A request for more time; without approval it changes nothing."""

    seq: int
    assignment: int
    at: datetime
    asked_by: str
    reason: str
    until: datetime
    decided_at: datetime | None = None
    decided_by: str | None = None
    approved: bool | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Objection:
    """A unit says that the order is not its own. It stays responsible until the hotline has decided (首派负责)."""

    seq: int
    assignment: int
    unit_id: str
    at: datetime
    by: str
    reason: str
    proposed_unit_id: str | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None
    upheld: bool | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Feedback:
    """What the handling unit itself reports of the caller's view when it completes; kept apart from visits."""

    seq: int
    round: int
    unit_id: str
    at: datetime
    by: str
    result: str
    resolved: bool
    satisfied: bool | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """A return visit (回访) by the hotline. The four answers are None when the caller was not reached."""

    seq: int
    round: int
    unit_id: str | None
    at: datetime
    by: str
    channel: str
    reached: bool
    contacted: bool | None = None
    answered: bool | None = None
    resolved: bool | None = None
    satisfied: bool | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A matter that cannot be done yet (未结事项), under periodic review until it is struck off (销号)."""

    seq: int
    at: datetime
    by: str
    reason: str
    review_due: datetime
    reviews: int = 0
    reviewed_at: datetime | None = None
    struck_off_at: datetime | None = None
    struck_off_by: str | None = None
    result: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    seq: int
    kind: LinkKind
    other: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class SiteRecord:
    """Somebody went and looked: who, when, with which result."""

    seq: int
    at: datetime
    by: str
    unit_id: str | None
    people: tuple[str, ...]
    visited_at: datetime
    result: str


@dataclass(frozen=True, slots=True)
class CallBack:
    """An enquiry given to a unit that shall call the caller back (IN-8)."""

    seq: int
    unit_id: str
    unit_name: str
    at: datetime
    by: str
    receiver: str
    due_at: datetime
    called_at: datetime | None = None
    called_by: str | None = None
    answered: bool | None = None
    followed_at: datetime | None = None
    followed_by: str | None = None
    satisfied: bool | None = None


@dataclass(frozen=True, slots=True)
class Life:
    """All lists and the figures drawn from them. `round` counts handling rounds; times are those of the latest round.

    `special` names the special list (专项) that the ticket is on; `flags` are marks of the service (such as 日历缺失),
    `themes` marks that people set for the assessment; `accountable` is the person who answers for the whole.
    """

    round: int = 1
    accountable: str | None = None
    special: str | None = None
    supervised: bool = False
    exposed: bool = False
    flags: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    dispatched_at: datetime | None = None
    signed_at: datetime | None = None
    contacted_at: datetime | None = None
    answered_at: datetime | None = None
    completed_at: datetime | None = None
    closed_at: datetime | None = None
    assignments: tuple[Assignment, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    subtasks: tuple[SubTask, ...] = ()
    extensions: tuple[Extension, ...] = ()
    objections: tuple[Objection, ...] = ()
    feedbacks: tuple[Feedback, ...] = ()
    visits: tuple[Visit, ...] = ()
    ledger: tuple[LedgerEntry, ...] = ()
    links: tuple[Link, ...] = ()
    site_records: tuple[SiteRecord, ...] = ()
    call_backs: tuple[CallBack, ...] = ()

    @property
    def main(self) -> Assignment | None:
        """The order of the unit that is responsible; None only before the first dispatch."""
        return next((each for each in self.assignments if each.role is AssignmentRole.MAIN and each.runs), None)

    @property
    def shared(self) -> bool:
        """Has another unit than the responsible one a running order?"""
        return any(each.runs and each.role is not AssignmentRole.MAIN for each in self.assignments)

    @property
    def due_at(self) -> datetime | None:
        """When the responsible unit must be done; None while that clock does not run."""
        main = self.main
        if main is None:
            return None
        return next(
            (each.due_at for each in self.open_clocks(DeadlineKind.HANDLE) if each.assignment == main.seq), None
        )

    def open_clocks(self, *kinds: DeadlineKind) -> tuple[Deadline, ...]:
        return tuple(each for each in self.deadlines if each.open and (not kinds or each.kind in kinds))

    def order_of(self, unit_id: str) -> Assignment | None:
        """The running order of a unit, its main one first."""
        found = [each for each in self.assignments if each.runs and each.unit_id == unit_id]
        return min(found, key=lambda each: list(AssignmentRole).index(each.role), default=None)

    def concerns(self, unit_id: str) -> bool:
        """Has the unit anything to do with the ticket, now or before?"""
        return (
            any(each.unit_id == unit_id for each in self.assignments)
            or any(each.unit_id == unit_id for each in self.subtasks)
            or any(each.unit_id == unit_id for each in self.call_backs)
        )

    def flagged(self, *flags: str) -> "Life":
        return replace(self, flags=tuple(dict.fromkeys((*self.flags, *flags))))


class Entry(Protocol):
    @property
    def seq(self) -> int: ...


_Entry = TypeVar("_Entry", bound=Entry)

LISTS: tuple[str, ...] = (
    "assignments",
    "deadlines",
    "subtasks",
    "extensions",
    "objections",
    "feedbacks",
    "visits",
    "ledger",
    "links",
    "site_records",
    "call_backs",
)
"""The lists of a life, each of which a store keeps as a table."""


def changed(entries: Iterable[_Entry], entry: _Entry) -> tuple[_Entry, ...]:
    """The entries with the one of the same number replaced."""
    return tuple(entry if each.seq == entry.seq else each for each in entries)


@cache
def names(kind: type[Entry]) -> tuple[str, ...]:
    """The field names of an entry, in order."""
    return tuple(each.name for each in fields(kind))  # type: ignore[arg-type]  # every entry is a dataclass


__all__ = [
    "LISTS",
    "Assignment",
    "AssignmentRole",
    "CallBack",
    "Deadline",
    "DeadlineKind",
    "Entry",
    "Extension",
    "Feedback",
    "LedgerEntry",
    "Life",
    "Link",
    "LinkKind",
    "Objection",
    "Rung",
    "SiteRecord",
    "SubTask",
    "Visit",
    "changed",
    "names",
]
