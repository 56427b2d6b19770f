"""A model's folder judged by its files: missing, broken off, of another language, of another rate."""

from collections.abc import Callable
from pathlib import Path

import pytest

from speech.engines import EngineChoice
from speech.engines.choice import EngineName
from speech.engines.suitable import inspect
from speech.errors import ModelError
from tests.fakes.tone_model import write_tone_model

CHINESE = ("我", "你", "的", "垃圾")
KOREAN = ("나", "너", "안녕하세요")
JAPANESE = ("我", "的", "不", "東京")


def choice(engine: EngineName, folder: Path) -> EngineChoice:
    return EngineChoice(engine, folder, "test")


def vosk_model(folder: Path, words: tuple[str, ...], *, listed: bool = True, rate: str = "") -> Path:
    """The files by which a Vosk model is known; its words in a list or, as small models have them, in the graph."""
    contents: dict[str, bytes] = {
        "am/final.mdl": b"\0B",
        "conf/mfcc.conf": f"--use-energy=false\n{rate}\n".encode(),
    }
    if listed:
        contents["graph/words.txt"] = "".join(f"{word} {number}\n" for number, word in enumerate(words)).encode()
        contents["graph/HCLG.fst"] = b"\xd6\xfd\xb2~"
    else:
        entries = (word.encode() for word in words)
        table = b"".join(len(each).to_bytes(4, "little") + each + bytes(8) for each in entries)
        contents["graph/HCLr.fst"] = b"\xd6\xfd\xb2~"
        contents["graph/Gr.fst"] = b"\xd6\xfd\xb2~" + bytes(64) + table + bytes(500)
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def whisper_model(folder: Path, entries: int) -> Path:
    folder.mkdir(parents=True)
    for name in ("model.bin", "tokenizer.json"):
        (folder / name).write_bytes(b"{}")
    (folder / "config.json").write_text("{}")
    (folder / "vocabulary.txt").write_text("word\n" * entries)
    return folder


def sherpa_model(folder: Path, tokens: tuple[str, ...]) -> Path:
    write_tone_model(folder)
    lines = "".join(f"{token} {number}\n" for number, token in enumerate(("<blk>", *tokens)))
    (folder / "tokens.txt").write_text(lines, encoding="utf-8")
    return folder


@pytest.mark.parametrize("listed", [True, False])
def test_a_chinese_vosk_model_is_fit_and_its_rate_said(tmp_path: Path, listed: bool) -> None:
    folder = vosk_model(tmp_path / "vosk-own", CHINESE, listed=listed)
    assert inspect(choice("vosk", folder)).startswith("it works at 16000 Hz: telephone audio is resampled")


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        ("--sample-frequency=8000", "made for the telephone's 8000 Hz"),
        ("--sample-frequency=16000\n--allow-upsample=true", "16000 Hz: Kaldi raises the rate"),
        ("--sample-frequency=44100", "44100 Hz: telephone audio is resampled"),
    ],
)
def test_what_is_done_about_the_rate_of_a_vosk_model_is_said(tmp_path: Path, rate: str, said: str) -> None:
    assert said in inspect(choice("vosk", vosk_model(tmp_path / "vosk-own", CHINESE, rate=rate)))


@pytest.mark.fault("F10")
@pytest.mark.parametrize(
    ("engine", "make"),
    [
        ("vosk", lambda folder: vosk_model(folder, KOREAN)),
        ("vosk", lambda folder: vosk_model(folder, KOREAN, listed=False)),
        ("vosk", lambda folder: vosk_model(folder, JAPANESE)),
        ("sherpa-onnx", lambda folder: sherpa_model(folder, ("▁the", "▁of", "S"))),
        ("whisper", lambda folder: whisper_model(folder, 51_864)),
    ],
)
def test_a_model_of_another_language_is_refused_in_one_sentence(
    tmp_path: Path, engine: EngineName, make: Callable[[Path], Path]
) -> None:
    folder = make(tmp_path / "own")
    with pytest.raises(ModelError, match=r"is not for Chinese.*put a Chinese model there") as caught:
        inspect(choice(engine, folder))
    assert str(folder) in str(caught.value)


@pytest.mark.fault("F10")
def test_the_korean_model_of_the_tests_is_told_from_its_graph(vosk_ko: Path) -> None:
    with pytest.raises(ModelError, match="is not for Chinese"):
        inspect(choice("vosk", vosk_ko))


def test_chinese_models_of_the_other_engines_are_fit(tmp_path: Path, whisper_base: Path) -> None:
    assert "16000 Hz" in inspect(choice("whisper", whisper_base))
    assert "16000 Hz" in inspect(choice("whisper", whisper_model(tmp_path / "large", 51_866)))
    assert "16000 Hz" in inspect(choice("sherpa-onnx", sherpa_model(tmp_path / "characters", CHINESE)))
    marked = tuple(f"▁{word}" for word in CHINESE)
    assert "16000 Hz" in inspect(choice("sherpa-onnx", sherpa_model(tmp_path / "marked", marked)))


def test_a_byte_level_vocabulary_shows_no_characters_and_is_trusted(tmp_path: Path) -> None:
    folder = sherpa_model(tmp_path / "own", ("▁ƌŕş", "▁ƍĩĴ"))
    (folder / "bbpe.model").write_bytes(b"x")
    assert "16000 Hz" in inspect(choice("sherpa-onnx", folder))


def test_servers_keep_their_models_themselves() -> None:
    assert inspect(EngineChoice("vosk-server", None, "test", ("ws://127.0.0.1:1",))) == ""


@pytest.mark.fault("F10")
@pytest.mark.parametrize("engine", ["vosk", "sherpa-onnx", "whisper"])
def test_a_folder_that_is_not_there_is_named_with_the_mend(tmp_path: Path, engine: EngineName) -> None:
    with pytest.raises(ModelError, match=r"no recognition model in .*hotline models fetch gone"):
        inspect(choice(engine, tmp_path / "gone"))


@pytest.mark.fault("F10")
@pytest.mark.parametrize(
    ("engine", "make", "spoilt"),
    [
        ("vosk", lambda folder: vosk_model(folder, CHINESE), "am/final.mdl"),
        ("vosk", lambda folder: vosk_model(folder, CHINESE, listed=False), "graph/Gr.fst"),
        ("sherpa-onnx", lambda folder: sherpa_model(folder, CHINESE), "tokens.txt"),
        ("sherpa-onnx", lambda folder: sherpa_model(folder, CHINESE), "encoder.onnx"),
        ("whisper", lambda folder: whisper_model(folder, 51_865), "tokenizer.json"),
    ],
)
def test_a_folder_with_a_file_missing_names_the_file(
    tmp_path: Path, engine: EngineName, make: Callable[[Path], Path], spoilt: str
) -> None:
    folder = make(tmp_path / "own")
    (folder / spoilt).unlink()
    with pytest.raises(ModelError, match=spoilt.split("/")[-1].split(".")[0]):
        inspect(choice(engine, folder))


@pytest.mark.fault("F10")
@pytest.mark.parametrize("spoilt", ["tokenizer.json", "vocabulary.txt"])
def test_a_whisper_model_of_ones_own_that_broke_off_is_named(tmp_path: Path, spoilt: str) -> None:
    folder = whisper_model(tmp_path / "own", 51_865)
    whole = (folder / spoilt).read_bytes()
    (folder / spoilt).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelError, match=rf"{spoilt}.* broke off"):
        inspect(choice("whisper", folder))


@pytest.mark.fault("F10")
@pytest.mark.parametrize(("engine", "name"), [("whisper", "whisper-base"), ("vosk", "vosk-ko")])
def test_a_known_model_that_broke_off_is_named_by_its_sizes(
    tmp_path: Path, whisper_base: Path, vosk_ko: Path, engine: EngineName, name: str
) -> None:
    whole = {"whisper-base": whisper_base, "vosk-ko": vosk_ko}[name]
    broken = {"whisper-base": "model.bin", "vosk-ko": "graph/HCLr.fst"}[name]
    for path in whole.rglob("*"):
        if path.is_file():
            target = tmp_path / name / path.relative_to(whole)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(path)
    spoilt = tmp_path / name / broken
    spoilt.unlink()
    spoilt.write_bytes(b"x" * 1000)
    with pytest.raises(ModelError, match=rf"{name} is not whole: {broken} has 1000 bytes where \d+ are expected"):
        inspect(choice(engine, tmp_path / name))
