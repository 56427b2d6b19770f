"""JSON bodies in and out, and how they become domain values. What is not declared here is refused."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from tickets.domain import ticket as domain
from tickets.domain.history import Event, broken_at
from tickets.domain.ids import NUMBER_PATTERN
from tickets.domain.life import Life
from tickets.domain.roles import Permission, Principal, Role, mask_number
from tickets.domain.states import State, Verb, allowed

NO_NUL = r"^[^\x00]*$"
"""PostgreSQL's text cannot hold U+0000, and nobody says it."""

Short = Annotated[str, Field(max_length=128, pattern=NO_NUL)]
Text = Annotated[str, Field(max_length=8000, pattern=NO_NUL)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, le=86400, allow_inf_nan=False)]


def _in_our_time(at: datetime) -> datetime:
    """Times at the ends of the calendar cannot be put into UTC, and no request is about them."""
    if not _FIRST_YEAR <= at.year <= _LAST_YEAR:
        raise ValueError(f"expected a time from {_FIRST_YEAR} to {_LAST_YEAR}")
    return at.astimezone(UTC)


# A machine whose clock was never set says 1970; its requests are taken all the same.
_FIRST_YEAR, _LAST_YEAR = 1970, 2200
Moment = Annotated[AwareDatetime, AfterValidator(_in_our_time)]
"""A time with an offset, as UTC."""


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True)


class Call(Body):
    id: Annotated[str, Field(min_length=1, max_length=64, pattern=NO_NUL)]
    linkedid: Annotated[str, Field(max_length=64, pattern=NO_NUL)] | None = None
    started_at: Moment
    node: Annotated[int, Field(ge=0, le=99)]


class Category(Body):
    l1: Annotated[str, Field(max_length=64, pattern=NO_NUL)] | None
    l2: Annotated[str, Field(max_length=64, pattern=NO_NUL)] | None
    problem: Short | None


class Place(Body):
    id: Short
    name: Short
    kind: Short
    text: Short
    score: Annotated[float, Field(ge=0, allow_inf_nan=False, le=1000)]


class Correction(Body):
    """A word of the hotline's own that was preferred to what only sounded like it; `at` counts characters of `text`."""

    at: Annotated[int, Field(ge=0, le=100_000)]
    before: Short
    after: Short
    score: Share


class Utterance(Body):
    text: Text
    start: Seconds
    end: Seconds
    confidence: Share | None = None
    alternatives: Annotated[list[Text], Field(max_length=20)] = []
    corrections: Annotated[list[Correction], Field(max_length=100)] = []

    def spoken(self) -> domain.Utterance:
        return domain.Utterance(
            self.text,
            self.start,
            self.end,
            self.confidence,
            tuple(self.alternatives),
            tuple(domain.Correction(each.at, each.before, each.after, each.score) for each in self.corrections),
        )


class Emergency(Body):
    level: domain.EmergencyLevel
    kind: Short
    service: Short
    span: Text
    reasons: Annotated[list[Text], Field(max_length=50)]


class Caller(Body):
    number: Annotated[str, Field(max_length=64, pattern=NO_NUL)] | None
    confidential: bool


class TicketFields(Body):
    """What is common to the request and the answer."""

    channel: domain.Channel
    source_line: Annotated[str, Field(min_length=1, max_length=32, pattern=NO_NUL)]
    call: Call | None = None
    request_index: Annotated[int, Field(ge=1, le=99)] = 1
    kind: domain.RequestKind
    category: Category
    confidence: Share | None = None
    unit: Short | None = None
    unit_id: Annotated[str, Field(max_length=64, pattern=NO_NUL)] | None = None
    places: Annotated[list[Place], Field(max_length=20)] = []
    level: Annotated[int, Field(ge=1, le=4)]
    summary: Text
    transcript: Annotated[list[Utterance], Field(max_length=1000)] = []
    emergency: Emergency | None = None
    caller: Caller
    completeness: domain.Completeness
    reasons: Annotated[list[Text], Field(max_length=50)] = []
    note: Text | None = None


class TicketCreate(TicketFields):
    """A request to be taken. Without `number` the service gives one of its own node 00."""

    number: Annotated[str, Field(pattern=NUMBER_PATTERN)] | None = None

    def draft(self) -> domain.TicketDraft:
        call = self.call
        emergency = self.emergency
        return domain.TicketDraft(
            number=self.number,
            channel=self.channel,
            source_line=self.source_line,
            call=domain.Call(call.id, call.linkedid, call.started_at.astimezone(UTC), call.node) if call else None,
            request_index=self.request_index,
            kind=self.kind,
            category=domain.Category(self.category.l1, self.category.l2, self.category.problem),
            confidence=self.confidence,
            unit=self.unit,
            unit_id=self.unit_id,
            places=tuple(domain.Place(each.id, each.name, each.kind, each.text, each.score) for each in self.places),
            level=self.level,
            summary=self.summary,
            transcript=tuple(each.spoken() for each in self.transcript),
            emergency=domain.Emergency(
                emergency.level, emergency.kind, emergency.service, emergency.span, tuple(emergency.reasons)
            )
            if emergency
            else None,
            caller=domain.Caller(self.caller.number, self.caller.confidential),
            completeness=self.completeness,
            reasons=tuple(self.reasons),
            note=self.note,
        )


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
    def of(cls, record: domain.TicketRecord, who: Principal, fresh: Mapping[str, Any] | None = None) -> Self:
        """`fresh` is the draft of a ticket that was sealed this moment, as plain JSON values: its chain need not be
        verified against itself."""
        number = record.number
        url = ticket_url(number)
        value = domain.draft_json(record.draft) if fresh is None else dict(fresh)
        caller, call = record.draft.caller, record.draft.call
        value["caller"] = {"number": caller.number, "confidential": caller.confidential}
        if call is not None:
            value["call"] = {**value["call"], "started_at": call.started_at}
        broken = broken_at(number, record.history) if fresh is None else None
        if not who.may(Permission.READ_CALLER) and (caller.confidential or not _has_signed(record.life, who)):
            value["caller"]["number"] = None if caller.confidential else mask_number(caller.number)
        return cls(
            **value,
            state=record.state,
            allowed=list(allowed(record.state, joint=record.life.shared)),
            due_at=record.life.due_at,
            created_at=record.created_at,
            updated_at=record.updated_at,
            life=record.life,
            history_whole=broken is None,
            history_broken_at=broken,
            attachments=[AttachmentOut.of(number, each) for each in record.attachments],
            history=[EventOut.of(each) for each in record.history],
            links=Links(self=url, events=f"{url}/events", attachments=f"{url}/attachments"),
        )


class TicketLine(Answer):
    """A line of the list: no caller, no transcript, no history."""

    number: str
    state: State
    channel: domain.Channel
    kind: domain.RequestKind
    category: Category
    unit: str | None
    unit_id: str | None
    area: str | None
    level: int
    special: str | None
    supervised: bool
    due_at: AwareDatetime | None
    round: int
    summary: str
    completeness: domain.Completeness
    emergency_level: domain.EmergencyLevel
    call_id: str | None
    created_at: AwareDatetime
    updated_at: AwareDatetime
    url: str

    @classmethod
    def of(cls, line: domain.TicketSummary) -> Self:
        category = Category(l1=line.category.l1, l2=line.category.l2, problem=line.category.problem)
        names = (name for name in cls.model_fields if name not in ("category", "url"))
        values = {name: getattr(line, name) for name in names}
        return cls(**values, category=category, url=ticket_url(line.number))


class TicketPage(Answer):
    """`next` is the cursor of the next page, null on the last."""

    items: list[TicketLine]
    next: str | None


class SimilarOut(Answer):
    """Why a ticket is proposed: the same caller, or the same problem in the same area."""

    ticket: TicketLine
    same_caller: bool
    same_matter: bool


class SimilarList(Answer):
    """Open tickets that this one may repeat, newest first. Merge it (`merge`) or link it (`link`, added-to)."""

    items: list[SimilarOut]


class SimilarQuery(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Annotated[int, Field(ge=1, le=50)] = 10


class ListQuery(BaseModel):
    """Filters, joined by AND. Times are ISO 8601 with an offset; `created_to` is exclusive.

    `unit` and `unit_id` are the responsible unit, `concerns` any unit with an order or a task; `area` is a place's id
    or name, `special` a special list, `flag` a mark such as 日历缺失, `text` words of the summary.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: State | None = None
    channel: domain.Channel | None = None
    kind: domain.RequestKind | None = None
    level: Annotated[int, Field(ge=1, le=4)] | None = None
    special: Annotated[str, Field(max_length=32, pattern=NO_NUL)] | None = None
    area: Short | None = None
    flag: Annotated[str, Field(max_length=32, pattern=NO_NUL)] | None = None
    supervised: bool | None = None
    overdue: bool | None = None
    text: Annotated[str, Field(min_length=1, max_length=64, pattern=NO_NUL)] | None = None
    concerns: Annotated[str, Field(max_length=64, pattern=NO_NUL)] | None = None
    category: Annotated[str, Field(max_length=64, pattern=NO_NUL)] | None = None
    unit: Short | None = None
    unit_id: Annotated[str, Field(max_length=64, pattern=NO_NUL)] | None = None
    caller_tail: Annotated[str, Field(pattern=r"^[0-9]{4}$")] | None = None
    call_id: Annotated[str, Field(max_length=64, pattern=NO_NUL)] | None = None
    created_from: Moment | None = None
    created_to: Moment | None = None
    cursor: Annotated[str, Field(max_length=128)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class AttachmentQuery(BaseModel):
    """What the file is; without it audio is a recording (of the call), a picture an image, all else a document.

    A `message` is what a caller left when nobody was there to talk to.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["recording", "message", "image", "document"] | None = None


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


def ticket_url(number: str) -> str:
    return f"/api/v1/tickets/{number}"


def _has_signed(life: Life, who: Principal) -> bool:
    """Must this unit's people be able to call the caller?"""
    if who.role is not Role.UNIT or who.unit_id is None:
        return False
    order = life.order_of(who.unit_id)
    return order is not None and order.signed_at is not None
