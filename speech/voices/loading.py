"""From a voice's name to the voice."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from speech.voices.kokoro import KokoroModel, KokoroVoice
from speech.voices.ports import Voice, VoiceError
from speech.voices.programs import EspeakVoice, ExternalVoice

KOKORO_VOICES: Final = ("jf_alpha", "jf_tebukuro", "jf_gongitsune", "jf_nezumi", "jm_kumo")
VOICE_NAMES: Final = (*KOKORO_VOICES, "espeak", "external")
PROMPT_VOICE: Final = "jf_gongitsune+jm_kumo"
"""The voice of the shipped prompts: of those tried, the one that a recogniser reads back best."""
PROMPT_SPEED: Final = 1.1


def load(
    name: str,
    models_dir: Path,
    *,
    speed: float = 1.0,
    command: str | None = None,
    threads: int | None = None,
    model: KokoroModel | None = None,
) -> Voice:
    """The voice `name`; Kokoro's voices can be mixed (`jf_alpha+jm_kumo`).

    `command` is the program of `external`; `model` shares a loaded Kokoro between voices.

    Raises `VoiceError`, whose message says what is missing and how to mend it.
    """
    if set(name.split("+")) <= set(KOKORO_VOICES):
        return KokoroVoice(model or KokoroModel.load(models_dir / "kokoro", threads), name, speed)
    if name == "espeak":
        return EspeakVoice(words_per_minute=round(165 * speed))
    if name == "external":
        if not command:
            raise VoiceError("the voice external needs a command line with {wav}, and {text} unless it reads its input")
        return ExternalVoice(command)
    raise VoiceError(f"there is no voice {name!r}; the voices are {', '.join(VOICE_NAMES)}")


def prompt_voice(
    models_dir: Path, name: str = PROMPT_VOICE, *, speed: float = PROMPT_SPEED, command: str | None = None
) -> Callable[[float], Voice]:
    """A function from a pace to the voice at that pace, for rendering prompts; a model is loaded once. As `load`."""
    first = load(name, models_dir, speed=speed, command=command)

    def at_pace(pace: float) -> Voice:
        if isinstance(first, KokoroVoice):
            return first.at_speed(speed * pace)
        return first if pace == 1.0 else load(name, models_dir, speed=speed * pace, command=command)

    return at_pace
