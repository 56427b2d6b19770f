"""A request as it is sent, and how it becomes domain values. What is not declared here is refused."""

from datetime import UTC
from typing import Annotated

from pydantic import Field

from tickets.api.fields import NO_NUL, Body, Moment, Seconds, Share, Short, Text, UnitId
from tickets.domain import ticket as domain
from tickets.domain.ids import NUMBER_PATTERN


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
    alternatives: list[Text] = Field(default=[], max_length=20)
    corrections: list[Correction] = Field(default=[], max_length=100)

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
    places: list[Place] = Field(default=[], max_length=20)
    level: Annotated[int, Field(ge=1, le=4)]
    summary: Text
    transcript: list[Utterance] = Field(default=[], max_length=1000)
    emergency: Emergency | None = None
    caller: Caller
    completeness: domain.Completeness
    reasons: list[Text] = Field(default=[], max_length=50)
    note: Text | None = None
    joint_unit_ids: list[UnitId] = Field(default=[], max_length=20)


class TicketCreate(TicketFields):
    """A request to be taken. Without `number` the service gives one of its own node 00.

    `unit_id` is the unit that shall be responsible, `joint_unit_ids` those that get the order with it, with clocks of
    their own (双派): at once when the request is dispatched as it comes, as a proposal to the dispatcher otherwise.
    """

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
            joint_unit_ids=tuple(self.joint_unit_ids),
        )
