"""The bodies of `POST /tickets/{number}/events`: one for each verb, told apart by `verb`, each with its command.

`unit_id` on the verbs of a handling unit names the unit for which an operator acts; a unit's own token may leave it
out.
"""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, RootModel

from tickets.api.fields import NO_NUL, Body, Moment, UnitId
from tickets.domain import commands
from tickets.domain.ids import NUMBER_PATTERN
from tickets.domain.life import LinkKind, Rung
from tickets.domain.states import Verb

Words = Annotated[str, Field(min_length=1, max_length=8000, pattern=NO_NUL)]
Name = Annotated[str, Field(min_length=1, max_length=64, pattern=NO_NUL)]
Units = Annotated[list[UnitId], Field(min_length=1, max_length=20)]
Echo = Literal["phone", "in-person", "written", "sms", "online"]
"""How the caller was reached (三次回音: by telephone, in person or in writing)."""


class VerbBody(Body):
    def command(self) -> commands.Command:
        """The command with lists as tuples."""
        values = {name: _value(getattr(self, name)) for name in type(self).model_fields if name != "verb"}
        kind: Any = commands.COMMANDS[Verb(self.verb)]  # type: ignore[attr-defined]  # every body of the union has it
        made: commands.Command = kind(**values)
        return made


class Review(VerbBody):
    """Accept or reject a request that came by web or mail. A rejection needs its reason."""

    verb: Literal["review"]
    accept: bool
    reason: Words | None = None


class HandOver(VerbBody):
    """Give an enquiry to a unit that calls the caller back within ten minutes; `receiver` took it there."""

    verb: Literal["hand-over"]
    unit_id: UnitId
    receiver: Name


class CallBack(VerbBody):
    verb: Literal["call-back"]
    person: Name
    answered: bool
    text: Words


class FollowUp(VerbBody):
    """The hotline asks the caller after the call-back: satisfied closes, not satisfied leads to a dispatch."""

    verb: Literal["follow-up"]
    satisfied: bool
    comment: Words | None = None


class Dispatch(VerbBody):
    """Order a unit to handle the ticket; `joint` units get the order too, with clocks of their own (双派)."""

    verb: Literal["dispatch"]
    unit_id: UnitId
    joint: list[UnitId] = Field(default_factory=list, max_length=20)
    comment: Words | None = None


class Sign(VerbBody):
    """Sign in (签收): `handler` answers for the ticket from now on."""

    verb: Literal["sign"]
    handler: Name
    unit_id: UnitId | None = None


class Object(VerbBody):
    verb: Literal["object"]
    reason: Words
    proposed_unit_id: UnitId | None = None
    unit_id: UnitId | None = None


class DecideObjection(VerbBody):
    """Upheld, the ticket goes to `new_unit_id`; dismissed, it stays where it is."""

    verb: Literal["decide-objection"]
    uphold: bool
    new_unit_id: UnitId | None = None
    comment: Words | None = None


class Contact(VerbBody):
    """First echo: the caller knows who handles the request and by when; `confirmed` is the request as re-confirmed."""

    verb: Literal["contact"]
    channel: Echo
    person: Name
    confirmed: Words
    promised_by: Moment | None = None
    unit_id: UnitId | None = None


class Start(VerbBody):
    verb: Literal["start"]
    comment: Words | None = None
    unit_id: UnitId | None = None


class Extend(VerbBody):
    """Ask for more time. Nothing changes before it is approved."""

    verb: Literal["extend"]
    until: Moment
    reason: Words
    unit_id: UnitId | None = None


class DecideExtension(VerbBody):
    verb: Literal["decide-extension"]
    approve: bool
    comment: Words | None = None


class PutOnLedger(VerbBody):
    """What cannot be done yet goes on the tracking ledger (未结事项)."""

    verb: Literal["ledger"]
    reason: Words


class ReviewLedger(VerbBody):
    verb: Literal["review-ledger"]
    comment: Words


class StrikeOff(VerbBody):
    """Strike off (销号): it can be done now, and the handling time begins anew."""

    verb: Literal["strike-off"]
    result: Words


class AnswerCaller(VerbBody):
    """Second echo: what the caller was told. On a ticket that was just accepted: answered on the spot, and closed."""

    verb: Literal["answer"]
    channel: Echo
    person: Name
    text: Words
    unit_id: UnitId | None = None


class Complete(VerbBody):
    """The unit's own report; what it believes of the caller is kept apart from the hotline's visit."""

    verb: Literal["complete"]
    result: Words
    resolved: bool
    satisfied: bool | None = None
    unit_id: UnitId | None = None


class Visit(VerbBody):
    """Third echo: the hotline's return visit (回访). A caller who was reached is asked all four questions."""

    verb: Literal["visit"]
    reached: bool
    channel: Echo = "phone"
    contacted: bool | None = None
    answered: bool | None = None
    resolved: bool | None = None
    satisfied: bool | None = None
    comment: Words | None = None


class Reopen(VerbBody):
    verb: Literal["reopen"]
    reason: Words


class Escalate(VerbBody):
    verb: Literal["escalate"]
    reason: Words


class Conclude(VerbBody):
    """The joint meeting's conclusion, as the caller was told it; closes the ticket."""

    verb: Literal["conclude"]
    channel: Echo
    person: Name
    text: Words


class Reassign(VerbBody):
    verb: Literal["reassign"]
    unit_id: UnitId
    reason: Words


class Merge(VerbBody):
    """The request repeats the ticket `into` and is handled with it."""

    verb: Literal["merge"]
    into: Annotated[str, Field(pattern=NUMBER_PATTERN)]
    reason: Words | None = None


class Link(VerbBody):
    """`group`: one matter of many callers; `added-to`: the caller added to that ticket; `related`: anything else."""

    verb: Literal["link"]
    other: Annotated[str, Field(pattern=NUMBER_PATTERN)]
    kind: Literal["group", "added-to", "related"]

    def command(self) -> commands.Command:
        return commands.AddLink(self.other, LinkKind(self.kind))


class Whistle(VerbBody):
    """The street calls departments in (吹哨报到); each gets a task with a time of its own."""

    verb: Literal["whistle"]
    units: Units
    task: Words
    unit_id: UnitId | None = None


class ReportIn(VerbBody):
    verb: Literal["report-in"]
    person: Name
    unit_id: UnitId | None = None


class FinishTask(VerbBody):
    verb: Literal["finish-task"]
    result: Words
    unit_id: UnitId | None = None


class Assist(VerbBody):
    verb: Literal["assist"]
    helper_id: UnitId
    reason: Words


class Supervise(VerbBody):
    verb: Literal["supervise"]
    text: Words


class Expose(VerbBody):
    verb: Literal["expose"]
    text: Words


class Urge(VerbBody):
    verb: Literal["urge"]
    rung: Literal["urge", "written-urge", "criticism"] = "urge"
    text: Words | None = None

    def command(self) -> commands.Command:
        return commands.Urge(Rung(self.rung), self.text)


class RecordSite(VerbBody):
    """Somebody went and looked: who, when, with which result."""

    verb: Literal["record-site"]
    people: Annotated[list[Name], Field(min_length=1, max_length=50)]
    visited_at: Moment
    result: Words
    unit_id: UnitId | None = None


class Mark(VerbBody):
    """Themes for the assessment, which replace the present ones, and whether many are concerned (群体性)."""

    verb: Literal["mark"]
    themes: Annotated[list[Name], Field(max_length=20)]
    group: bool = False


class Note(VerbBody):
    verb: Literal["note"]
    text: Words

    def command(self) -> commands.Command:
        return commands.Note(self.text)


AnyVerb = Annotated[
    Review
    | HandOver
    | CallBack
    | FollowUp
    | Dispatch
    | Sign
    | Object
    | DecideObjection
    | Contact
    | Start
    | Extend
    | DecideExtension
    | PutOnLedger
    | ReviewLedger
    | StrikeOff
    | AnswerCaller
    | Complete
    | Visit
    | Reopen
    | Escalate
    | Conclude
    | Reassign
    | Merge
    | Link
    | Whistle
    | ReportIn
    | FinishTask
    | Assist
    | Supervise
    | Expose
    | Urge
    | RecordSite
    | Mark
    | Note,
    Discriminator("verb"),
]


class EventCreate(RootModel[AnyVerb]):
    """One verb of the lifecycle. Which are possible now is in `allowed` of the ticket and of a refusal."""

    def command(self) -> commands.Command:
        return self.root.command()


def _value(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
