import json
import wave
from pathlib import Path

import numpy as np
import pytest

from speech.endpoint import EndpointTimes
from speech.endpointing import PAUSES, Heard, Trial, grid, measure, take
from speech.engines.port import Reading
from speech.frames import FRAME_SECONDS, dbfs, to_float, to_pcm
from speech.ports import Alternative, Bias, Capabilities
from speech.turns import Wording
from tests.speech.test_pauses import sentence

TIMES = EndpointTimes(onset=0.06, pause=0.8, pause_open=1.8, limit=60.0, pause_done=0.5)


def trial(pause: float, words: tuple[Heard | None, Heard | None] = (None, None)) -> Trial:
    """A second of voice, a pause, another second, four of quiet."""
    spans = [(False, 0.5), (True, 1.0), (False, pause), (True, 1.0), (False, 4.0)]
    voiced = tuple(each for each, seconds in spans for _ in range(round(seconds / FRAME_SECONDS)))
    return Trial(voiced, pause, 0.5, 1.5, 0.0, 2.5 + pause, words)


class Loud:
    def voiced(self, pcm: bytes) -> bool:
        return dbfs(to_float(pcm)) > -40

    def reset(self) -> None:
        raise AssertionError("a trial has a detector of its own")


class UpToNow:
    """An engine that says 然后 of the first part and 谢谢 of the whole."""

    capabilities = Capabilities(False, False, True, 8_000)

    def open(self, rate: int = 8_000, bias: Bias | None = None) -> "UpToNow":
        self.texts = ["我说然后", "我说完了谢谢"]
        return self

    def accept(self, pcm: bytes) -> None:
        pass

    def partial(self) -> str | None:
        return self.texts.pop(0)

    def final(self) -> Reading:
        return Reading((Alternative("", 0.0),), 0.0, 0.0)


def test_a_long_pause_cuts_off_and_a_short_one_does_not() -> None:
    short, long = take(trial(0.7), TIMES), take(trial(1.0), TIMES)
    assert (short.ended, short.announced) == (pytest.approx(3.2), pytest.approx(4.0))
    assert long.ended == pytest.approx(1.5)


def test_the_wording_saves_a_sentence_that_goes_on_and_hurries_one_that_does_not() -> None:
    heard = (Heard(Wording.OPEN, 0.6), Heard(Wording.DONE, 0.4))
    taken = take(trial(1.5, heard), TIMES, "decoded")
    assert (taken.ended, taken.announced) == (pytest.approx(4.0), pytest.approx(4.5))
    assert take(trial(1.5, heard), TIMES).ended == pytest.approx(1.5)


def test_a_text_that_comes_after_the_decision_does_not_help() -> None:
    heard = (Heard(Wording.OPEN, 0.9), Heard(Wording.PLAIN, 0.9))
    assert take(trial(1.5, heard), TIMES, "decoded").ended == pytest.approx(1.5)
    assert take(trial(1.5, heard), TIMES, "streamed").ended == pytest.approx(4.0)


def test_the_configured_times_come_first_in_the_table() -> None:
    table = grid(TIMES, (0.5, 0.8, 2.0))
    assert [(row.pause, row.pause_open, row.pause_done) for row in table] == [
        (0.8, 1.8, 0.5),
        (0.5, 1.8, 0.5),
        (2.0, 2.0, 0.5),
    ]


def test_recordings_give_a_table_without_and_with_words(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with wave.open(str(path), "wb") as audio:
        audio.setnchannels(1)
        audio.setsampwidth(2)
        audio.setframerate(8_000)
        audio.writeframes(to_pcm(sentence()))
    short = tmp_path / "short.wav"
    short.write_bytes(path.read_bytes()[: 44 + 8_000])
    done: list[int] = []
    report = measure(
        [path, short, tmp_path / "absent.wav"], Loud, [TIMES], UpToNow(), name="x", progress=done.append
    ).as_json()
    assert (report["recordings"], report["too_short"], len(report["failed"]), done) == (1, 1, 1, [1, 2, 3])
    without, with_words, streamed = report["rows"]
    assert [row["words"] for row in report["rows"]] == ["none", "decoded", "streamed"]
    assert streamed["cut_off"] == with_words["cut_off"]
    assert without["cut_off"] == {f"{pause:g}": float(pause >= 1.0) for pause in PAUSES}
    assert without["cut_off_upto_1.0"] == 0.25
    assert with_words["cut_off"] == {f"{pause:g}": 0.0 for pause in PAUSES}
    assert without["delay"]["p50"] == pytest.approx(0.8, abs=0.05)
    assert with_words["delay"]["p50"] == pytest.approx(0.5, abs=0.05)
    assert report["onset"]["p50"] == pytest.approx(0.06, abs=0.05)
    json.dumps(report)


def test_nothing_to_measure_is_an_empty_table(tmp_path: Path) -> None:
    report = measure([], Loud, [TIMES]).as_json()
    assert (report["recordings"], report["rows"][0]["cut_off_upto_1.0"]) == (0, 0.0)
    assert np.isfinite(report["rows"][0]["delay"]["p50"])
