"""Rules of dispatch: who gets the order, who objects, who is called in.

Responsibility is never empty (首派负责): a main order ends only in the moment in which another begins.
"""

from dataclasses import replace

from tickets.domain import commands as c
from tickets.domain.case import (
    NO_CALENDAR,
    Case,
    Desk,
    Step,
    acting_order,
    acting_unit,
    begin_clock,
    joint,
    main_order,
    named_unit,
    refuse,
    stop_clocks,
    with_order,
)
from tickets.domain.errors import NotAllowed
from tickets.domain.life import Assignment, AssignmentRole, DeadlineKind, Life, Objection, SubTask, changed
from tickets.domain.states import Outcome

_UNIT_CLOCKS = (DeadlineKind.SIGN, DeadlineKind.CONTACT, DeadlineKind.HANDLE)


def ordered(
    life: Life, desk: Desk, level: int, unit: tuple[str, str], role: AssignmentRole = AssignmentRole.MAIN
) -> Life:
    """The life with an order to `unit` (id, name) and its clocks for sign-in and handling running."""
    limits = desk.clocks.rules.levels[level]
    # What is on a special list is signed for as if it were most urgent (DI-8).
    sign = desk.clocks.rules.levels[min(desk.clocks.rules.levels)].sign if life.special else limits.sign
    order = Assignment(len(life.assignments) + 1, role, unit[0], unit[1], desk.now, round=life.round)
    assignments = (*life.assignments, order)
    if role is AssignmentRole.ASSIST:
        return replace(life, assignments=assignments)
    first = len(life.deadlines) + 1
    # Reckoned together and put into the life at once: this is the way of every request that is taken.
    clocks = tuple(
        desk.clocks.start(
            seq, kind, desk.now, limit, level=level, assignment=order.seq, unit_id=unit[0], round_=life.round
        )
        for seq, (kind, limit) in enumerate(((DeadlineKind.SIGN, sign), (DeadlineKind.HANDLE, limits.handle)), first)
    )
    deadlines = (*life.deadlines, *clocks)
    if any(each.estimated for each in clocks):
        life = life.flagged(NO_CALENDAR)
    if role is not AssignmentRole.MAIN:
        return replace(life, assignments=assignments, deadlines=deadlines)
    accountable = life.accountable
    entry = desk.units.get(unit[0])
    if life.special and entry is not None and entry.deputy_head is not None:
        accountable = entry.deputy_head.name
    return replace(
        life,
        assignments=assignments,
        deadlines=deadlines,
        dispatched_at=desk.now,
        signed_at=None,
        contacted_at=None,
        answered_at=None,
        completed_at=None,
        accountable=accountable,
    )


def ended(life: Life, desk: Desk, order: Assignment, reason: str) -> Life:
    """The life with an order ended and its clocks called off."""
    life = with_order(life, replace(order, ended_at=desk.now, end_reason=reason))
    return stop_clocks(life, desk.now, *_UNIT_CLOCKS, assignment=order.seq, called_off=True)


def handed_on(life: Life, desk: Desk, level: int, unit: tuple[str, str], reason: str) -> Life:
    """The life with the responsibility moved to `unit`; who answered for it before does no longer."""
    main = life.main
    if main is not None:
        life = replace(_decided(ended(life, desk, main, reason), desk, main.seq, reason), accountable=None)
    own = life.order_of(unit[0])
    if own is not None:
        life = ended(life, desk, own, reason)
    return ordered(life, desk, level, unit)


def dispatch(case: Case, command: c.Dispatch, desk: Desk) -> Step:
    unit = named_unit(case, desk, command.unit_id)
    if command.unit_id in command.joint or len(set(command.joint)) != len(command.joint):
        raise refuse(case, "each unit may be named once; the responsible one is not among the joint ones")
    life = stop_clocks(case.life, desk.now, DeadlineKind.DISPATCH)
    life = stop_clocks(life, desk.now, DeadlineKind.CALL_BACK, DeadlineKind.FOLLOW_UP, called_off=True)
    life = handed_on(life, desk, case.facts.level, unit, "dispatched-anew")
    for other in command.joint:
        if life.order_of(other) is None:
            life = ordered(life, desk, case.facts.level, named_unit(case, desk, other), AssignmentRole.JOINT)
    return Step(life, data={"unit": unit[1]})


def reassign(case: Case, command: c.Reassign, desk: Desk) -> Step:
    unit = named_unit(case, desk, command.unit_id)
    main = case.life.main
    if main is not None and main.unit_id == command.unit_id:
        raise refuse(case, f"the unit {command.unit_id} is the responsible one already")
    life = handed_on(case.life, desk, case.facts.level, unit, "reassigned")
    return Step(life, data={"unit": unit[1], "from_unit_id": main.unit_id if main else None})


def sign(case: Case, command: c.Sign, desk: Desk) -> Step:
    order = acting_order(case, desk, command.unit_id)
    if order.signed_at is not None:
        raise refuse(case, f"the unit {order.unit_id} has signed for this ticket already")
    life = stop_clocks(case.life, desk.now, DeadlineKind.SIGN, assignment=order.seq)
    life = with_order(life, replace(order, signed_at=desk.now, handler=command.handler))
    if order.role is not AssignmentRole.ASSIST:
        limit = desk.clocks.rules.levels[case.facts.level].contact
        life = begin_clock(
            life, desk, DeadlineKind.CONTACT, limit, case.facts.level, assignment=order.seq, unit_id=order.unit_id
        )
    if order.role is AssignmentRole.MAIN:
        life = replace(life, signed_at=desk.now, accountable=life.accountable or command.handler)
    return Step(life, joint(order), {"unit_id": order.unit_id})


def object_to(case: Case, command: c.Object, desk: Desk) -> Step:
    order = main_order(case, desk, command.unit_id)
    if any(each.assignment == order.seq for each in case.life.objections):
        raise refuse(case, "this unit has objected to this order before; the hotline's decision stands")
    if command.proposed_unit_id is not None:
        named_unit(case, desk, command.proposed_unit_id)
    seq = len(case.life.objections) + 1
    objection = Objection(
        seq, order.seq, order.unit_id, desk.now, desk.who.name, command.reason, command.proposed_unit_id
    )
    return Step(replace(case.life, objections=(*case.life.objections, objection)), data={"unit_id": order.unit_id})


def decide_objection(case: Case, command: c.DecideObjection, desk: Desk) -> Step:
    life = case.life
    waiting = next((each for each in life.objections if each.decided_at is None), None)
    if waiting is None:
        raise refuse(case, "no objection waits for a decision")
    decided = replace(
        waiting, decided_at=desk.now, decided_by=desk.who.name, upheld=command.uphold, comment=command.comment
    )
    life = replace(life, objections=changed(life.objections, decided))
    if not command.uphold:
        return Step(life, Outcome.DISMISSED)
    if command.new_unit_id is None:
        raise refuse(case, "an objection is upheld by naming the unit that takes over (new_unit_id)")
    if command.new_unit_id == waiting.unit_id:
        raise refuse(case, "the unit that takes over must be another than the one that objected")
    unit = named_unit(case, desk, command.new_unit_id)
    return Step(handed_on(life, desk, case.facts.level, unit, "objection-upheld"), Outcome.UPHELD, {"unit": unit[1]})


def whistle(case: Case, command: c.Whistle, desk: Desk) -> Step:
    order = main_order(case, desk, command.unit_id)
    life = case.life
    for unit_id in dict.fromkeys(command.units):
        unit = named_unit(case, desk, unit_id)
        if unit_id == order.unit_id:
            raise refuse(case, "a unit does not whistle for itself")
        seq = len(life.subtasks) + 1
        rules = desk.clocks.rules
        life = begin_clock(
            life, desk, DeadlineKind.SUBTASK, rules.subtask, case.facts.level, assignment=seq, unit_id=unit_id
        )
        due = life.deadlines[-1].due_at
        task = SubTask(seq, unit[0], unit[1], command.task, desk.now, desk.who.name, due)
        life = replace(life, subtasks=(*life.subtasks, task))
    return Step(life, data={"unit_id": order.unit_id})


def report_in(case: Case, command: c.ReportIn, desk: Desk) -> Step:
    task = _task(case, desk, command.unit_id, reported=False)
    life = stop_clocks(case.life, desk.now, DeadlineKind.SUBTASK, assignment=task.seq)
    changed_task = replace(task, reported_at=desk.now, reporter=command.person)
    return Step(replace(life, subtasks=changed(life.subtasks, changed_task)), data=_of_task(task))


def finish_task(case: Case, command: c.FinishTask, desk: Desk) -> Step:
    task = _task(case, desk, command.unit_id, reported=True)
    done = replace(task, finished_at=desk.now, result=command.result)
    return Step(replace(case.life, subtasks=changed(case.life.subtasks, done)), data=_of_task(task))


def assist(case: Case, command: c.Assist, desk: Desk) -> Step:
    if case.life.main is None:
        raise refuse(case, "nobody is responsible yet: dispatch the ticket first")
    unit = named_unit(case, desk, command.helper_id)
    if case.life.order_of(command.helper_id) is not None:
        raise refuse(case, f"the unit {command.helper_id} has an order on this ticket already")
    return Step(ordered(case.life, desk, case.facts.level, unit, AssignmentRole.ASSIST), data={"unit": unit[1]})


def _decided(life: Life, desk: Desk, assignment: int, reason: str) -> Life:
    """What waited for a decision about an order that has ended is decided by that."""
    now, name = desk.now, desk.who.name
    objections = tuple(
        replace(each, upheld=True, decided_at=now, decided_by=name, comment=reason)
        if each.assignment == assignment and each.decided_at is None
        else each
        for each in life.objections
    )
    extensions = tuple(
        replace(each, approved=False, decided_at=now, decided_by=name, comment=reason)
        if each.assignment == assignment and each.decided_at is None
        else each
        for each in life.extensions
    )
    return replace(life, objections=objections, extensions=extensions)


def _task(case: Case, desk: Desk, named: str | None, *, reported: bool) -> SubTask:
    """The oldest task of the unit that has not got as far."""
    unit_id = acting_unit(desk, named, None)
    mine = [each for each in case.life.subtasks if unit_id is None or each.unit_id == unit_id]
    if not mine:
        raise NotAllowed("this unit was not called in on this ticket")
    for each in mine:
        if each.finished_at is None and (each.reported_at is not None) is reported:
            return each
    raise refuse(case, "no task waits for that; a unit reports in first and finishes then, each once")


def _of_task(task: SubTask) -> dict[str, object]:
    return {"unit_id": task.unit_id, "task": task.seq}
