"""A request as it was taken (`TicketDraft`) and as it is kept (`TicketRecord`), with its caller, files and history."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from operator import attrgetter
from typing import Any, Final

from tickets.domain.history import Event
from tickets.domain.life import Life
from tickets.domain.states import State


class Channel(StrEnum):
    """How the request came. One pipeline serves them all."""

    PHONE = "phone"
    WEB = "web"
    SMS = "sms"
    WECHAT = "wechat"
    WEIBO = "weibo"
    TOUTIAO = "toutiao"
    APP = "app"
    MAIL = "mail"
    OPEN311 = "open311"
    MESSAGE_BOARD = "message-board"
    SUPERVISION = "supervision"
    TRANSFER = "transfer"


class RequestKind(StrEnum):
    COMPLAINT = "complaint"
    ENQUIRY = "enquiry"
    HELP = "help"
    REPORT = "report"
    SUGGESTION = "suggestion"
    PRAISE = "praise"


class Completeness(StrEnum):
    """How much of the request could be taken."""

    COMPLETE = "complete"
    INCOMPLETE_CALLBACK = "incomplete-callback"
    TRANSFERRED = "transferred"
    SILENT = "silent"
    FALLBACK = "fallback"
    EMERGENCY = "emergency"
    ANSWERED = "answered"
    """当场答复: answered on the spot, from the knowledge base."""


class EmergencyLevel(StrEnum):
    NONE = "none"
    POSSIBLE = "possible"
    CERTAIN = "certain"


@dataclass(frozen=True, slots=True)
class Call:
    """The telephone call. `id` is Asterisk's UNIQUEID on `node`; `started_at` is aware."""

    id: str
    linkedid: str | None
    started_at: datetime
    node: int


@dataclass(frozen=True, slots=True)
class Category:
    """Place in the national scheme; all None when the classifier abstained."""

    l1: str | None
    l2: str | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class Place:
    id: str
    name: str
    kind: str
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Correction:
    """At character `at` of the text, `before` was heard and `after` is believed; `score` 1 sounds exactly alike."""

    at: int
    before: str
    after: str
    score: float


@dataclass(frozen=True, slots=True)
class Utterance:
    """A stretch of the caller's speech; `start` and `end` in seconds from the start of the call's audio."""

    text: str
    start: float
    end: float
    confidence: float | None
    alternatives: tuple[str, ...]
    corrections: tuple[Correction, ...] = ()


@dataclass(frozen=True, slots=True)
class Emergency:
    level: EmergencyLevel
    kind: str
    service: str
    span: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Caller:
    """Personal data: kept apart from the ticket and never logged."""

    number: str | None
    confidential: bool


@dataclass(frozen=True, slots=True)
class TicketDraft:
    """A request as it was sent. `number` is None when the service shall give one."""

    number: str | None
    channel: Channel
    source_line: str
    call: Call | None
    request_index: int
    kind: RequestKind
    category: Category
    confidence: float | None
    unit: str | None
    unit_id: str | None
    places: tuple[Place, ...]
    level: int
    summary: str
    transcript: tuple[Utterance, ...]
    emergency: Emergency | None
    caller: Caller
    completeness: Completeness
    reasons: tuple[str, ...]
    note: str | None
    joint_unit_ids: tuple[str, ...] = ()
    """Units that get the order together with the responsible one (双派)."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a ticket. The bytes lie under their SHA-256 (hexadecimal)."""

    id: str
    kind: str
    media_type: str
    bytes: int
    sha256: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TicketHead:
    """What a move needs to know of a ticket: where it stands and where its chain ends."""

    id: str
    number: str
    state: State
    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class TicketRecord:
    """A ticket as kept. `draft.number` is always the ticket's number here."""

    id: str
    draft: TicketDraft
    state: State
    created_at: datetime
    updated_at: datetime
    attachments: tuple[Attachment, ...]
    history: tuple[Event, ...]
    life: Life = field(default_factory=Life)

    @property
    def number(self) -> str:
        return self.draft.number or ""


@dataclass(frozen=True, slots=True)
class TicketSummary:
    """A line of a list: no transcript, no history, no caller."""

    id: str
    number: str
    state: State
    channel: Channel
    kind: RequestKind
    category: Category
    unit: str | None
    level: int
    summary: str
    completeness: Completeness
    emergency_level: EmergencyLevel
    call_id: str | None
    created_at: datetime
    updated_at: datetime
    unit_id: str | None = None
    area: str | None = None
    special: str | None = None
    supervised: bool = False
    due_at: datetime | None = None
    round: int = 1


_AS_IT_IS: Final = frozenset({str, int, float, bool, type(None)})


def draft_json(draft: TicketDraft) -> dict[str, Any]:
    """The draft as plain JSON values, times in UTC: what is compared when an idempotency key comes again."""
    value: dict[str, Any] = _plain(draft)
    if not draft.joint_unit_ids:
        # So that a request which was sent before there was this field is still the same when it comes again.
        del value["joint_unit_ids"]
    return value


def _plain(value: Any) -> Any:
    """Not `dataclasses.asdict`: its deep copies were a third of the time of taking a ticket; nor `isinstance` for
    every field: most are of a few plain types, and each class's fields are looked up once."""
    kind = type(value)
    if kind in _AS_IT_IS:
        return value
    if kind is tuple:
        return [each if type(each) in _AS_IT_IS else _plain(each) for each in value]
    if kind is datetime:
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, str):
        return value
    names, fields = _shape(kind)  # type: ignore[arg-type]  # every class is hashable
    return {
        name: each if type(each) in _AS_IT_IS else _plain(each) for name, each in zip(names, fields(value), strict=True)
    }


@cache
def _shape(kind: Hashable) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """A value's field names and what reads them all. Every value here has more than one field."""
    names: tuple[str, ...] = getattr(kind, "__slots__", ())
    return names, attrgetter(*names)
