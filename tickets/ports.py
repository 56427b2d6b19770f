"""What the service needs from the world: a ticket store, a file store, tokens, a clock. Stores implement these.

Writes are whole operations, not sessions: an adapter is free to put many of them into one durable commit. Every write
is safe to repeat, because uniqueness is the store's constraint and never a look before the insert (F21, F22).
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from tickets.domain.calendar import CalendarYear
from tickets.domain.case import Case, Change
from tickets.domain.history import Event
from tickets.domain.life import DeadlineKind, Rung
from tickets.domain.roles import Role
from tickets.domain.states import State
from tickets.domain.ticket import (
    Attachment,
    Channel,
    RequestKind,
    TicketDraft,
    TicketRecord,
    TicketSummary,
)
from tickets.domain.units import Unit


class Clock(Protocol):
    def now(self) -> datetime:
        """Wall time, aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds for measuring durations; never steps."""
        ...


@dataclass(frozen=True, slots=True)
class NewTicket:
    """A creation. `body` is the draft as plain JSON values, `fingerprint` that body's; `actor` the token's name.

    `begin` makes the ticket once its number is known; it is pure and may run more than once.
    """

    id: str
    key: str
    fingerprint: str
    draft: TicketDraft
    body: Mapping[str, Any]
    at: datetime
    actor: str
    begin: Callable[[str], TicketRecord]


@dataclass(frozen=True, slots=True)
class Created:
    """`fresh` is False when the key and body were seen before: then `record` is the ticket as it is now."""

    record: TicketRecord
    fresh: bool
    body: Mapping[str, Any] | None = None
    """The draft as plain JSON values when it is at hand: making it again takes longer than all else in an answer."""


@dataclass(frozen=True, slots=True)
class Action:
    """A move of a ticket: `decide` gets the locked ticket and returns its next events and life, or raises TicketError.

    `decide` may run more than once, so it must be pure. `key` makes the action repeatable; `fingerprint` tells a
    repetition from another request under the same key.
    """

    number: str
    key: str
    fingerprint: str
    body: Mapping[str, Any]
    at: datetime
    decide: Callable[[Case], Change]
    attachment: Attachment | None = None


@dataclass(frozen=True, slots=True)
class Acted:
    """The first event that the action appended, now or (`fresh` False) earlier under the same key."""

    event: Event
    attachment: Attachment | None
    fresh: bool


@dataclass(frozen=True, slots=True)
class TicketQuery:
    """Filters joined by AND; None means any. `before` is the id of the last line of the page before.

    `unit_id` is the responsible unit, or before the dispatch the proposed one; `concerns` any unit that has or had an
    order or a task; `overdue` compares the time limit with `now`; `text` is looked for in the summary.
    """

    state: State | None = None
    channel: Channel | None = None
    kind: RequestKind | None = None
    level: int | None = None
    special: str | None = None
    area: str | None = None
    flag: str | None = None
    supervised: bool | None = None
    overdue: bool | None = None
    text: str | None = None
    now: datetime | None = None
    concerns: str | None = None
    category_l1: str | None = None
    unit: str | None = None
    unit_id: str | None = None
    caller_tail: str | None = None
    call_id: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    before: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Similar:
    """An open ticket that may be the same matter, and why: the same caller, or the same problem in the same area."""

    ticket: TicketSummary
    same_caller: bool
    same_matter: bool


class Health(StrEnum):
    OK = "ok"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StoreHealth:
    health: Health
    reason: str = ""


class TicketStore(Protocol):
    """Raises StoreUnavailable (busy, full) or StoreFailed (damaged, missing) from every method."""

    async def create(self, new: NewTicket) -> Created:
        """Durable when it returns. Raises KeyReused, NumberTaken, CallRequestTaken, each after keeping both bodies."""
        ...

    async def act(self, action: Action) -> Acted:
        """Durable when it returns. Raises TicketNotFound, KeyReused and whatever `decide` raises."""
        ...

    async def get(self, number: str) -> TicketRecord | None: ...

    async def search(self, query: TicketQuery) -> list[TicketSummary]:
        """Newest first, at most `limit`."""
        ...

    async def similar(self, number: str, since: datetime, limit: int) -> list[Similar]:
        """Open tickets since then that may be the same matter, newest first; none for an unknown number."""
        ...

    async def health(self) -> StoreHealth: ...


@dataclass(frozen=True, slots=True)
class StoredToken:
    """A token as kept: `digest` is the SHA-256 of the secret, never the secret."""

    id: str
    name: str
    role: Role
    digest: str
    created_at: datetime
    revoked_at: datetime | None = None
    unit_id: str | None = None
    """The unit that a unit's token acts for."""


@dataclass(frozen=True, slots=True)
class DueWork:
    """A step of a clock's ladder that is due: of the ticket `number`, its deadline `deadline`."""

    number: str
    deadline: int
    kind: DeadlineKind
    rung: Rung
    due_at: datetime
    state: State


class DeadlineStore(Protocol):
    async def due(self, now: datetime, limit: int) -> list[DueWork]:
        """Steps whose time has come, the longest waiting first."""
        ...


class ReferenceStore(Protocol):
    """What tickets refer to: the directory of units and the working calendar. Imports are whole or not at all."""

    async def units(self) -> list[Unit]:
        """Every unit with its people, by id."""
        ...

    async def put_units(self, units: Sequence[Unit], *, replace: bool) -> None:
        """Adds or replaces these units with their people; `replace` takes all others out of service."""
        ...

    async def years(self) -> list[CalendarYear]: ...

    async def put_years(self, years: Sequence[CalendarYear], at: datetime, *, replace: bool) -> None:
        """Adds years; `replace` says whether a year that is known already is replaced or left as it is."""
        ...


class TokenStore(Protocol):
    async def put_token(self, token: StoredToken) -> None:
        """Adds the token, or replaces the one with the same id."""
        ...

    async def token(self, token_id: str) -> StoredToken | None: ...

    async def tokens(self) -> list[StoredToken]:
        """Every token, revoked ones too, the oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class StoredFile:
    sha256: str
    bytes: int


class FileStore(Protocol):
    """Files named by the SHA-256 of what is in them."""

    async def receive(self, chunks: AsyncIterator[bytes], sha256: str, limit: int) -> StoredFile:
        """Keeps the stream, durable when it returns. Raises TooLarge, DigestMismatch, StoreUnavailable."""
        ...

    async def verified(self, sha256: str) -> Path:
        """The path of the file after its bytes were checked. Raises AttachmentNotFound, AttachmentAltered."""
        ...
