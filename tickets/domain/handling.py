"""Rules of the handling: first contact, more time, tracking ledger, answer, completion, return visit, joint meeting.

The three echoes (三次回音) are contact, answer and visit. A caller who is not satisfied sends the ticket back to the
same unit once; the second time it goes to the joint meeting, so there are exactly two rounds (RV-2).
"""

from dataclasses import replace

from tickets.domain import commands as c
from tickets.domain.case import (
    Case,
    Desk,
    Step,
    acting_order,
    begin_clock,
    joint,
    main_order,
    refuse,
    stop_clocks,
    with_order,
)
from tickets.domain.errors import NotAllowed
from tickets.domain.life import (
    Assignment,
    AssignmentRole,
    DeadlineKind,
    Extension,
    Feedback,
    LedgerEntry,
    Life,
    Visit,
    changed,
)
from tickets.domain.roles import Role
from tickets.domain.states import Outcome, State

ROUNDS = 2


def contact(case: Case, command: c.Contact, desk: Desk) -> Step:
    order = _signed(case, acting_order(case, desk, command.unit_id))
    life = stop_clocks(case.life, desk.now, DeadlineKind.CONTACT, assignment=order.seq)
    life = with_order(life, replace(order, contacted_at=order.contacted_at or desk.now, handler=command.person))
    if order.role is AssignmentRole.MAIN:
        life = replace(life, contacted_at=life.contacted_at or desk.now)
    return Step(life, joint(order), {"unit_id": order.unit_id})


def start(case: Case, command: c.Start, desk: Desk) -> Step:
    order = _signed(case, acting_order(case, desk, command.unit_id))
    return Step(case.life, joint(order), {"unit_id": order.unit_id})


def extend(case: Case, command: c.Extend, desk: Desk) -> Step:
    order = _signed(case, main_order(case, desk, command.unit_id))
    due = case.life.due_at
    if due is None:
        raise refuse(case, "no handling time runs that could be extended")
    latest = desk.clocks.after(max(due, desk.now), desk.clocks.rules.extension_most).at
    if not max(due, desk.now) < command.until <= latest:
        raise refuse(case, f"an extension ends after the present time limit and not after {latest.isoformat()}")
    seq = len(case.life.extensions) + 1
    asked = Extension(seq, order.seq, desk.now, desk.who.name, command.reason, command.until)
    return Step(replace(case.life, extensions=(*case.life.extensions, asked)), data={"unit_id": order.unit_id})


def decide_extension(case: Case, command: c.DecideExtension, desk: Desk) -> Step:
    waiting = next((each for each in case.life.extensions if each.decided_at is None), None)
    if waiting is None:
        raise refuse(case, "no request for more time waits for a decision")
    decided = replace(
        waiting, decided_at=desk.now, decided_by=desk.who.name, approved=command.approve, comment=command.comment
    )
    life = replace(case.life, extensions=changed(case.life.extensions, decided))
    if not command.approve:
        return Step(life, Outcome.REFUSED)
    for clock in life.open_clocks(DeadlineKind.HANDLE):
        if clock.assignment == waiting.assignment:
            moved = desk.clocks.armed(replace(clock, due_at=waiting.until, estimated=False), None, case.facts.level)
            life = replace(life, deadlines=changed(life.deadlines, moved))
    return Step(life, Outcome.APPROVED, {"until": c.moment(waiting.until)})


def put_on_ledger(case: Case, command: c.PutOnLedger, desk: Desk) -> Step:
    life = stop_clocks(case.life, desk.now, DeadlineKind.CONTACT, DeadlineKind.HANDLE, called_off=True)
    rules, level = desk.clocks.rules, case.facts.level
    life = begin_clock(life, desk, DeadlineKind.LEDGER_REVIEW, rules.ledger_review, level)
    due = life.deadlines[-1].due_at
    entry = LedgerEntry(len(life.ledger) + 1, desk.now, desk.who.name, command.reason, due)
    return Step(replace(life, ledger=(*life.ledger, entry)), data={"review_due": c.moment(due)})


def review_ledger(case: Case, command: c.ReviewLedger, desk: Desk) -> Step:
    entry = _on_ledger(case)
    life = stop_clocks(case.life, desk.now, DeadlineKind.LEDGER_REVIEW)
    life = begin_clock(life, desk, DeadlineKind.LEDGER_REVIEW, desk.clocks.rules.ledger_review, case.facts.level)
    due = life.deadlines[-1].due_at
    reviewed = replace(entry, reviews=entry.reviews + 1, reviewed_at=desk.now, review_due=due)
    return Step(replace(life, ledger=changed(life.ledger, reviewed)), data={"review_due": c.moment(due)})


def strike_off(case: Case, command: c.StrikeOff, desk: Desk) -> Step:
    """The matter can be done now: the unit has its handling time anew and answers the caller in it."""
    life = _struck_off(case, desk, command.result)
    main = life.main
    if main is not None:
        limit = desk.clocks.rules.levels[case.facts.level].handle
        life = begin_clock(
            life, desk, DeadlineKind.HANDLE, limit, case.facts.level, assignment=main.seq, unit_id=main.unit_id
        )
    return Step(life)


def answer(case: Case, command: c.Answer, desk: Desk) -> Step:
    life = case.life
    if case.head.state is State.ACCEPTED:
        life = stop_clocks(life, desk.now, DeadlineKind.DISPATCH)
        life = replace(life, answered_at=desk.now, accountable=command.person)
        return Step(life, Outcome.ON_THE_SPOT)
    if desk.who.role is Role.MACHINE:
        raise NotAllowed("a machine answers on the spot only: this ticket already has its unit, whose people answer it")
    if life.main is None:
        # A merged request that never had an order, or one before the joint meeting.
        return Step(replace(life, answered_at=desk.now, accountable=life.accountable or command.person))
    order = acting_order(case, desk, command.unit_id)
    if case.head.state not in (State.MERGED, State.ESCALATED):
        order = _signed(case, order)
        if order.contacted_at is None:
            raise refuse(case, "the caller is contacted first: who handles it, and by when (contact)")
    life = with_order(life, replace(order, answered_at=desk.now, handler=order.handler or command.person))
    if order.role is AssignmentRole.MAIN:
        life = replace(life, answered_at=desk.now, accountable=life.accountable or command.person)
    return Step(life, joint(order), {"unit_id": order.unit_id})


def complete(case: Case, command: c.Complete, desk: Desk) -> Step:
    order = acting_order(case, desk, command.unit_id) if case.life.main is not None else None
    life = case.life
    if order is not None:
        if order.answered_at is None:
            raise refuse(case, f"the unit {order.unit_id} has not answered the caller yet")
        if order.completed_at is not None:
            raise refuse(case, f"the unit {order.unit_id} has reported completion already")
        life = with_order(life, replace(order, completed_at=desk.now))
        life = stop_clocks(life, desk.now, DeadlineKind.HANDLE, DeadlineKind.CONTACT, assignment=order.seq)
        told = Feedback(
            len(life.feedbacks) + 1,
            life.round,
            order.unit_id,
            desk.now,
            desk.who.name,
            command.result,
            command.resolved,
            command.satisfied,
        )
        life = replace(life, feedbacks=(*life.feedbacks, told))
        if order.role is not AssignmentRole.MAIN:
            return Step(life, Outcome.JOINT, {"unit_id": order.unit_id})
        for other in life.assignments:
            if other.role is AssignmentRole.JOINT and other.runs and other.completed_at is None:
                raise refuse(case, f"the unit {other.unit_id} has the order too and has not completed its part")
    life = begin_clock(
        replace(life, completed_at=desk.now), desk, DeadlineKind.VISIT, desk.clocks.rules.visit, case.facts.level
    )
    return Step(life, data={"unit_id": order.unit_id} if order else {})


def visit(case: Case, command: c.ReportVisit, desk: Desk) -> Step:
    said = (command.contacted, command.answered, command.resolved, command.satisfied)
    if command.reached and any(each is None for each in said):
        raise refuse(case, "a caller who was reached is asked all four: contacted, answered, resolved, satisfied")
    if not command.reached and any(each is not None for each in said):
        raise refuse(case, "a caller who was not reached has said nothing: leave the four answers out")
    life, main = case.life, case.life.main
    made = Visit(
        len(life.visits) + 1,
        life.round,
        main.unit_id if main else None,
        desk.now,
        desk.who.name,
        command.channel,
        command.reached,
        *said,
        command.comment,
    )
    life = replace(life, visits=(*life.visits, made))
    if not command.reached:
        tries = sum(not each.reached and each.round == life.round for each in life.visits)
        given_up = tries >= desk.clocks.rules.visit_attempts
        return Step(life, Outcome.UNREACHABLE if given_up else Outcome.UNREACHED, {"attempt": tries})
    life = stop_clocks(life, desk.now, DeadlineKind.VISIT)
    if command.satisfied:
        return Step(life, Outcome.SATISFIED)
    if life.round >= ROUNDS or main is None:
        return Step(life, Outcome.DISSATISFIED_AGAIN, {"round": life.round})
    return Step(again(life, case, desk, "not-satisfied"), Outcome.DISSATISFIED, {"round": life.round})


def reopen(case: Case, command: c.Reopen, desk: Desk) -> Step:
    if case.head.state is State.REJECTED:
        return Step(begin_clock(case.life, desk, DeadlineKind.REVIEW, desk.clocks.rules.review, case.facts.level))
    if case.life.main is None:
        raise refuse(case, "no unit ever had this ticket: take a new request and link it to this one")
    return Step(again(replace(case.life, closed_at=None), case, desk, "reopened"))


def escalate(case: Case, command: c.Escalate, desk: Desk) -> Step:
    life = stop_clocks(case.life, desk.now, called_off=True)
    if case.head.state is State.ON_LEDGER:
        life = _struck_off(replace(case, life=life), desk, command.reason)
    return Step(life)


def conclude(case: Case, command: c.Conclude, desk: Desk) -> Step:
    return Step(replace(case.life, answered_at=desk.now, accountable=command.person))


def again(life: Life, case: Case, desk: Desk, reason: str) -> Life:
    """The next round at the same unit: a new order, signed for already, with its contact and handling clocks."""
    main = life.main
    if main is None:
        return life
    life = with_order(life, replace(main, ended_at=desk.now, end_reason=reason))
    life = replace(life, round=life.round + 1, contacted_at=None, answered_at=None, completed_at=None)
    order = Assignment(
        len(life.assignments) + 1,
        AssignmentRole.MAIN,
        main.unit_id,
        main.unit_name,
        desk.now,
        round=life.round,
        handler=main.handler,
        signed_at=desk.now,
    )
    life = replace(life, assignments=(*life.assignments, order))
    limits = desk.clocks.rules.levels[case.facts.level]
    for kind, limit in ((DeadlineKind.CONTACT, limits.contact), (DeadlineKind.HANDLE, limits.handle)):
        life = begin_clock(life, desk, kind, limit, case.facts.level, assignment=order.seq, unit_id=order.unit_id)
    return life


def _signed(case: Case, order: Assignment) -> Assignment:
    if order.signed_at is None:
        raise refuse(case, f"the unit {order.unit_id} has not signed for this ticket yet")
    return order


def _on_ledger(case: Case) -> LedgerEntry:
    entry = next((each for each in case.life.ledger if each.struck_off_at is None), None)
    if entry is None:
        raise refuse(case, "the ticket has no open entry on the ledger")
    return entry


def _struck_off(case: Case, desk: Desk, result: str) -> Life:
    entry = _on_ledger(case)
    done = replace(entry, struck_off_at=desk.now, struck_off_by=desk.who.name, result=result)
    life = replace(case.life, ledger=changed(case.life.ledger, done))
    return stop_clocks(life, desk.now, DeadlineKind.LEDGER_REVIEW, called_off=True)
