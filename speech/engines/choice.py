"""Which engine is used and how it is loaded: `choose` looks at the models folder and says why."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from speech.engines.port import Engine
from speech.errors import ModelError
from speech.settings import SpeechSettings

__all__ = ["EngineChoice", "choose", "load", "threads_for"]

_VOSK: Final = ("vosk-small-cn", "vosk-cn")
_WHISPER: Final = ("whisper-base",)


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """An engine and the folder of its model, with the reason in words for people."""

    name: Literal["vosk", "whisper"]
    model: Path
    why: str


def choose(settings: SpeechSettings, models_dir: Path) -> EngineChoice:
    """What would be used. Raises `ModelError` when no suitable model folder is there."""
    if settings.model is not None:
        name: Literal["vosk", "whisper"] = "whisper" if settings.model.startswith("whisper") else "vosk"
        if settings.engine not in ("auto", name):
            raise ModelError(f"model {settings.model} is for {name}, but the engine is set to {settings.engine}")
        return EngineChoice(name, _existing(models_dir, (settings.model,)), "named in the settings")
    if settings.engine == "vosk":
        return EngineChoice("vosk", _existing(models_dir, _VOSK), "named in the settings")
    if settings.engine == "whisper":
        return EngineChoice("whisper", _existing(models_dir, _WHISPER), "named in the settings")
    found = next((models_dir / name for name in _VOSK if (models_dir / name).is_dir()), None)
    if found is not None:
        return EngineChoice("vosk", found, "a Chinese Vosk model is present")
    folder = _existing(models_dir, (*_WHISPER, *_VOSK))
    return EngineChoice("whisper", folder, "no Chinese Vosk model is present; Whisper base is")


def _existing(models_dir: Path, names: tuple[str, ...]) -> Path:
    for name in names:
        if (models_dir / name).is_dir():
            return models_dir / name
    raise ModelError(
        f"no recognition model: expected {' or '.join(names)} in {models_dir}, found none; run `hotline models fetch`"
    )


def threads_for(settings: SpeechSettings) -> int:
    """Threads of one worker: as set, or an even share of the cores."""
    return settings.threads or max(1, (os.cpu_count() or 1) // settings.workers)


def load(choice: EngineChoice, settings: SpeechSettings) -> Engine:
    """The engine itself, in this process; blocks for seconds. Raises `ModelError`."""
    if choice.name == "vosk":
        from speech.engines.vosk import VoskEngine

        return VoskEngine(choice.model, alternatives=settings.alternatives)
    from speech.engines.whisper import WhisperEngine, WhisperOptions

    options = WhisperOptions(
        threads=threads_for(settings),
        beam=settings.beam,
        alternatives=settings.alternatives,
        partial_seconds=settings.partial_seconds,
        level_dbfs=settings.level_dbfs,
        vad_threshold=settings.vad_threshold,
    )
    return WhisperEngine(choice.model, options)
