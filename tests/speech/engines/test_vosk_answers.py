import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.engines.vosk_answers import VoskAnswers
from speech.errors import WireError


def heard(*answers: object) -> VoskAnswers:
    found = VoskAnswers()
    for answer in answers:
        found.hear(json.dumps(answer))
    return found


def test_words_move_from_the_partial_to_the_result_and_the_next_stretch_follows() -> None:
    answers = heard(
        {"partial": "小区 门口"}, {"alternatives": [{"text": "小区 门口", "confidence": 10.0}]}, {"partial": "垃圾"}
    )
    assert answers.words == "小区门口垃圾"
    assert [each.text for each in answers.alternatives] == ["小区门口"]


def test_scores_are_the_readings_shares_whatever_the_size_of_the_likelihoods() -> None:
    best, other = heard(
        {"alternatives": [{"text": "停电", "confidence": 9001.0}, {"text": "听电", "confidence": 9000.0}]}
    ).alternatives
    assert (best.text, other.text) == ("停电", "听电")
    assert best.score + other.score == pytest.approx(1.0, abs=1e-3)
    assert best.score > other.score


def test_a_server_set_to_one_reading_gives_the_mean_confidence_of_its_words() -> None:
    (only,) = heard({"text": "停 电", "result": [{"conf": 0.5}, {"conf": 1.0}]}).alternatives
    assert (only.text, only.score) == ("停电", 0.75)


def test_an_empty_result_adds_nothing() -> None:
    assert heard({"alternatives": [{"text": "", "confidence": 0.0}]}, {"text": ""}).alternatives == ()


@given(st.one_of(st.text(), st.binary(), st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps)))
def test_anything_else_is_the_servers_error_and_never_a_crash(answer: str | bytes) -> None:
    try:
        VoskAnswers().hear(answer)
    except WireError:
        return
    assert isinstance(json.loads(answer), dict)


@pytest.mark.parametrize(
    "answer",
    [{}, {"alternatives": 5}, {"alternatives": [5]}, {"alternatives": [{"text": "a", "confidence": "much"}]}],
)
def test_alternatives_of_another_shape_are_refused(answer: object) -> None:
    with pytest.raises(WireError):
        heard(answer)
