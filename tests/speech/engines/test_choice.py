from pathlib import Path

import pytest

from speech.engines import choose
from speech.engines.choice import threads_for
from speech.errors import ModelError
from speech.settings import SpeechSettings


def test_auto_prefers_a_chinese_vosk_model_and_falls_back_to_whisper(tmp_path: Path) -> None:
    (tmp_path / "whisper-base").mkdir()
    (tmp_path / "vosk-ko").mkdir()
    choice = choose(SpeechSettings(), tmp_path)
    assert (choice.name, choice.model.name) == ("whisper", "whisper-base")
    (tmp_path / "vosk-small-cn").mkdir()
    choice = choose(SpeechSettings(), tmp_path)
    assert (choice.name, choice.model.name) == ("vosk", "vosk-small-cn")
    assert choice.why


@pytest.mark.fault("F10")
@pytest.mark.parametrize("engine", ["auto", "vosk", "whisper"])
def test_without_a_model_the_error_says_what_to_do(tmp_path: Path, engine: str) -> None:
    with pytest.raises(ModelError, match="run `hotline models fetch`"):
        choose(SpeechSettings.model_validate({"engine": engine}), tmp_path)


def test_a_named_model_decides_its_engine(tmp_path: Path) -> None:
    (tmp_path / "vosk-ko").mkdir()
    assert choose(SpeechSettings(model="vosk-ko"), tmp_path).name == "vosk"
    with pytest.raises(ModelError, match="is for vosk"):
        choose(SpeechSettings(model="vosk-ko", engine="whisper"), tmp_path)


def test_cores_are_shared_between_workers() -> None:
    assert threads_for(SpeechSettings(threads=3)) == 3
    assert threads_for(SpeechSettings(workers=64)) >= 1
