"""Lists of tickets: what they are asked by and what a line of them says."""

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from tickets.api.bodies import Category
from tickets.api.fields import NO_NUL, Answer, Moment, Short, ticket_url
from tickets.domain import ticket as domain
from tickets.domain.states import State


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
