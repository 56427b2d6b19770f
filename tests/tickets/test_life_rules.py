"""The rules of a ticket's life, without a store."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.tickets import a_desk, a_draft
from tests.tickets.lives import (
    ANSWER,
    COMPLETE,
    CONTACT,
    DISSATISFIED,
    NUMBER,
    OPERATOR,
    ROUND,
    SATISFIED,
    SIGN,
    SUPERVISOR,
    UNREACHED,
    Played,
    of_unit,
)
from tickets.domain import commands as c
from tickets.domain.case import GROUP
from tickets.domain.errors import IllegalMove, NotAllowed, NothingDue, UnknownUnit
from tickets.domain.history import broken_at
from tickets.domain.life import AssignmentRole, DeadlineKind, LinkKind, Rung
from tickets.domain.moves import decide
from tickets.domain.roles import Principal
from tickets.domain.states import MOVES, Outcome, State, Verb
from tickets.domain.ticket import Channel, Completeness, Emergency, EmergencyLevel, RequestKind


@pytest.mark.requirement("TK-1", "TK-4", "RV-1", "RV-2")
def test_three_echoes_and_a_satisfied_caller_close_a_ticket() -> None:
    played = Played().do(SIGN, *ROUND, SATISFIED)
    assert played.state is State.CLOSED
    assert played.life.open_clocks() == ()
    assert played.life.closed_at == played.at
    assert broken_at(NUMBER, played.history) is None
    assert [clock.met for clock in played.life.deadlines] == [True] * 4


@pytest.mark.requirement("RV-2")
def test_a_caller_dissatisfied_twice_brings_the_joint_meeting_after_exactly_two_rounds() -> None:
    played = Played().do(SIGN, *ROUND, DISSATISFIED)
    assert (played.state, played.life.round) == (State.REHANDLING, 2)
    main = played.life.main
    assert main is not None
    assert (main.unit_id, main.round, main.signed_at) == ("u-7", 2, played.at)
    played.do(*ROUND, DISSATISFIED)
    assert (played.state, played.life.round) == (State.ESCALATED, 2)
    assert played.history[-1].data["outcome"] == Outcome.DISSATISFIED_AGAIN
    played.do(c.Conclude("phone", "联席会议办公室", "已协调解决"), who=SUPERVISOR)
    assert played.state is State.CLOSED


@pytest.mark.requirement("RV-4")
def test_the_units_own_feedback_and_the_hotlines_visit_are_kept_apart() -> None:
    life = Played().do(SIGN, *ROUND, DISSATISFIED).life
    assert [(each.resolved, each.satisfied) for each in life.feedbacks] == [(True, True)]
    assert [(each.resolved, each.satisfied) for each in life.visits] == [(False, False)]


@pytest.mark.requirement("RV-1")
def test_a_caller_who_is_never_reached_is_tried_three_times() -> None:
    played = Played().do(SIGN, *ROUND, UNREACHED, UNREACHED)
    assert played.state is State.COMPLETED
    played.do(UNREACHED)
    assert (played.state, played.history[-1].data["outcome"]) == (State.CLOSED, "unreachable")


def test_a_visit_is_told_whole_or_not_at_all() -> None:
    played = Played().do(SIGN, *ROUND)
    with pytest.raises(IllegalMove, match="all four"):
        played.do(c.ReportVisit(True, "phone", True, True, None, True))
    with pytest.raises(IllegalMove, match="leave the four"):
        played.do(c.ReportVisit(False, "phone", satisfied=True))


@pytest.mark.requirement("TK-4")
def test_the_caller_is_contacted_before_being_answered_and_the_unit_signs_before_that() -> None:
    played = Played()
    with pytest.raises(IllegalMove, match="not signed"):
        played.do(CONTACT)
    later = played.at + timedelta(days=10)
    played.do(SIGN, c.Extend(later, "复杂"), c.DecideExtension(True))
    with pytest.raises(IllegalMove, match="contacted first"):
        played.do(ANSWER)
    assert played.do(CONTACT, ANSWER).state is State.ANSWERED


@pytest.mark.requirement("TK-6")
def test_nothing_is_answered_on_the_spot_without_a_person_and_an_enquiry_closes_so() -> None:
    played = Played(a_draft(unit_id=None, kind=RequestKind.ENQUIRY)).do(ANSWER)
    assert (played.state, played.life.accountable) == (State.CLOSED, "张三")
    assert [clock.kind for clock in played.life.deadlines] == [DeadlineKind.DISPATCH]


@pytest.mark.requirement("IN-4")
def test_requests_by_web_wait_for_review_and_are_dispatched_when_accepted() -> None:
    played = Played(a_draft(channel=Channel.WEB))
    assert (played.state, played.history[0].verb) == (State.UNDER_REVIEW, Verb.SUBMIT)
    played.do(c.Review(accept=True))
    assert [event.verb for event in played.history] == [Verb.SUBMIT, Verb.REVIEW, Verb.DISPATCH]
    assert played.state is State.DISPATCHED
    rejected = Played(a_draft(channel=Channel.MAIL))
    with pytest.raises(IllegalMove, match="reason"):
        rejected.do(c.Review(accept=False))
    assert rejected.do(c.Review(accept=False, reason="不属于受理范围")).state is State.REJECTED
    assert rejected.do(c.Reopen("重新审核")).state is State.UNDER_REVIEW


@pytest.mark.requirement("TK-3")
def test_more_time_is_valid_only_after_approval() -> None:
    played = Played().do(SIGN, CONTACT)
    due = played.life.due_at
    assert due is not None
    until = due + timedelta(days=7)
    played.do(c.Extend(until, "需要采购"))
    assert (played.state, played.life.due_at) == (State.EXTENSION_REQUESTED, due)
    played.do(c.DecideExtension(False))
    assert (played.state, played.life.due_at) == (State.EXTENSION_REFUSED, due)
    played.do(c.Extend(until, "需要采购"), c.DecideExtension(True))
    assert (played.state, played.life.due_at) == (State.EXTENSION_APPROVED, until)
    for wrong in (due, played.at - timedelta(days=1), until + timedelta(days=90)):
        with pytest.raises(IllegalMove, match="an extension ends after"):
            played.do(c.Extend(wrong, "再延"))


@pytest.mark.requirement("TK-7")
def test_what_cannot_be_done_is_on_the_ledger_under_review_until_it_is_struck_off() -> None:
    played = Played().do(SIGN, CONTACT, c.PutOnLedger("待拆迁"))
    assert (played.state, played.life.due_at) == (State.ON_LEDGER, None)
    assert [clock.kind for clock in played.life.open_clocks()] == [DeadlineKind.LEDGER_REVIEW]
    played.do(c.ReviewLedger("仍待拆迁"), who=SUPERVISOR)
    assert played.life.ledger[0].reviews == 1
    played.do(c.StrikeOff("已具备条件"))
    assert played.state is State.IN_PROGRESS
    assert played.life.due_at is not None
    assert played.do(ANSWER, COMPLETE, SATISFIED).state is State.CLOSED


@pytest.mark.requirement("IN-8")
def test_a_call_back_has_ten_minutes_and_a_follow_up_one_hour() -> None:
    enquiry = a_draft(unit_id=None, kind=RequestKind.ENQUIRY)
    played = Played(enquiry).do(c.HandOver("u-8", "赵六"))
    entry = played.life.call_backs[0]
    assert entry.due_at - entry.at == timedelta(minutes=10)
    played.do(c.ReportCallBack("赵六", True, "已答复"), who=of_unit("u-8"))
    clock = played.life.open_clocks(DeadlineKind.FOLLOW_UP)[0]
    assert clock.due_at - clock.started_at == timedelta(hours=1)
    assert played.do(c.FollowUp(True)).state is State.CLOSED
    unhappy = Played(enquiry).do(c.HandOver("u-8", "赵六"), c.ReportCallBack("赵六", True, "已答复"), c.FollowUp(False))
    assert unhappy.state is State.ACCEPTED
    unanswered = Played(enquiry).do(c.HandOver("u-8", "赵六"), c.ReportCallBack("赵六", False, "占线"))
    with pytest.raises(IllegalMove, match="answered"):
        unanswered.do(c.FollowUp(True))


@pytest.mark.requirement("IN-8")
def test_a_call_back_handed_over_on_a_sunday_begins_on_monday_when_the_office_opens() -> None:
    sunday = Played().at - timedelta(days=1)
    played = Played(a_draft(unit_id=None), at=sunday).do(c.HandOver("u-8", "赵六"))
    assert played.life.call_backs[0].due_at.isoformat() == "2026-11-23T00:40:00+00:00"


@pytest.mark.requirement("SU-3")
def test_supervision_exposure_marks_and_site_records_leave_the_state_alone() -> None:
    played = Played().do(SIGN)
    played.do(c.Supervise("重点督办"), c.Expose("逾期不办"), c.Mark(("幼有所育",), group=True), who=SUPERVISOR)
    played.do(c.RecordSite(("张三", "李四"), played.at, "已到场"), who=of_unit("u-7"))
    life = played.life
    assert (played.state, life.supervised, life.exposed, life.themes) == (State.SIGNED, True, True, ("幼有所育",))
    assert GROUP in life.flags
    assert life.site_records[0].people == ("张三", "李四")
    assert GROUP not in played.do(c.Mark(())).life.flags
    with pytest.raises(IllegalMove, match="after it was made"):
        played.do(c.RecordSite(("张三",), played.at + timedelta(days=1), "未来"))


def test_an_urge_by_a_clock_is_taken_once_and_only_when_it_is_due() -> None:
    played = Played()
    clock = next(each for each in played.life.deadlines if each.kind is DeadlineKind.HANDLE)
    assert clock.next_at is not None
    urge = c.Urge(Rung.URGE, deadline=clock.seq)
    with pytest.raises(NothingDue):
        played.do(urge)
    played.do(urge, at=clock.next_at)
    with pytest.raises(NothingDue):
        played.do(urge)
    rungs = []
    while (clock := played.life.deadlines[clock.seq - 1]).next_rung is not None and clock.next_at is not None:
        rungs.append(clock.next_rung)
        played.do(c.Urge(clock.next_rung, deadline=clock.seq), at=clock.next_at)
    assert rungs == [Rung.OVERDUE, Rung.WRITTEN_URGE, Rung.CRITICISM]
    assert played.state is State.DISPATCHED


@pytest.mark.fault("F66")
def test_a_repetition_is_merged_and_its_own_caller_is_answered_all_the_same() -> None:
    master = Played().do(SIGN)
    repeated = Played(a_draft(unit_id=None))
    desk = replace(a_desk(repeated.at, OPERATOR, repeated.units, repeated.years), master=master.life)
    change = decide(repeated.case(), c.Merge("261122010009"), desk)
    repeated.life, repeated.state = change.life, change.events[-1].state
    repeated.history += change.events
    assert repeated.state is State.MERGED
    assert repeated.life.main is not None
    assert repeated.life.main.unit_id == "u-7"
    assert repeated.life.links[0].kind is LinkKind.DUPLICATE_OF
    assert repeated.do(ANSWER, COMPLETE, SATISFIED).state is State.CLOSED


@pytest.mark.requirement("DI-8")
def test_what_is_on_a_special_list_is_supervised_signed_for_at_once_and_the_deputy_heads() -> None:
    life = Played(a_draft(level=4)).life
    assert (life.special, life.supervised, life.accountable) == ("卫生创建", True, "王副局长")
    sign = life.deadlines[0]
    assert (sign.kind, sign.due_at - sign.started_at) == (DeadlineKind.SIGN, timedelta(minutes=15))
    danger = Emergency(EmergencyLevel.CERTAIN, "fire", "119", "着火", ())
    assert Played(a_draft(emergency=danger)).life.special == "突发事件"


@pytest.mark.requirement("DI-7")
def test_only_what_was_taken_completely_is_dispatched_at_once() -> None:
    assert Played().state is State.DISPATCHED
    assert Played(a_draft(unit_id=None)).state is State.ACCEPTED
    assert Played(a_draft(completeness=Completeness.INCOMPLETE_CALLBACK)).state is State.ACCEPTED
    gone = tuple(replace(each, active=False) for each in Played().units)
    assert Played(units=gone).state is State.ACCEPTED


_WORDS = st.sampled_from(["u-7", "u-8", "u-9", "u-0"])
_UNIT = st.one_of(st.none(), _WORDS)
_COMMANDS = st.one_of(
    st.builds(c.Review, st.booleans(), st.just("因为")),
    st.builds(c.HandOver, _WORDS, st.just("赵六")),
    st.builds(c.ReportCallBack, st.just("赵六"), st.booleans(), st.just("已答")),
    st.builds(c.FollowUp, st.booleans()),
    st.builds(c.Dispatch, _WORDS, st.lists(_WORDS, max_size=2).map(tuple)),
    st.builds(c.Sign, st.just("张三"), _UNIT),
    st.builds(c.Object, st.just("不归我管"), _UNIT, st.none()),
    st.builds(c.DecideObjection, st.booleans(), _UNIT),
    st.builds(c.Contact, st.just("phone"), st.just("张三"), st.just("确认"), st.none(), _UNIT),
    st.builds(c.Start, st.none(), _UNIT),
    st.builds(c.Extend, st.datetimes().map(lambda at: Played().at + timedelta(days=at.day)), st.just("复杂")),
    st.builds(c.DecideExtension, st.booleans()),
    st.builds(c.PutOnLedger, st.just("待拆迁")),
    st.builds(c.ReviewLedger, st.just("仍待")),
    st.builds(c.StrikeOff, st.just("可办")),
    st.builds(c.Answer, st.just("phone"), st.just("张三"), st.just("已办"), _UNIT),
    st.builds(c.Complete, st.just("已办"), st.booleans(), st.none(), _UNIT),
    st.sampled_from([SATISFIED, DISSATISFIED, UNREACHED]),
    st.builds(c.Reopen, st.just("再办")),
    st.builds(c.Escalate, st.just("重大")),
    st.builds(c.Conclude, st.just("phone"), st.just("办公室"), st.just("结论")),
    st.builds(c.Reassign, _WORDS, st.just("改派")),
    st.builds(c.Whistle, st.lists(_WORDS, min_size=1, max_size=2).map(tuple), st.just("到场")),
    st.builds(c.ReportIn, st.just("钱七"), _UNIT),
    st.builds(c.FinishTask, st.just("完成"), _UNIT),
    st.builds(c.Assist, _WORDS, st.just("协助")),
)
_ACTORS = st.one_of(st.just(OPERATOR), st.just(SUPERVISOR), st.sampled_from(["u-7", "u-8", "u-9"]).map(of_unit))
_DRAFTS = st.sampled_from(
    [a_draft(), a_draft(unit_id=None), a_draft(channel=Channel.WEB), a_draft(level=1), a_draft(level=4)]
)


@pytest.mark.requirement("TK-1", "TK-6", "DI-2")
@settings(max_examples=120, deadline=None)
@given(_DRAFTS, st.lists(st.tuples(_COMMANDS, _ACTORS, st.integers(1, 5000)), max_size=30))
def test_whatever_is_tried_the_promises_hold(draft: object, plan: list[tuple[c.Command, Principal, int]]) -> None:
    played = Played(draft)  # type: ignore[arg-type]  # hypothesis types sampled drafts as object
    responsible = played.life.main is not None
    for command, who, minutes in plan:
        before = played.state
        try:
            played.do(command, who=who, at=played.at + timedelta(minutes=minutes))
        except (IllegalMove, NotAllowed, UnknownUnit):
            continue
        mains = [each for each in played.life.assignments if each.role is AssignmentRole.MAIN and each.runs]
        responsible = responsible or bool(mains)
        assert len(mains) == responsible
        assert all(each.stopped_at is None or each.stopped_at >= each.started_at for each in played.life.deadlines)
        if played.state is State.CLOSED and before is not State.CLOSED:
            assert played.life.answered_at is not None
            assert played.life.accountable is not None
            assert played.life.open_clocks() == ()
    assert broken_at(NUMBER, played.history) is None
    table = {(move.source, move.verb, move.target) for move in MOVES}
    assert {(last.state, event.verb, event.state) for last, event in pairwise(played.history)} <= table
