"""What a recogniser is told to expect: the words of the question that was just asked."""

from ivr.dialogue import actions as act
from ivr.dialogue.steps import YES_NO, State
from speech.ports import Bias
from tests.ivr.dialogue.conversation import WHICH_ROAD, in_state


def bias_of(state: State) -> Bias | None:
    """As it is listened to again when the caller asks for the question once more."""
    talk = in_state(state)
    assert talk.state is state
    (listen,) = [each for each in talk.press("*") if isinstance(each, act.Listen)]
    return listen.bias


def test_the_names_that_were_read_out_are_expected() -> None:
    bias = bias_of(State.CLARIFY)
    assert bias is not None
    assert bias.terms
    assert bias.grammar == ()


def test_the_towns_and_roads_that_were_read_out_are_expected() -> None:
    bias = bias_of(State.WHICH)
    assert bias is not None
    assert {option.within for option in WHICH_ROAD.options} <= set(bias.terms)
    assert WHICH_ROAD.options[0].place.name in bias.terms
    assert "" not in bias.terms


def test_a_read_back_expects_a_yes_or_a_no() -> None:
    assert bias_of(State.CONFIRM) == YES_NO


def test_an_open_question_expects_nothing() -> None:
    assert bias_of(State.LISTEN) is None
