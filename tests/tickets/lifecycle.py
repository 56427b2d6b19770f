"""What the state machine of a ticket's life is made of: a small town, its people, commands drawn from what somebody
could send, and the invariants that hold after every step."""

import itertools
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from hypothesis import strategies as st

from tickets.domain import commands as c
from tickets.domain.duties import DUTIES
from tickets.domain.history import broken_at
from tickets.domain.life import LISTS, AssignmentRole, LinkKind, Rung
from tickets.domain.roles import Principal, Role
from tickets.domain.states import MOVES, ORDERED, State, Verb, allowed
from tickets.domain.ticket import TicketRecord
from tickets.domain.units import Person, PersonRole, Unit, UnitKind, UnitLevel

UNITS: Final = (
    Unit("u-1", "城市管理局", UnitLevel.CITY, UnitKind.DEPARTMENT),
    Unit("u-2", "解放街道", UnitLevel.TOWN, UnitKind.STREET, parent_id="u-1"),
    Unit(
        "u-3",
        "供热公司",
        UnitLevel.CITY,
        UnitKind.COMPANY,
        people=(Person("p-1", "u-3", "王副经理", PersonRole.DEPUTY_HEAD),),
    ),
    Unit("u-4", "环保局", UnitLevel.COUNTY, UnitKind.DEPARTMENT, parent_id="u-1"),
    Unit("u-5", "撤销的单位", UnitLevel.TOWN, UnitKind.STREET, active=False),
)
UNIT_IDS: Final = (*(unit.id for unit in UNITS), "u-unknown")
PEOPLE: Final = (
    Principal("desk", Role.OPERATOR),
    Principal("oversight", Role.SUPERVISOR),
    Principal("admin", Role.ADMIN),
    Principal("leader", Role.LEADER),
    Principal("machine", Role.MACHINE),
    Principal("app", Role.PARTNER),
    Principal("lost unit", Role.UNIT),
    *(Principal(f"clerk of {unit.id}", Role.UNIT, unit.id) for unit in UNITS),
)

_WORDS: Final = st.sampled_from(("已联系", "已处理", "不属于本单位", "情况复杂", "x"))
_NAMES: Final = st.sampled_from(("张三", "李四"))
_BOOLS: Final = st.booleans()
_UNIT: Final = st.sampled_from(UNIT_IDS)
_NO_UNIT: Final = st.one_of(st.none(), st.none(), st.none(), _UNIT)
_ECHO: Final = st.sampled_from(("phone", "in-person", "written"))
_MAYBE: Final = st.one_of(st.none(), _BOOLS)


def a_command(verb: Verb, record: TicketRecord, others: list[str], now: datetime) -> st.SearchStrategy[c.Command]:
    """A command of the verb, as somebody might send it for this ticket: mostly sensible, sometimes not."""
    soon = st.sampled_from((0, 1, 2, 4, 7, 30)).map(lambda days: (record.life.due_at or now) + timedelta(days=days))
    other = st.sampled_from(others)
    makers: Mapping[Verb, Callable[[], st.SearchStrategy[c.Command]]] = {
        Verb.REVIEW: lambda: st.builds(c.Review, _BOOLS, st.one_of(st.none(), _WORDS)),
        Verb.HAND_OVER: lambda: st.builds(c.HandOver, _UNIT, _NAMES),
        Verb.CALL_BACK: lambda: st.builds(c.ReportCallBack, _NAMES, _BOOLS, _WORDS),
        Verb.FOLLOW_UP: lambda: st.builds(c.FollowUp, _BOOLS),
        Verb.DISPATCH: lambda: st.builds(c.Dispatch, _UNIT, st.lists(_UNIT, max_size=2).map(tuple)),
        Verb.SIGN: lambda: st.builds(c.Sign, _NAMES, _NO_UNIT),
        Verb.OBJECT: lambda: st.builds(c.Object, _WORDS, _NO_UNIT, _NO_UNIT),
        Verb.DECIDE_OBJECTION: lambda: st.builds(c.DecideObjection, _BOOLS, st.one_of(st.none(), _UNIT)),
        Verb.CONTACT: lambda: st.builds(c.Contact, _ECHO, _NAMES, _WORDS, st.none(), _NO_UNIT),
        Verb.START: lambda: st.builds(c.Start, st.none(), _NO_UNIT),
        Verb.EXTEND: lambda: st.builds(c.Extend, soon, _WORDS, _NO_UNIT),
        Verb.DECIDE_EXTENSION: lambda: st.builds(c.DecideExtension, _BOOLS),
        Verb.LEDGER: lambda: st.builds(c.PutOnLedger, _WORDS),
        Verb.REVIEW_LEDGER: lambda: st.builds(c.ReviewLedger, _WORDS),
        Verb.STRIKE_OFF: lambda: st.builds(c.StrikeOff, _WORDS),
        Verb.ANSWER: lambda: st.builds(c.Answer, _ECHO, _NAMES, _WORDS, _NO_UNIT),
        Verb.COMPLETE: lambda: st.builds(c.Complete, _WORDS, _BOOLS, _MAYBE, _NO_UNIT),
        Verb.FALL_DUE: lambda: st.builds(c.FallDue, st.integers(0, 5), st.sampled_from(Rung)),
        Verb.VISIT: _visits,
        Verb.REOPEN: lambda: st.builds(c.Reopen, _WORDS),
        Verb.ESCALATE: lambda: st.builds(c.Escalate, _WORDS),
        Verb.CONCLUDE: lambda: st.builds(c.Conclude, _ECHO, _NAMES, _WORDS),
        Verb.REASSIGN: lambda: st.builds(c.Reassign, _UNIT, _WORDS),
        Verb.MERGE: lambda: st.builds(c.Merge, other),
        Verb.LINK: lambda: st.builds(c.AddLink, other, st.sampled_from(LinkKind)),
        Verb.WHISTLE: lambda: st.builds(
            c.Whistle, st.lists(_UNIT, min_size=1, max_size=2).map(tuple), _WORDS, _NO_UNIT
        ),
        Verb.REPORT_IN: lambda: st.builds(c.ReportIn, _NAMES, _NO_UNIT),
        Verb.FINISH_TASK: lambda: st.builds(c.FinishTask, _WORDS, _NO_UNIT),
        Verb.ASSIST: lambda: st.builds(c.Assist, _UNIT, _WORDS),
        Verb.SUPERVISE: lambda: st.builds(c.Supervise, _WORDS),
        Verb.EXPOSE: lambda: st.builds(c.Expose, _WORDS),
        Verb.URGE: lambda: st.builds(c.Urge, st.sampled_from(Rung), _WORDS),
        Verb.RECORD_SITE: lambda: st.builds(c.RecordSite, st.just(("张三",)), st.just(now), _WORDS, _NO_UNIT),
        Verb.MARK: lambda: st.builds(c.Mark, st.just(("供暖",)), _BOOLS),
        Verb.NOTE: lambda: st.builds(c.Note, _WORDS),
    }
    return makers[verb]()


def _visits() -> st.SearchStrategy[c.Command]:
    missed = st.builds(c.ReportVisit, st.just(False), _ECHO)
    spoken = st.builds(c.ReportVisit, st.just(True), _ECHO, _BOOLS, _BOOLS, _BOOLS, _BOOLS)
    return st.one_of(missed, spoken, spoken, spoken)


VERBS: Final = tuple(c.COMMANDS)


def likely_verbs(state: State) -> list[Verb]:
    """What the table allows in the state; what brings a ticket further counts more than what only adds to it."""
    moves = {Verb(name) for name in allowed(state)} & set(VERBS)
    leading = {move.verb for move in MOVES if move.source is state and move.target is not state}
    return sorted([*moves, *(moves & leading), *(moves & leading)])


def likely_people(verb: Verb, record: TicketRecord) -> list[Principal]:
    """Who may use the verb; of the units those that have to do with the ticket."""
    roles = DUTIES.get(verb, frozenset())
    found = [
        each
        for each in PEOPLE
        if each.role in roles
        and (each.role is not Role.UNIT or (each.unit_id is not None and record.life.concerns(each.unit_id)))
    ]
    return found or list(PEOPLE)


_STEPS: Final = {(move.source, move.verb, move.target) for move in MOVES}
_RESPONSIBLE: Final = (*ORDERED, State.EXTENSION_REQUESTED, State.ON_LEDGER)


def check(before: TicketRecord | None, after: TicketRecord) -> None:
    """The invariants of one ticket (FAULTS 6), given how it was before the step."""
    events = after.history
    assert broken_at(after.number, events) is None
    assert (events[-1].state, len(events)) == (after.state, events[-1].seq)
    for earlier, later in itertools.pairwise(events):
        assert (earlier.state, later.verb, later.state) in _STEPS
        assert later.at >= earlier.at
    if before is not None:
        assert events[: len(before.history)] == before.history
        _check_lists(before, after)
    mains = [order for order in after.life.assignments if order.role is AssignmentRole.MAIN and order.runs]
    assert len(mains) <= 1
    if after.state in _RESPONSIBLE:
        assert mains, f"nobody is responsible for a ticket in state {after.state}"
    if after.life.dispatched_at is not None:
        assert mains, "responsibility was once given and is empty now"
    if after.state is State.CLOSED:
        _check_closed(after)
    for clock in after.life.deadlines:
        assert clock.due_at >= clock.started_at
        assert clock.stopped_at is None or clock.stopped_at >= clock.started_at or clock.met is not False
        assert (clock.next_rung is None) == (clock.next_at is None)


def _check_closed(after: TicketRecord) -> None:
    life = after.life
    assert life.answered_at is not None
    assert life.accountable
    assert not life.open_clocks()
    told = {Verb.ANSWER, Verb.CALL_BACK, Verb.CONCLUDE}
    assert any(event.verb in told and event.data.get("person") for event in after.history)


def _check_lists(before: TicketRecord, after: TicketRecord) -> None:
    """Entries of a life are changed, never removed."""
    for name in LISTS:
        old, new = getattr(before.life, name), getattr(after.life, name)
        assert [each.seq for each in new] == list(range(1, len(new) + 1)), name
        assert len(new) >= len(old), name
