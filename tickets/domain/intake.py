"""Rules at the edges of a ticket's life: review, call-back of enquiries, merging, marks, supervision and urging."""

from dataclasses import replace

from tickets.domain import commands as c
from tickets.domain.case import (
    GROUP,
    Case,
    Desk,
    Step,
    acting_unit,
    begin_clock,
    named_unit,
    refuse,
    stop_clocks,
)
from tickets.domain.errors import NothingDue
from tickets.domain.life import CallBack, Deadline, DeadlineKind, Life, Link, LinkKind, SiteRecord, changed
from tickets.domain.orders import handed_on
from tickets.domain.states import Outcome


def review(case: Case, command: c.Review, desk: Desk) -> Step:
    life = stop_clocks(case.life, desk.now, DeadlineKind.REVIEW)
    if not command.accept:
        if not command.reason:
            raise refuse(case, "a request is rejected with the reason that its sender is told")
        return Step(life, Outcome.REJECTED)
    if case.facts.unit_id is not None:
        return Step(life, Outcome.ACCEPTED, then=c.Dispatch(case.facts.unit_id))
    return Step(
        begin_clock(life, desk, DeadlineKind.DISPATCH, desk.clocks.rules.dispatch, case.facts.level), Outcome.ACCEPTED
    )


def hand_over(case: Case, command: c.HandOver, desk: Desk) -> Step:
    """At once on a working day, else the first thing on the next: then the ten minutes begin (IN-8)."""
    unit = named_unit(case, desk, command.unit_id)
    life = stop_clocks(case.life, desk.now, DeadlineKind.DISPATCH)
    begins = desk.clocks.office_from(desk.now)
    life = begin_clock(
        life,
        desk,
        DeadlineKind.CALL_BACK,
        desk.clocks.rules.call_back,
        case.facts.level,
        unit_id=unit[0],
        at=begins,
    )
    due = life.deadlines[-1].due_at
    entry = CallBack(len(life.call_backs) + 1, unit[0], unit[1], desk.now, desk.who.name, command.receiver, due)
    life = replace(life, call_backs=(*life.call_backs, entry), accountable=command.receiver)
    return Step(life, data={"unit": unit[1], "begins": c.moment(begins), "due": c.moment(due)})


def call_back(case: Case, command: c.ReportCallBack, desk: Desk) -> Step:
    entry = case.life.call_backs[-1]
    if acting_unit(desk, None, entry.unit_id) != entry.unit_id:
        raise refuse(case, "another unit has this call-back")
    life = stop_clocks(case.life, desk.now, DeadlineKind.CALL_BACK)
    done = replace(entry, called_at=desk.now, called_by=command.person, answered=command.answered)
    life = replace(life, call_backs=changed(life.call_backs, done))
    if command.answered:
        life = replace(life, answered_at=desk.now)
    life = begin_clock(
        life, desk, DeadlineKind.FOLLOW_UP, desk.clocks.rules.follow_up, case.facts.level, unit_id=entry.unit_id
    )
    return Step(life, data={"unit_id": entry.unit_id})


def follow_up(case: Case, command: c.FollowUp, desk: Desk) -> Step:
    entry = case.life.call_backs[-1]
    life = stop_clocks(case.life, desk.now, DeadlineKind.FOLLOW_UP)
    done = replace(entry, followed_at=desk.now, followed_by=desk.who.name, satisfied=command.satisfied)
    life = replace(life, call_backs=changed(life.call_backs, done))
    if command.satisfied:
        return Step(life, Outcome.SATISFIED)
    life = replace(life, answered_at=None)
    return Step(
        begin_clock(life, desk, DeadlineKind.DISPATCH, desk.clocks.rules.dispatch, case.facts.level),
        Outcome.DISSATISFIED,
    )


def merge(case: Case, command: c.Merge, desk: Desk) -> Step:
    """The master's unit is responsible for the repetition too; the repetition's own caller is answered all the same."""
    if command.into == case.head.number or desk.master is None:
        raise refuse(case, "a ticket is merged into another one")
    life = stop_clocks(case.life, desk.now, DeadlineKind.REVIEW, DeadlineKind.DISPATCH)
    life = _linked(life, desk, LinkKind.DUPLICATE_OF, command.into)
    main = desk.master.main
    if main is not None and (life.main is None or life.main.unit_id != main.unit_id):
        life = handed_on(life, desk, case.facts.level, (main.unit_id, main.unit_name), "merged")
    life = stop_clocks(life, desk.now, DeadlineKind.SIGN, DeadlineKind.CONTACT, called_off=True)
    return Step(replace(life, accountable=life.accountable or desk.master.accountable))


def link(case: Case, command: c.AddLink, desk: Desk) -> Step:
    if command.other == case.head.number:
        raise refuse(case, "a ticket is linked to another one")
    if any(each.other == command.other and each.kind is command.kind for each in case.life.links):
        raise refuse(case, "these tickets are linked so already")
    life = _linked(case.life, desk, command.kind, command.other)
    return Step(life.flagged(GROUP) if command.kind is LinkKind.GROUP else life)


def mark(case: Case, command: c.Mark, desk: Desk) -> Step:
    life = replace(case.life, themes=tuple(dict.fromkeys(command.themes)))
    if command.group:
        return Step(life.flagged(GROUP))
    return Step(replace(life, flags=tuple(each for each in life.flags if each != GROUP)))


def supervise(case: Case, command: c.Supervise, desk: Desk) -> Step:
    return Step(replace(case.life, supervised=True))


def expose(case: Case, command: c.Expose, desk: Desk) -> Step:
    return Step(replace(case.life, supervised=True, exposed=True))


def urge(case: Case, command: c.Urge | c.FallDue, desk: Desk) -> Step:
    """By a person: words for the unit. By a clock: the next step of its ladder, which is armed again after it."""
    if command.deadline is None:
        main = case.life.main
        return Step(case.life, data={"unit_id": main.unit_id if main else None})
    clock = next((each for each in case.life.deadlines if each.seq == command.deadline), None)
    if clock is None or clock.next_rung is not command.rung or clock.next_at is None or clock.next_at > desk.now:
        raise NothingDue("this step of the clock was taken, called off, or is not due yet")
    armed = desk.clocks.armed(clock, command.rung, case.facts.level)
    life = replace(case.life, deadlines=changed(case.life.deadlines, armed))
    return Step(life, data=_of_clock(clock))


def record_site(case: Case, command: c.RecordSite, desk: Desk) -> Step:
    unit_id = acting_unit(desk, command.unit_id, None)
    if command.visited_at > desk.now:
        raise refuse(case, "a visit on the spot is recorded after it was made")
    seq = len(case.life.site_records) + 1
    record = SiteRecord(seq, desk.now, desk.who.name, unit_id, command.people, command.visited_at, command.result)
    return Step(replace(case.life, site_records=(*case.life.site_records, record)), data={"unit_id": unit_id})


def note(case: Case, command: c.Note, desk: Desk) -> Step:
    return Step(case.life)


def _linked(life: Life, desk: Desk, kind: LinkKind, other: str) -> Life:
    entry = Link(len(life.links) + 1, kind, other, desk.now, desk.who.name)
    return replace(life, links=(*life.links, entry))


def _of_clock(clock: Deadline) -> dict[str, object]:
    return {"clock": clock.kind.value, "due": c.moment(clock.due_at), "unit_id": clock.unit_id}
