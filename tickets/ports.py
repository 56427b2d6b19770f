"""What the service needs from the world: a ticket store, a file store, tokens, a clock. Stores implement these.

Writes are whole operations, not sessions: an adapter is free to put many of them into one durable commit. Every write
is safe to repeat, because uniqueness is the store's constraint and never a look before the insert (F21, F22).
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from tickets.domain.history import Event
from tickets.domain.roles import Role
from tickets.domain.states import State
from tickets.domain.ticket import Attachment, TicketDraft, TicketHead, TicketRecord, TicketSummary


class Clock(Protocol):
    def now(self) -> datetime:
        """Wall time, aware, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds for measuring durations; never steps."""
        ...


@dataclass(frozen=True, slots=True)
class NewTicket:
    """A creation. `body` is the draft as plain JSON values, `fingerprint` that body's; `actor` the token's name."""

    id: str
    key: str
    fingerprint: str
    draft: TicketDraft
    body: Mapping[str, Any]
    at: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class Created:
    """`fresh` is False when the key and body were seen before: then `record` is the ticket as it is now."""

    record: TicketRecord
    fresh: bool


@dataclass(frozen=True, slots=True)
class Action:
    """A move of a ticket: `decide` gets the locked head and returns the sealed next event, or raises a TicketError.

    `decide` may run more than once, so it must be pure. `key` makes the action repeatable; `fingerprint` tells a
    repetition from another request under the same key.
    """

    number: str
    key: str
    fingerprint: str
    body: Mapping[str, Any]
    at: datetime
    decide: Callable[[TicketHead], Event]
    attachment: Attachment | None = None


@dataclass(frozen=True, slots=True)
class Acted:
    """The event that the action appended, now or (`fresh` False) earlier under the same key."""

    event: Event
    attachment: Attachment | None
    fresh: bool


@dataclass(frozen=True, slots=True)
class TicketQuery:
    """Filters joined by AND; None means any. `before` is the id of the last line of the page before."""

    state: State | None = None
    category_l1: str | None = None
    unit: str | None = None
    unit_id: str | None = None
    caller_tail: str | None = None
    call_id: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    before: str | None = None
    limit: int = 50


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


class TokenStore(Protocol):
    async def put_token(self, token: StoredToken) -> None:
        """Adds the token, or replaces the one with the same id."""
        ...

    async def token(self, token_id: str) -> StoredToken | None: ...


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
