"""Enquiries that are answered on the spot, and places whose name is not unique."""

from dataclasses import replace

import pytest

from ivr.dialogue import Completeness, State
from ivr.dialogue import actions as act
from ivr.dialogue import events as ev
from routing.decision import RequestKind
from tests.fakes.routing import CERTAIN, WATER_BILL, WHICH_ROAD, a_decision
from tests.ivr.dialogue.conversation import Conversation, heard, in_state, leave_of, said, saves

EAST, WEST = (option.place for option in WHICH_ROAD.options)


@pytest.mark.requirement("IN-5")
def test_a_common_question_is_answered_at_once() -> None:
    talk = Conversation()
    assert said(talk.ask("水费怎么交")) == ("answer/water-bill", "answer-enough")
    assert talk.state is State.ANSWER


@pytest.mark.requirement("IN-5")
@pytest.mark.parametrize("enough", ["对", "1", ""])
def test_who_has_the_answer_gets_no_ticket_number_but_the_call_is_kept(enough: str) -> None:
    talk = in_state(State.ANSWER)
    by_voice = talk.say(enough) if enough not in ("", "1") else ()
    actions = by_voice or (talk.press("1") if enough else talk.silence())
    (save,) = saves(actions)
    assert save.completeness is Completeness.ANSWERED
    assert save.request.told == WATER_BILL
    assert save.note == "knowledge:water-bill"
    assert said(talk.saved("261122010001")) == ("anything-else",)
    assert talk.state is State.MORE


@pytest.mark.requirement("IN-6")
@pytest.mark.parametrize("more", ["2", "不对", "我是说我家水费一直多收没人退"])
def test_who_wants_more_than_the_answer_gets_a_ticket(more: str) -> None:
    talk = in_state(State.ANSWER)
    actions = talk.press("2") if more == "2" else talk.say(more)
    assert talk.state is State.CONFIRM
    assert not saves(actions)
    (save,) = saves(talk.press("1"))
    assert save.completeness is Completeness.COMPLETE
    assert save.request.told is None


def test_a_complaint_is_never_answered_from_the_knowledge_base() -> None:
    talk = Conversation()
    talk.ask("水费怎么交了还来催", kind=RequestKind.COMPLAINT)
    assert talk.state is State.CONFIRM


def test_a_draft_is_not_told_to_callers() -> None:
    talk = Conversation()
    talk.ask("水费怎么交", replace(WATER_BILL, published=False))
    assert talk.state is State.CONFIRM


def test_danger_comes_before_any_answer() -> None:
    talk = Conversation()
    leave = leave_of(talk.ask("水费怎么交，救命", emergency=CERTAIN))
    assert leave is not None
    assert leave.handover == "emergency"


def test_an_answer_nobody_understands_is_asked_again_and_then_becomes_a_ticket() -> None:
    talk = in_state(State.ANSWER)
    assert said(talk.mumble("呃")) == ("answer/water-bill", "answer-enough")
    talk.mumble("呃")
    talk.mumble("呃")
    assert talk.state is State.CONFIRM


def test_a_name_that_several_places_have_is_asked_back() -> None:
    talk = Conversation()
    actions = talk.say("新华路的垃圾没人清理", place_question=WHICH_ROAD, places=(EAST,))
    assert said(actions) == ("which-place", "option-1", "place/town-east", "option-2", "place/town-west")
    assert talk.state is State.WHICH
    assert talk.dialogue.place_question == WHICH_ROAD


@pytest.mark.parametrize("how", ["2", "第二个", "西渡那边的"])
def test_the_place_that_is_named_decides_the_unit(how: str) -> None:
    talk = in_state(State.WHICH)
    actions = (
        talk.press("2")
        if how == "2"
        else talk.dialogue.step(heard(how, a_decision(), settled=WEST if "西渡" in how else None))
    )
    (decide,) = [each for each in actions if isinstance(each, act.Decide)]
    assert decide.text == "新华路的垃圾没人清理，西渡街道新华路"
    talk.dialogue.step(ev.Decided(a_decision(unit="西渡街道办事处", unit_id="st-xidu")))
    assert talk.state is State.CONFIRM
    assert talk.dialogue.request.place == WEST
    assert talk.dialogue.request.decision is not None
    assert talk.dialogue.request.decision.unit_id == "st-xidu"
    assert talk.dialogue.place_question is None


def test_a_place_that_stays_unclear_is_not_asked_for_again() -> None:
    talk = in_state(State.WHICH)
    talk.mumble("就是那边")
    assert talk.state is State.CONFIRM
    assert in_state(State.WHICH).silence()


def test_a_decision_that_comes_after_the_caller_has_gone_on_is_nothing() -> None:
    assert in_state(State.CONFIRM).dialogue.step(ev.Decided(a_decision())) == ()
