"""What is answered about one ticket, its events and files, about the service, and in refusals."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AwareDatetime, ConfigDict, Field, TypeAdapter
from typing_extensions import TypedDict  # pydantic reads no other one before Python 3.12

from tickets.api.bodies import Call, Caller, Category, Emergency, Place, Utterance
from tickets.api.fields import Answer, ticket_url
from tickets.domain import ticket as domain
from tickets.domain.history import Event, broken_at
from tickets.domain.ids import NUMBER_PATTERN
from tickets.domain.life import Life
from tickets.domain.roles import Permission, Principal, Role, mask_number
from tickets.domain.states import State, Verb, allowed


class AttachmentOut(Answer):
    id: str
    kind: str
    media_type: str
    bytes: int
    sha256: str
    url: str

    @classmethod
    def of(cls, number: str, attachment: domain.Attachment) -> Self:
        return cls(
            id=attachment.id,
            kind=attachment.kind,
            media_type=attachment.media_type,
            bytes=attachment.bytes,
            sha256=attachment.sha256,
            url=f"{ticket_url(number)}/attachments/{attachment.id}",
        )


class EventOut(Answer):
    """`hash` is SHA-256 over canonical JSON of ticket, seq, verb, state, at (UTC, with microseconds), actor,
    data_sha256 (that of the data's canonical JSON, or what `erased` says once the words are erased) and previous."""

    seq: int
    verb: Verb
    state: State
    at: AwareDatetime
    actor: str
    data: dict[str, Any]
    previous: str
    hash: str

    @classmethod
    def of(cls, event: Event) -> Self:
        return cls.model_validate(event)


class Links(Answer):
    self: str
    events: str
    attachments: str


class TicketOut(Answer):
    """The ticket as it is now. `caller.number` is masked for roles that do not speak with callers; a unit sees it once
    it has signed for the ticket, unless the caller asked for confidence.

    `allowed` has the verbs that the state takes, `life` the orders, clocks, visits and so on. `history_whole` says
    whether every event fits the hash of the one before; if not, `history_broken_at` is the first that does not.
    """

    number: Annotated[str, Field(pattern=NUMBER_PATTERN)]
    channel: domain.Channel
    source_line: str
    call: Call | None
    request_index: int
    kind: domain.RequestKind
    category: Category
    confidence: float | None
    unit: str | None
    unit_id: str | None
    places: list[Place]
    level: int
    summary: str
    transcript: list[Utterance]
    emergency: Emergency | None
    caller: Caller
    completeness: domain.Completeness
    reasons: list[str]
    note: str | None
    joint_unit_ids: list[str]
    state: State
    allowed: list[str]
    due_at: AwareDatetime | None
    created_at: AwareDatetime
    updated_at: AwareDatetime
    life: Life
    attachments: list[AttachmentOut]
    history: list[EventOut]
    history_whole: bool
    history_broken_at: int | None
    links: Links

    @classmethod
    def of(cls, record: domain.TicketRecord, who: Principal) -> Self:
        return cls(**_shown(record, who, domain.draft_json(record.draft), broken_at(record.number, record.history)))


class _Fresh(TypedDict):
    """The fields of `TicketOut` that are printed faster when it is known beforehand what they are."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]  # pydantic's own way to configure one

    life: Life
    history: tuple[Event, ...]


_FRESH: Final = TypeAdapter(_Fresh)


def fresh_answer(record: domain.TicketRecord, who: Principal, draft: Mapping[str, Any]) -> bytes:
    """What `TicketOut` prints of a ticket that was sealed this moment; `draft` is its draft as plain JSON values. Its
    chain need not be verified against itself, nor need what the service itself has just made be checked field by
    field: under load that is a tenth of a request's cost."""
    return _FRESH.dump_json(_shown(record, who, draft, None))  # type: ignore[arg-type]  # the other fields are extra


def _shown(record: domain.TicketRecord, who: Principal, draft: Mapping[str, Any], broken: int | None) -> dict[str, Any]:
    """The fields of `TicketOut`, in its order."""
    number, caller, call = record.number, record.draft.caller, record.draft.call
    url = ticket_url(number)
    shown = caller.number
    if not who.may(Permission.READ_CALLER) and (caller.confidential or not _has_signed(record.life, who)):
        shown = None if caller.confidential else mask_number(caller.number)
    return {
        **draft,
        "number": number,
        "call": {**draft["call"], "started_at": call.started_at} if call is not None else None,
        "caller": {"number": shown, "confidential": caller.confidential},
        "joint_unit_ids": record.draft.joint_unit_ids,
        "state": record.state,
        "allowed": allowed(record.state, joint=record.life.shared),
        "due_at": record.life.due_at,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "life": record.life,
        "attachments": [AttachmentOut.of(number, each) for each in record.attachments],
        "history": record.history,
        "history_whole": broken is None,
        "history_broken_at": broken,
        "links": {"self": url, "events": f"{url}/events", "attachments": f"{url}/attachments"},
    }


class HealthOut(Answer):
    health: Literal["ok", "failed"]
    reason: str


class FieldProblem(Answer):
    """`pointer` is a JSON Pointer (RFC 6901) into the body, or the name of a query field. Never repeats the value."""

    pointer: str
    message: str


class Problem(Answer):
    """RFC 9457. `code` is stable; switch on it, not on the words. `allowed` has the verbs that the state takes."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    number: str | None = None
    allowed: list[str] | None = None
    errors: list[FieldProblem] | None = None


def _has_signed(life: Life, who: Principal) -> bool:
    """Must this unit's people be able to call the caller?"""
    if who.role is not Role.UNIT or who.unit_id is None:
        return False
    order = life.order_of(who.unit_id)
    return order is not None and order.signed_at is not None
