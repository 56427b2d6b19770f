"""Rendering, checking and looking up prompts, with a voice that hums."""

from pathlib import Path

import numpy as np
import pytest

from speech.prompts import (
    FindingKind,
    Manifest,
    PromptEntry,
    PromptLibrary,
    PromptMissing,
    RenderError,
    SoundKind,
    check,
    check_own,
    fixed_entries,
    render,
)
from speech.prompts.wav import pcm_of, wav_bytes
from speech.voices.audio import TARGET_LUFS, from_pcm16, loudness, pcm16
from speech.voices.ports import Samples, VoiceError

SHIPPED = Path(__file__).parents[3] / "asterisk/sounds/zh/hotline"


class Hum:
    """Hums 0.2 s a character, with silence around it, and counts what it was asked to say."""

    sample_rate = 24_000

    def __init__(self, name: str = "hum", pace: float = 1.0) -> None:
        self.name = name
        self.pace = pace
        self.said: list[str] = []

    def synthesise(self, text: str) -> Samples:
        self.said.append(text)
        if text == "坏":
            raise VoiceError("cannot say that")
        time = np.arange(int(0.2 / self.pace * len(text) * self.sample_rate)) / self.sample_rate
        hum = (0.02 * np.sin(2 * np.pi * 300 * time)).astype(np.float32)
        return np.pad(hum, 12_000)


HELLO = PromptEntry("hello", "您好您好您好")
NAMED = PromptEntry("category/trees", "园林绿化")


def kinds(findings: object) -> list[tuple[str, str]]:
    return [(finding.id, finding.kind.value) for finding in findings]  # type: ignore[attr-defined] # any iterable


def test_rendered_files_are_trimmed_level_and_what_asterisk_plays(tmp_path: Path) -> None:
    report = render([HELLO, NAMED], Hum(), tmp_path)
    assert report.rendered == ["hello", "category/trees"]
    audio = from_pcm16(pcm_of((tmp_path / "category/trees.wav").read_bytes()))
    assert len(audio) / 8_000 == pytest.approx(0.8 + 0.11, abs=0.04)
    assert loudness(audio) == pytest.approx(TARGET_LUFS, abs=0.5)
    assert check([HELLO, NAMED], tmp_path) == []


def test_only_what_is_missing_or_stale_is_rendered_again(tmp_path: Path) -> None:
    voice = Hum()
    render([HELLO, NAMED], voice, tmp_path)
    changed = PromptEntry("hello", "您好")
    report = render([changed, NAMED], voice, tmp_path, jobs=2)
    assert report.rendered == ["hello"]
    assert report.fresh == ["category/trees"]
    (tmp_path / "category/trees.wav").unlink()
    assert render([changed, NAMED], voice, tmp_path).rendered == ["category/trees"]
    assert render([changed, NAMED], Hum("other"), tmp_path).rendered == ["hello", "category/trees"]


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        render([HELLO], Hum(), tmp_path / folder)
    assert (tmp_path / "a/hello.wav").read_bytes() == (tmp_path / "b/hello.wav").read_bytes()
    assert (tmp_path / "a/manifest.json").read_bytes() == (tmp_path / "b/manifest.json").read_bytes()


def test_a_prompt_that_cannot_be_said_is_named_and_the_others_stay(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="prompt bad could not be rendered: cannot say that"):
        render([HELLO, PromptEntry("bad", "坏")], Hum(), tmp_path)
    assert list(Manifest.read(tmp_path).entries) == ["hello"]
    assert render([HELLO], Hum(), tmp_path).rendered == []


def test_tones_silence_and_loops_need_no_voice(tmp_path: Path) -> None:
    voice = Hum()
    beep = PromptEntry("beep", "", kind=SoundKind.TONE, hertz=1_000, seconds=0.35)
    pause = PromptEntry("pause", "", kind=SoundKind.SILENCE, seconds=1)
    render([beep, pause], voice, tmp_path)
    library = PromptLibrary([tmp_path])
    assert voice.said == []
    assert (library.seconds("beep"), library.seconds("pause")) == (0.35, 1.0)
    spectrum = np.abs(np.fft.rfft(from_pcm16(library.pcm("beep"))))
    assert int(spectrum.argmax()) / 0.35 == pytest.approx(1_000, abs=4)


def test_a_loop_ends_in_the_asked_for_silence(tmp_path: Path) -> None:
    render([PromptEntry("loop", "您好", tail_seconds=1.5)], Hum(), tmp_path)
    pcm = PromptLibrary([tmp_path]).pcm("loop")
    assert not any(pcm[-2 * 12_000 :])
    assert any(pcm[-2 * 13_000 :])


def test_digits_come_out_equally_long_whatever_the_voice_makes_of_them(tmp_path: Path) -> None:
    digits = [PromptEntry(f"digit-{n}", "零" * n, isolated=True) for n in (1, 2, 3)]
    render(digits, lambda pace: Hum(pace=pace), tmp_path)
    library = PromptLibrary([tmp_path])
    assert len({library.seconds(digit.id) for digit in digits}) == 1


def test_every_kind_of_fault_is_found(tmp_path: Path) -> None:
    names = ["missing", "stale", "changed", "wrong", "clipped", "quiet", "loud"]
    entries = [PromptEntry(name, "您好您好") for name in names]
    long = PromptEntry("long", "您好您好", max_seconds=0.5)
    render([*entries, long], Hum(), tmp_path)

    def put(name: str, pcm: bytes) -> None:
        (tmp_path / f"{name}.wav").write_bytes(wav_bytes(pcm))

    hum = from_pcm16(PromptLibrary([tmp_path]).pcm("loud"))
    (tmp_path / "missing.wav").unlink()
    entries[1] = PromptEntry("stale", "再见")
    put("changed", pcm16(hum[:-8]))
    (tmp_path / "wrong.wav").write_bytes(b"RIFF")
    put("clipped", pcm16(hum * 30))
    put("quiet", pcm16(hum * 0.1))
    put("loud", pcm16(hum * 2))
    put("unknown", pcm16(hum))

    found = kinds(check([*entries, long], tmp_path))
    assert ("missing", "missing") in found
    assert ("stale", "stale") in found
    assert ("changed", "changed") in found
    assert ("wrong", "wrong_format") in found
    assert ("clipped", "clipped") in found
    assert ("quiet", "too_quiet") in found
    assert ("loud", "too_loud") in found
    assert ("long", "too_long") in found
    assert found[-1] == ("unknown", "orphan")


def test_a_damaged_manifest_only_makes_everything_stale(tmp_path: Path) -> None:
    render([HELLO], Hum(), tmp_path)
    (tmp_path / "manifest.json").write_text("{", encoding="utf-8")
    assert kinds(check([HELLO], tmp_path)) == [("hello", FindingKind.STALE.value)]


@pytest.mark.fault("F97")
def test_a_prompt_without_audio_is_an_error_of_its_own(tmp_path: Path) -> None:
    library = PromptLibrary([tmp_path])
    for prompt_id in ("nothing", "../../etc/passwd", "a.b"):
        with pytest.raises(PromptMissing):
            library.pcm(prompt_id)
    assert library.preload(["nothing"]) == ["nothing"]


def test_own_recordings_come_first_and_unplayable_ones_are_passed_over(tmp_path: Path) -> None:
    render([HELLO, NAMED], Hum(), tmp_path / "shipped")
    own = tmp_path / "own"
    own.mkdir()
    (own / "hello.wav").write_bytes(wav_bytes(b"\x01\x00" * 800))
    (own / "category").mkdir()
    (own / "category/trees.wav").write_bytes(b"an mp3 by mistake")
    library = PromptLibrary([own, tmp_path / "shipped"])
    assert library.pcm("hello") == b"\x01\x00" * 800
    assert library.seconds("category/trees") == pytest.approx(0.9, abs=0.05)


def test_audio_is_read_once(tmp_path: Path) -> None:
    render([HELLO], Hum(), tmp_path)
    library = PromptLibrary([tmp_path])
    assert library.preload(["hello"]) == []
    (tmp_path / "hello.wav").unlink()
    assert library.has("hello")


def test_the_shipped_fixed_prompts_are_complete_and_sound() -> None:
    findings = [f for f in check(fixed_entries(), SHIPPED) if f.kind is not FindingKind.ORPHAN]
    assert findings == []


def test_a_folder_of_own_recordings_that_is_not_there_is_said(tmp_path: Path) -> None:
    assert kinds(check_own([HELLO], tmp_path / "none")) == [("none", "missing")]
    assert check_own([HELLO], tmp_path) == []
