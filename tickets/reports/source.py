"""What the reports need from the store: counts that the database has grouped, and short lists. A store implements it.

Every method is one query, or one for each of a fixed few tables: nothing here grows with the number of units.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from tickets.reports.counts import Counts, Intake
from tickets.reports.periods import Span


class By(StrEnum):
    """What counts are grouped by. `DAY` is the day in Asia/Shanghai (`2026-11-22`); `HANDLER` an order's person."""

    UNIT = "unit"
    AREA = "area"
    L1 = "l1"
    L2 = "l2"
    PROBLEM = "problem"
    DAY = "day"
    CHANNEL = "channel"
    KIND = "kind"
    HANDLER = "handler"
    SPECIAL = "special"


@dataclass(frozen=True, slots=True)
class Narrow:
    """Filters joined by AND; None means any."""

    unit_id: str | None = None
    area_id: str | None = None
    l1: str | None = None
    l2: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Counts of one group; `key` has a value for each `By` that was asked for. `unit_name` when by unit."""

    key: tuple[str | None, ...]
    counts: Counts
    unit_name: str | None = None


@dataclass(frozen=True, slots=True)
class IntakeGroup:
    key: tuple[str | None, ...]
    counts: Intake


@dataclass(frozen=True, slots=True)
class UnitLine:
    """A unit of the directory with its head's name."""

    id: str
    name: str
    level: str
    kind: str
    trade: str | None
    head: str | None


@dataclass(frozen=True, slots=True)
class TicketLine:
    """A request in a list for leaders: nothing of the caller. Times are aware UTC."""

    number: str
    created_at: datetime
    unit_id: str | None
    unit: str | None
    deputy: str | None
    area: str | None
    problem: str | None
    special: str | None
    state: str
    level: int
    summary: str
    due_at: datetime | None
    completed_at: datetime | None
    supervised: bool
    round: int


@dataclass(frozen=True, slots=True)
class CallBackCounts:
    """Call-backs handed to a unit (IN-8). `due` were called or should have been; `followed` were asked afterwards."""

    unit_id: str
    unit_name: str
    handed: int
    due: int
    on_time: int
    followed: int
    satisfied: int


@dataclass(frozen=True, slots=True)
class LedgerLine:
    number: str
    unit: str | None
    problem: str | None
    reason: str
    listed_at: datetime
    review_due: datetime
    reviews: int


@dataclass(frozen=True, slots=True)
class LedgerCounts:
    """The tracking ledger (未结事项) as it stands: all entries ever listed, those struck off (销号), those overdue."""

    listed: int
    struck_off: int
    review_overdue: int


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic: any of these categories, or any of these words in the summary. At least one of them is not empty."""

    name: str
    l1: str | None = None
    l2: str | None = None
    problem: str | None = None
    words: tuple[str, ...] = ()


class Listing(StrEnum):
    SPECIAL = "special"
    """Special-list requests received from `since` to `until`."""

    SPECIAL_OPEN = "special-open"
    """Special-list requests received before `since` that are not done at `until`."""

    OVERDUE = "overdue"
    """Requests whose handling time has run out and that are not done, the longest overdue first."""

    EXPOSED = "exposed"
    """Requests marked for exposure (曝光) or under supervision, received from `since` to `until`."""


class AssessmentSource(Protocol):
    """Raises StoreUnavailable or StoreFailed from every method."""

    async def counts(self, span: Span, as_of: datetime, by: tuple[By, ...], narrow: Narrow) -> list[Group]:
        """Orders made in the span, without those taken back, grouped in the database."""
        ...

    async def intake(self, span: Span, by: tuple[By, ...], narrow: Narrow) -> list[IntakeGroup]:
        """Requests received in the span."""
        ...

    async def share(self, span: Span, topic: Topic) -> tuple[int, int]:
        """Requests on the topic, and all requests, received in the span: one query (RP-5)."""
        ...

    async def units(self) -> list[UnitLine]: ...

    async def listing(
        self, which: Listing, since: datetime, until: datetime, *, unit_id: str | None, limit: int
    ) -> list[TicketLine]: ...

    async def call_backs(self, span: Span, as_of: datetime, unit_id: str | None) -> list[CallBackCounts]: ...

    async def ledger(self, as_of: datetime, unit_id: str | None) -> LedgerCounts: ...

    async def ledger_open(self, unit_id: str | None, limit: int) -> list[LedgerLine]: ...
