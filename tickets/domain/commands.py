"""What can be asked of a ticket: one value for each verb of the lifecycle, with what that verb needs to be told.

`unit_id` on the verbs of a handling unit names the unit that acts; a unit's own token always acts for its own unit.
Times are aware. `data_of` gives a command as the plain JSON that the history keeps.
"""

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, ClassVar

from tickets.domain.life import LinkKind, Rung
from tickets.domain.states import Verb


class Command:
    """The base of all commands: it names the verb."""

    __slots__ = ()
    verb: ClassVar[Verb]


@dataclass(frozen=True, slots=True)
class Review(Command):
    verb = Verb.REVIEW
    accept: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class HandOver(Command):
    """An enquiry goes to a unit that shall call the caller back; `receiver` is who took it there."""

    verb = Verb.HAND_OVER
    unit_id: str
    receiver: str


@dataclass(frozen=True, slots=True)
class ReportCallBack(Command):
    verb = Verb.CALL_BACK
    person: str
    answered: bool
    text: str


@dataclass(frozen=True, slots=True)
class FollowUp(Command):
    verb = Verb.FOLLOW_UP
    satisfied: bool
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Dispatch(Command):
    """`joint` are further units that get the order too (双派)."""

    verb = Verb.DISPATCH
    unit_id: str
    joint: tuple[str, ...] = ()
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Sign(Command):
    verb = Verb.SIGN
    handler: str
    unit_id: str | None = None


@dataclass(frozen=True, slots=True)
class Object(Command):
    verb = Verb.OBJECT
    reason: str
    proposed_unit_id: str | None = None
    unit_id: str | None = None


@dataclass(frozen=True, slots=True)
class DecideObjection(Command):
    """`new_unit_id` is needed when the objection is upheld: responsibility is never empty."""

    verb = Verb.DECIDE_OBJECTION
    uphold: bool
    new_unit_id: str | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Contact(Command):
    """The first echo: the unit has spoken with the caller, confirmed the request, said who handles it and by when."""

    verb = Verb.CONTACT
    channel: str
    person: str
    confirmed: str
    promised_by: datetime | None = None
    unit_id: str | None = None


@dataclass(frozen=True, slots=True)
class Start(Command):
    verb = Verb.START
    comment: str | None = None
    unit_id: str | None = None


@dataclass(frozen=True, slots=True)
class Extend(Command):
    verb = Verb.EXTEND
    until: datetime
    reason: str
    unit_id: str | None = None


@dataclass(frozen=True, slots=True)
class DecideExtension(Command):
    verb = Verb.DECIDE_EXTENSION
    approve: bool
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class PutOnLedger(Command):
    verb = Verb.LEDGER
    reason: str


@dataclass(frozen=True, slots=True)
class ReviewLedger(Command):
    verb = Verb.REVIEW_LEDGER
    comment: str


@dataclass(frozen=True, slots=True)
class StrikeOff(Command):
    verb = Verb.STRIKE_OFF
    result: str


@dataclass(frozen=True, slots=True)
class Answer(Command):
    """The second echo: what the caller was told, how, and by whom."""

    verb = Verb.ANSWER
    channel: str
    person: str
    text: str
    unit_id: str | None = None


@dataclass(frozen=True, slots=True)
class Complete(Command):
    """The unit's own report; `satisfied` is what the unit believes of the caller."""

    verb = Verb.COMPLETE
    result: str
    resolved: bool
    satisfied: bool | None = None
    unit_id: str | None = None


@dataclass(frozen=True, slots=True)
class FallDue(Command):
    verb = Verb.FALL_DUE
    deadline: int
    rung: Rung


@dataclass(frozen=True, slots=True)
class ReportVisit(Command):
    """The third echo: the hotline's own call. The answers are needed when the caller was reached."""

    verb = Verb.VISIT
    reached: bool
    channel: str
    contacted: bool | None = None
    answered: bool | None = None
    resolved: bool | None = None
    satisfied: bool | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Reopen(Command):
    verb = Verb.REOPEN
    reason: str


@dataclass(frozen=True, slots=True)
class Escalate(Command):
    verb = Verb.ESCALATE
    reason: str


@dataclass(frozen=True, slots=True)
class Conclude(Command):
    """What the joint meeting has decided and the caller was told."""

    verb = Verb.CONCLUDE
    channel: str
    person: str
    text: str


@dataclass(frozen=True, slots=True)
class Reassign(Command):
    verb = Verb.REASSIGN
    unit_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Merge(Command):
    """The request repeats another ticket and is handled with it; it keeps its own caller, who must be answered too."""

    verb = Verb.MERGE
    into: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class AddLink(Command):
    verb = Verb.LINK
    other: str
    kind: LinkKind


@dataclass(frozen=True, slots=True)
class Whistle(Command):
    """The street calls departments in (吹哨报到); each gets a task of its own."""

    verb = Verb.WHISTLE
    units: tuple[str, ...]
    task: str
    unit_id: str | None = None


@dataclass(frozen=True, slots=True)
class ReportIn(Command):
    verb = Verb.REPORT_IN
    person: str
    unit_id: str | None = None


@dataclass(frozen=True, slots=True)
class FinishTask(Command):
    verb = Verb.FINISH_TASK
    result: str
    unit_id: str | None = None


@dataclass(frozen=True, slots=True)
class Assist(Command):
    """Another unit shall help the responsible one."""

    verb = Verb.ASSIST
    helper_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Supervise(Command):
    """The ticket is put under supervision (督办)."""

    verb = Verb.SUPERVISE
    text: str


@dataclass(frozen=True, slots=True)
class Expose(Command):
    """The ticket goes on the exposure list (曝光)."""

    verb = Verb.EXPOSE
    text: str


@dataclass(frozen=True, slots=True)
class Urge(Command):
    """The unit is urged, by a person or (with `deadline`) by a clock; `rung` says how loudly."""

    verb = Verb.URGE
    rung: Rung = Rung.URGE
    text: str | None = None
    deadline: int | None = None


@dataclass(frozen=True, slots=True)
class RecordSite(Command):
    verb = Verb.RECORD_SITE
    people: tuple[str, ...]
    visited_at: datetime
    result: str
    unit_id: str | None = None


@dataclass(frozen=True, slots=True)
class Mark(Command):
    """Themes for the assessment (七有五性, 每月一题), and whether many are concerned (群体性)."""

    verb = Verb.MARK
    themes: tuple[str, ...]
    group: bool = False


@dataclass(frozen=True, slots=True)
class Note(Command):
    verb = Verb.NOTE
    note: str


COMMANDS: dict[Verb, type[Command]] = {
    kind.verb: kind
    for kind in (
        Review,
        HandOver,
        ReportCallBack,
        FollowUp,
        Dispatch,
        Sign,
        Object,
        DecideObjection,
        Contact,
        Start,
        Extend,
        DecideExtension,
        PutOnLedger,
        ReviewLedger,
        StrikeOff,
        Answer,
        Complete,
        FallDue,
        ReportVisit,
        Reopen,
        Escalate,
        Conclude,
        Reassign,
        Merge,
        AddLink,
        Whistle,
        ReportIn,
        FinishTask,
        Assist,
        Supervise,
        Expose,
        Urge,
        RecordSite,
        Mark,
        Note,
    )
}
"""Verb to command. `submit`, `accept` and `attach` are not here: taking a request and adding a file write them."""


def data_of(command: Command) -> dict[str, Any]:
    """The command as JSON values, without what was left out."""
    pairs = ((each.name, getattr(command, each.name)) for each in fields(command))  # type: ignore[arg-type]  # every command is a dataclass
    return {name: _plain(value) for name, value in pairs if value is not None and value != ()}


def moment(at: datetime) -> str:
    """A time as the history keeps it: UTC, with microseconds, whatever offset it came with."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return moment(value)
    return list(value) if isinstance(value, tuple) else value
