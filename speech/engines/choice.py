"""Which engine is used and how it is loaded: `choose` looks at the settings and the models folder and says why."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Self

from speech.engines.port import Engine
from speech.errors import ModelError
from speech.settings import SpeechSettings

__all__ = ["EngineChoice", "EngineName", "choose", "load", "threads_for"]

EngineName = Literal["vosk", "vosk-server", "sherpa-onnx", "whisper"]

_VOSK: Final = ("vosk-small-cn", "vosk-cn")
_WHISPER: Final = ("whisper-base",)
_SHERPA: Final = "sherpa-"
"""Folders that begin so hold a model for sherpa-onnx, as its publishers name them."""


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """An engine and the folder of its model (None on servers), with the reason in words for people."""

    name: EngineName
    model: Path | None
    why: str
    servers: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, model: Path) -> Self:
        """From another process's words. Raises `ModelError` for an engine that does not exist or is none of here."""
        match name:
            case "vosk" | "sherpa-onnx" | "whisper":
                return cls(name, model, "")
            case _:
                raise ModelError(f"expected vosk, sherpa-onnx or whisper; got {name!r}")

    @property
    def title(self) -> str:
        """The model in a few words."""
        return self.model.name if self.model is not None else ", ".join(self.servers)

    @property
    def folder(self) -> Path:
        """The model's folder. Raises `ModelError` for an engine that has none here."""
        if self.model is None:
            raise ModelError(
                f"{self.name} keeps its model elsewhere ({self.title}); this needs an engine of this machine"
            )
        return self.model


def choose(settings: SpeechSettings, models_dir: Path) -> EngineChoice:
    """What would be used. Raises `ModelError` when no suitable model folder is there."""
    if settings.model is not None:
        return _named(settings, models_dir, settings.model)
    match settings.engine:
        case "vosk-server":
            return EngineChoice("vosk-server", None, "named in the settings", settings.servers)
        case "vosk":
            return EngineChoice("vosk", _existing(models_dir, _VOSK), "named in the settings")
        case "whisper":
            return EngineChoice("whisper", _existing(models_dir, _WHISPER), "named in the settings")
        case "sherpa-onnx":
            return EngineChoice("sherpa-onnx", _sherpa(models_dir), "named in the settings")
    found = next((models_dir / name for name in _VOSK if (models_dir / name).is_dir()), None)
    if found is not None:
        return EngineChoice("vosk", found, "a Chinese Vosk model is present")
    if sherpa := _sherpa_folders(models_dir):
        return EngineChoice("sherpa-onnx", sherpa[0], "a sherpa-onnx model is present and no Chinese Vosk model")
    folder = _existing(models_dir, (*_WHISPER, *_VOSK))
    return EngineChoice("whisper", folder, "no Chinese Vosk model is present; Whisper base is")


def _named(settings: SpeechSettings, models_dir: Path, model: str) -> EngineChoice:
    name: EngineName = "vosk"
    if model.startswith("whisper"):
        name = "whisper"
    elif model.startswith(_SHERPA):
        name = "sherpa-onnx"
    if settings.engine not in ("auto", name):
        raise ModelError(f"model {model} is for {name}, but the engine is set to {settings.engine}")
    return EngineChoice(name, _existing(models_dir, (model,)), "named in the settings")


def _existing(models_dir: Path, names: tuple[str, ...]) -> Path:
    for name in names:
        if (models_dir / name).is_dir():
            return models_dir / name
    raise ModelError(
        f"no recognition model: expected {' or '.join(names)} in {models_dir}, found none; run `hotline models fetch`"
    )


def _sherpa_folders(models_dir: Path) -> list[Path]:
    return sorted(each for each in models_dir.glob(f"{_SHERPA}*") if each.is_dir())


def _sherpa(models_dir: Path) -> Path:
    folders = _sherpa_folders(models_dir)
    if not folders:
        raise ModelError(
            f"no sherpa-onnx model: expected a folder {_SHERPA}… in {models_dir}, found none; unpack one of its "
            "published Chinese models there, or run `hotline models fetch` for another engine"
        )
    return folders[0]


def threads_for(settings: SpeechSettings) -> int:
    """Threads of one worker: as set, or an even share of the cores."""
    return settings.threads or max(1, (os.cpu_count() or 1) // settings.workers)


def load(choice: EngineChoice, settings: SpeechSettings) -> Engine:
    """The engine itself, in this process; blocks for seconds. Raises `ModelError`."""
    match choice.name:
        case "vosk":
            from speech.engines.vosk import VoskEngine

            return VoskEngine(choice.folder, alternatives=settings.alternatives)
        case "vosk-server":
            from speech.voskserver.blocking import VoskServerEngine

            return VoskServerEngine(choice.servers, settings)
        case "sherpa-onnx":
            from speech.engines.sherpa import SherpaEngine

            return SherpaEngine(choice.folder, threads_for(settings))
        case "whisper":
            from speech.engines.whisper import WhisperEngine, WhisperOptions

            options = WhisperOptions(
                threads=threads_for(settings),
                beam=settings.beam,
                alternatives=settings.alternatives,
                partial_seconds=settings.partial_seconds,
                level_dbfs=settings.level_dbfs,
                vad_threshold=settings.vad_threshold,
                second_look=settings.second_look,
            )
            return WhisperEngine(choice.folder, options)
