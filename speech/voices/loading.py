"""From a voice's name to the voice."""

from pathlib import Path
from typing import Final

from speech.voices.kokoro import KokoroModel, KokoroVoice
from speech.voices.ports import Voice, VoiceError
from speech.voices.programs import EspeakVoice, ExternalVoice

KOKORO_VOICES: Final = ("jf_alpha", "jf_tebukuro", "jf_gongitsune", "jf_nezumi", "jm_kumo")
VOICE_NAMES: Final = (*KOKORO_VOICES, "espeak", "external")
PROMPT_VOICE: Final = "jf_alpha"
"""The voice of the shipped prompts."""


def load(
    name: str,
    models_dir: Path,
    *,
    speed: float = 1.0,
    command: str | None = None,
    threads: int | None = None,
    model: KokoroModel | None = None,
) -> Voice:
    """The voice `name`. `command` is the program of `external`; `model` shares a loaded Kokoro between voices.

    Raises `VoiceError`, whose message says what is missing and how to mend it.
    """
    if name in KOKORO_VOICES:
        return KokoroVoice(model or KokoroModel.load(models_dir / "kokoro", threads), name, speed)
    if name == "espeak":
        return EspeakVoice(words_per_minute=round(165 * speed))
    if name == "external":
        if not command:
            raise VoiceError("the voice external needs a command line with {wav}, and {text} unless it reads its input")
        return ExternalVoice(command)
    raise VoiceError(f"there is no voice {name!r}; the voices are {', '.join(VOICE_NAMES)}")
