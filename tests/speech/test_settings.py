import pytest
from pydantic import ValidationError

from speech.settings import SpeechSettings


@pytest.mark.fault("F96")
@pytest.mark.parametrize(
    "wrong",
    [
        {"engin": "vosk"},
        {"engine": "kaldi"},
        {"workers": 0},
        {"endpoint": {"pause": 2.0, "pause_open": 1.0}},
        {"replay_seconds": 10},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SpeechSettings.model_validate(wrong)


def test_settings_cannot_be_changed_and_survive_json() -> None:
    settings = SpeechSettings(workers=2)
    with pytest.raises(ValidationError):
        settings.workers = 3
    assert SpeechSettings.model_validate_json(settings.model_dump_json()) == settings
