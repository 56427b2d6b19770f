"""Every move of a ticket: the table says whether it may be made, the verb's rule what comes of it, and this module
seals it into the history. Nothing closes without an answer to the caller and a person who answers for it (TK-6)."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from tickets.domain import commands as c
from tickets.domain import handling, intake, orders
from tickets.domain.case import Case, Change, Desk, Step, refuse, stop_clocks
from tickets.domain.errors import IllegalMove
from tickets.domain.history import seal
from tickets.domain.life import Life
from tickets.domain.states import ENDED, State, Verb, allowed, step
from tickets.domain.ticket import TicketHead

_Rule = Callable[[Case, Any, Desk], Step]

RULES: Final[Mapping[Verb, _Rule]] = {
    Verb.REVIEW: intake.review,
    Verb.HAND_OVER: intake.hand_over,
    Verb.CALL_BACK: intake.call_back,
    Verb.FOLLOW_UP: intake.follow_up,
    Verb.MERGE: intake.merge,
    Verb.LINK: intake.link,
    Verb.MARK: intake.mark,
    Verb.SUPERVISE: intake.supervise,
    Verb.EXPOSE: intake.expose,
    Verb.URGE: intake.urge,
    Verb.FALL_DUE: intake.urge,
    Verb.RECORD_SITE: intake.record_site,
    Verb.NOTE: intake.note,
    Verb.DISPATCH: orders.dispatch,
    Verb.REASSIGN: orders.reassign,
    Verb.SIGN: orders.sign,
    Verb.OBJECT: orders.object_to,
    Verb.DECIDE_OBJECTION: orders.decide_objection,
    Verb.WHISTLE: orders.whistle,
    Verb.REPORT_IN: orders.report_in,
    Verb.FINISH_TASK: orders.finish_task,
    Verb.ASSIST: orders.assist,
    Verb.CONTACT: handling.contact,
    Verb.START: handling.start,
    Verb.EXTEND: handling.extend,
    Verb.DECIDE_EXTENSION: handling.decide_extension,
    Verb.LEDGER: handling.put_on_ledger,
    Verb.REVIEW_LEDGER: handling.review_ledger,
    Verb.STRIKE_OFF: handling.strike_off,
    Verb.ANSWER: handling.answer,
    Verb.COMPLETE: handling.complete,
    Verb.VISIT: handling.visit,
    Verb.REOPEN: handling.reopen,
    Verb.ESCALATE: handling.escalate,
    Verb.CONCLUDE: handling.conclude,
}


def decide(case: Case, command: c.Command, desk: Desk) -> Change:
    """The events that the command appends and the life after them. Pure.

    Raises IllegalMove (with the verbs that the state takes), NotAllowed and UnknownUnit.
    """
    head = case.head
    names = allowed(head.state)
    if command.verb.value not in allowed(head.state, joint=True):
        raise IllegalMove(
            f"a ticket in state {head.state.value} cannot {command.verb.value}; allowed: {', '.join(names)}", names
        )
    made = RULES[command.verb](case, command, desk)
    target = step(head.state, command.verb, made.outcome)
    life = made.life
    if target in ENDED and head.state not in ENDED:
        life = _finished(replace(case, life=life), target, desk)
    data = {**c.data_of(command), **{name: value for name, value in made.data.items() if value is not None}}
    if made.outcome is not None:
        data["outcome"] = made.outcome.value
    event = seal(head.number, head.seq + 1, command.verb, target, desk.now, desk.who.name, data, head.hash)
    if made.then is None:
        return Change((event,), life)
    after = replace(case, head=TicketHead(head.id, head.number, target, event.seq, event.hash), life=life)
    more = decide(after, made.then, desk)
    return Change((event, *more.events), more.life)


def _finished(case: Case, target: State, desk: Desk) -> Life:
    life = case.life
    if target is State.CLOSED:
        if life.answered_at is None:
            raise refuse(case, "a ticket is not closed before its caller was answered (answer)")
        if life.accountable is None:
            raise refuse(case, "a ticket is not closed before a person answers for it (sign, or answer with a person)")
    return replace(stop_clocks(life, desk.now, called_off=True), closed_at=desk.now)
