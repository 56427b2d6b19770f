import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.endpoint import Ended, Endpoint, EndpointTimes, NothingSaid, Onset
from speech.turns import Wording

TIMES = EndpointTimes(onset=0.06, pause=0.8, pause_open=1.8, limit=60.0, pause_done=0.5)
Event = Onset | Ended | NothingSaid


class Line:
    """Feeds an endpointer frame by frame and keeps what it says."""

    def __init__(self, times: EndpointTimes = TIMES) -> None:
        self.endpoint = Endpoint(times)
        self.frames = 0
        self.said: list[tuple[float, Event]] = []
        self.endpoint.arm()

    @property
    def now(self) -> float:
        return round(self.frames * 0.02, 3)

    def run(self, voiced: bool, seconds: float) -> "Line":
        for _ in range(round(seconds / 0.02)):
            start = self.now
            self.frames += 1
            event = self.endpoint.frame(voiced, start, self.now)
            if event is not None:
                self.said.append((self.now, event))
        return self


def test_speech_begins_after_sixty_milliseconds_of_voice_and_is_dated_back() -> None:
    line = Line().run(False, 1.0).run(True, 0.2)
    assert line.said == [(1.06, Onset(1.0))]


def test_a_click_is_no_speech() -> None:
    assert Line().run(False, 1.0).run(True, 0.04).run(False, 5.0).said == []


def test_a_pause_ends_the_utterance_where_the_voice_ended() -> None:
    line = Line().run(True, 1.0).run(False, 2.0)
    assert [event for _, event in line.said] == [Onset(0.0), Ended(1.0, "pause")]
    assert line.said[1][0] == pytest.approx(1.8)
    assert not line.endpoint.armed


def test_a_shorter_pause_does_not() -> None:
    line = Line().run(True, 1.0).run(False, 0.7).run(True, 1.0).run(False, 2.0)
    assert [event for _, event in line.said] == [Onset(0.0), Ended(2.7, "pause")]


@pytest.mark.parametrize(("wording", "seconds"), [(Wording.DONE, 0.5), (Wording.PLAIN, 0.8), (Wording.OPEN, 1.8)])
def test_the_wording_of_the_text_decides_how_long_a_pause_may_be(wording: Wording, seconds: float) -> None:
    line = Line().run(True, 1.0)
    line.endpoint.hear(wording)
    line.run(False, 2.0)
    assert line.said[-1] == (pytest.approx(1.0 + seconds), Ended(1.0, "pause"))


def test_a_text_that_comes_during_the_pause_counts_at_once() -> None:
    line = Line().run(True, 1.0).run(False, 0.7)
    line.endpoint.hear(Wording.OPEN, 1.2)
    line.run(False, 1.0)
    assert line.endpoint.speaking
    line.endpoint.hear(Wording.DONE, 2.6)
    line.run(False, 0.02)
    assert line.said[-1] == (pytest.approx(2.72), Ended(1.0, "pause"))


def test_a_text_older_than_the_pause_says_nothing_about_it() -> None:
    line = Line().run(True, 1.0)
    line.endpoint.hear(Wording.DONE, 1.0)
    line.run(True, 1.0).run(False, 2.0)
    assert line.said[-1] == (pytest.approx(2.8), Ended(2.0, "pause"))


def test_the_wording_of_one_utterance_is_forgotten_for_the_next() -> None:
    line = Line().run(True, 1.0)
    line.endpoint.hear(Wording.OPEN)
    line.run(False, 2.0)
    line.endpoint.arm()
    line.run(True, 1.0).run(False, 1.0)
    assert line.said[-1] == (pytest.approx(4.8), Ended(4.0, "pause"))


def test_a_word_or_two_in_answer_to_a_closed_question_are_done_and_a_sentence_is_not() -> None:
    line = Line()
    line.endpoint.arm(closed=True)
    line.run(True, 0.4).run(False, 1.0)
    assert line.said[-1] == (pytest.approx(0.9), Ended(0.4, "pause"))
    line.endpoint.arm(closed=True)
    line.run(True, 2.0).run(False, 0.7)
    assert line.endpoint.speaking
    line.endpoint.arm(closed=True)
    line.run(True, 0.4)
    line.endpoint.hear(Wording.OPEN)
    line.run(False, 1.7)
    assert line.endpoint.speaking


def test_a_text_that_sounds_done_never_waits_longer_than_one_that_does_not_tell() -> None:
    assert EndpointTimes(0.06, 0.4, 1.8, 60.0, pause_done=0.5).patience(Wording.DONE) == 0.4
    assert EndpointTimes(0.06, 0.4, 1.8, 60.0).patience(Wording.DONE) == 0.4


def test_no_speech_is_counted_from_when_it_is_asked_for() -> None:
    line = Line().run(False, 3.0)
    assert line.said == []
    line.endpoint.expect(line.now, 5.0)
    line.run(False, 6.0)
    assert line.said == [(8.0, NothingSaid(5.0))]


def test_no_speech_does_not_cut_off_who_begins_at_the_last_moment() -> None:
    line = Line()
    line.endpoint.expect(0.0, 1.0)
    line.run(False, 0.98).run(True, 1.0)
    assert line.said == [(1.04, Onset(0.98))]


def test_the_hard_limit_ends_a_speech_without_pauses() -> None:
    line = Line(EndpointTimes(0.06, 0.8, 1.8, 10.0)).run(True, 12.0)
    assert [event for _, event in line.said] == [Onset(0.0), Ended(10.0, "limit")]


def test_the_key_ends_speech_and_says_nothing_said_before_it() -> None:
    line = Line().run(True, 1.0)
    assert line.endpoint.key(line.now) == Ended(1.0, "key")
    assert line.endpoint.key(line.now) is None
    waiting = Line()
    waiting.endpoint.expect(0.0, 5.0)
    assert waiting.endpoint.key(1.0) == NothingSaid(5.0)


def test_disarmed_it_says_nothing() -> None:
    line = Line()
    line.endpoint.disarm()
    assert line.run(True, 5.0).run(False, 5.0).said == []


@given(st.lists(st.tuples(st.booleans(), st.floats(0.02, 3.0)), max_size=30))
def test_onset_and_end_always_alternate_and_times_never_run_back(spans: list[tuple[bool, float]]) -> None:
    line = Line()
    for voiced, seconds in spans:
        line.run(voiced, seconds)
        if not line.endpoint.armed:
            line.endpoint.arm()
    kinds = [type(event) for _, event in line.said]
    assert all(first is not second for first, second in itertools.pairwise(kinds))
    moments = [
        event.started if isinstance(event, Onset) else event.ended
        for _, event in line.said
        if not isinstance(event, NothingSaid)
    ]
    assert moments == sorted(moments)
