import json
import wave
from pathlib import Path

import numpy as np
import pytest

from speech.engines import EngineChoice, load
from speech.engines.port import Engine, Reading
from speech.errors import ManifestError
from speech.evaluate import evaluate_manifest, read_manifest, transcribe_file, transcribe_files
from speech.frames import to_pcm
from speech.ports import Alternative, Bias, Capabilities
from speech.settings import SpeechSettings


class WrittenDecoder:
    def __init__(self, text: str) -> None:
        self._text, self.heard = text, 0

    def accept(self, pcm: bytes) -> None:
        self.heard += len(pcm)

    def partial(self) -> str | None:
        return None

    def final(self) -> Reading:
        return Reading((Alternative(self._text, 0.5),) if self._text else (), 0.0, 1.0, 0.5 if self._text else None)


class WrittenEngine:
    """Gives its texts in order and remembers the rates it was asked for."""

    def __init__(self, *texts: str) -> None:
        self._texts = list(texts)
        self.rates: list[int] = []

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(False, False, True, 16_000)

    def open(self, rate: int = 8_000, bias: Bias | None = None) -> WrittenDecoder:
        self.rates.append(rate)
        return WrittenDecoder(self._texts[len(self.rates) - 1])


def write_wav(path: Path, pcm: bytes, rate: int = 16_000) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as audio:
        audio.setnchannels(1)
        audio.setsampwidth(2)
        audio.setframerate(rate)
        audio.writeframes(pcm)
    return path


def tone(seconds: float = 1.0) -> bytes:
    return to_pcm((0.1 * np.sin(np.arange(int(16_000 * seconds)) / 5)).astype(np.float32))


async def test_a_manifest_is_scored_overall_and_by_source(tmp_path: Path) -> None:
    for name in ("a/1.wav", "a/2.wav", "b/3.wav"):
        write_wav(tmp_path / name, tone())
    manifest = tmp_path / "manifest.csv"
    manifest.write_text(
        "file,transcript,source\na/1.wav,设定三十度,读\na/2.wav,垃圾清理,读\nb/3.wav,你好,\n", encoding="utf-8"
    )
    told: list[tuple[int, int]] = []
    report = await evaluate_manifest(
        manifest, WrittenEngine("设定30度", "垃圾", ""), "wide", name="x", progress=lambda *step: told.append(step)
    )
    answer = report.as_json()
    assert (answer["files"], answer["characters"], answer["errors"], answer["cer"]) == (3, 11, 4, round(4 / 11, 4))
    assert {name: rate["errors"] for name, rate in answer["sources"].items()} == {"读": 2, "b": 2}
    assert (answer["empty"], answer["seconds"]) == (1, 3.0)
    assert answer["processor"] >= 0
    assert answer["processor_rtf"] == round(report.processor / 3.0, 3)
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert [line["heard"] for line in report.as_json(lines=True)["lines"]] == ["设定30度", "垃圾", ""]
    json.dumps(answer)


async def test_the_telephone_band_is_fed_at_8_khz(tmp_path: Path) -> None:
    engine = WrittenEngine("好", "好")
    path = write_wav(tmp_path / "1.wav", tone())
    assert transcribe_file(path, engine, "wide").seconds == pytest.approx(1.0)
    assert transcribe_file(path, engine, "phone").seconds == pytest.approx(1.0)
    assert engine.rates == [16_000, 8_000]


async def test_files_that_cannot_be_read_are_said_and_the_rest_goes_on(tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF nothing here")
    empty = write_wav(tmp_path / "empty.wav", b"")
    good = write_wav(tmp_path / "good.wav", tone())
    paths = [tmp_path / "absent.wav", broken, empty, good]
    lines = [item.as_json() async for item in transcribe_files(paths, WrittenEngine("好"))]
    assert "no such file" in lines[0]["error"]
    assert "not a readable audio file" in lines[1]["error"]
    assert "error" in lines[2]
    assert lines[3]["text"] == "好"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,text\na.wav,好\n", "lacks transcript"),
        ("file,transcript\na.wav,\n", "line 2: file and transcript must both be filled in"),
        ("", "lacks file, transcript"),
    ],
)
def test_a_wrong_manifest_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "m.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ManifestError, match=message):
        read_manifest(path)


def test_a_manifest_that_is_no_text_or_not_there_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="no such file"):
        read_manifest(tmp_path / "absent.csv")
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(ManifestError, match="UTF-8"):
        read_manifest(tmp_path / "binary.csv")


def test_a_file_goes_through_the_real_engine(tmp_path: Path, vosk_ko: Path, hello: bytes) -> None:
    engine: Engine = load(EngineChoice("vosk", vosk_ko, ""), SpeechSettings())
    heard = transcribe_file(write_wav(tmp_path / "hello.wav", hello, 8_000), engine, "phone")
    assert heard.text
    assert heard.rtf > 0
