"""Questions about what was heard, on made-up packets."""

import math
import wave
from pathlib import Path

import numpy as np
import pytest

from hotline.phone.recorder import FLOOR_DBFS, Recorder, level_dbfs

LOUD = (16_384 * np.sin(2 * np.pi * np.arange(160) / 16)).astype("<i2").tobytes()
QUIET = bytes(320)


def recorder(pattern: str, start: float = 1000.0) -> Recorder:
    """`#` a loud packet, `.` a silent one, a blank a lost one; one each 20 ms."""
    made = Recorder()
    for index, char in enumerate(pattern):
        if char != " ":
            made.add(start + index * 0.02, 1, 4_294_967_200 + index * 160 & 0xFFFFFFFF, LOUD if char == "#" else QUIET)
    return made


def test_a_half_scale_sine_is_nine_decibels_down():
    assert level_dbfs(LOUD) == pytest.approx(-9.03, abs=0.05)
    assert level_dbfs(QUIET) == level_dbfs(b"") == FLOOR_DBFS


def test_energy_goes_by_arrival():
    heard = recorder("##..")
    assert heard.energy_dbfs(1000.0, 1000.03) == pytest.approx(-9.03, abs=0.05)
    assert heard.energy_dbfs(1000.0, 1000.08) == pytest.approx(-12.04, abs=0.05)
    assert heard.energy_dbfs(1000.04) == FLOOR_DBFS
    assert heard.energy_dbfs(until=999.0) == FLOOR_DBFS


def test_first_and_last_sound():
    heard = recorder("..#..#.")
    assert heard.first_sound_after(1000.0) == pytest.approx(1000.04)
    assert heard.first_sound_after(1000.05) == pytest.approx(1000.10)
    assert heard.first_sound_after(1000.2) is None
    assert heard.last_sound_before(1000.10) == pytest.approx(1000.04)


def test_silences_count_lost_packets_and_the_bounds():
    heard = recorder("#...  .#..")
    [silence] = heard.silences(0.1)
    assert (silence.since, silence.seconds) == (pytest.approx(1000.0), pytest.approx(0.14))
    assert len(heard.silences(0.1, until=1001.0)) == 2
    assert heard.silences(0.2) == []
    assert [round(s.seconds, 2) for s in Recorder().silences(1.0, since=0.0, until=5.0)] == [5.0]


def test_gaps_are_filled_and_late_packets_put_in_their_place():
    heard = Recorder()
    for arrived, number in ((1.0, 0), (1.06, 3), (1.061, 1)):
        heard.add(arrived, 7, number * 160, LOUD)
    assert heard.pcm() == LOUD + LOUD + QUIET + LOUD


def test_a_new_source_is_laid_out_by_its_arrival():
    heard = Recorder()
    heard.add(1.0, 1, 0, LOUD)
    heard.add(1.04, 2, 123_456, LOUD)
    assert heard.pcm() == LOUD + QUIET + LOUD


def test_levels_come_one_for_each_step():
    assert recorder("##..##", start=0.0).levels(0.04) == [-9.0, FLOOR_DBFS, -9.0]
    assert Recorder().levels() == []


def test_sound_beyond_the_limit_is_counted_not_kept():
    heard = Recorder(max_seconds=0.04)
    for number in range(5):
        heard.add(1.0 + number * 0.02, 1, number * 160, LOUD)
    assert (len(heard.packets), heard.dropped) == (2, 3)


def test_the_wav_file_is_telephone_sound(tmp_path: Path):
    path = tmp_path / "heard.wav"
    recorder("##").write_wav(path)
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
        assert math.isclose(file.getnframes(), 320)
