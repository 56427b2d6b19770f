"""Kokoro-82M (int8 ONNX) speaking Mandarin: Chinese phonemes from misaki, the voices that can be redistributed.

The voices were made for Japanese, but the model's phonemes are shared between languages, and they speak Mandarin when
given its phonemes. One `KokoroModel` holds the session, the phonemiser and every voice's style table; voices are thin
views of it. A text is spoken sentence by sentence: the model takes at most 510 tokens, and is at its best on one.
"""

import contextlib
import io
import json
import logging
import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np

from speech.voices.audio import trimmed
from speech.voices.ports import Samples, VoiceError
from speech.voices.spoken import pieces, spoken_form

SAMPLE_RATE: Final = 24_000
_MAX_TOKENS: Final = 508
_MAX_CHARACTERS: Final = 60
_PAUSE_SECONDS: Final = 0.28

MISSING_EXTRA: Final = (
    "the voices need misaki[zh] and onnxruntime, which are not installed; install the project with its voices extra "
    "(pip install 'hotline-12345[voices]')"
)


class Session(Protocol):
    """The part of an ONNX session that is used."""

    def run(self, outputs: Any, inputs: dict[str, Any]) -> list[Any]: ...


class KokoroModel:
    """The loaded model. `session.run` may be called from several threads; loading takes about two seconds."""

    def __init__(
        self,
        session: Session,
        phonemes: Callable[[str], str],
        vocabulary: Mapping[str, int],
        styles: Mapping[str, Samples],
    ) -> None:
        self._session = session
        self._phonemes = phonemes
        self._vocabulary = vocabulary
        self.styles = styles

    @classmethod
    def load(cls, folder: Path, threads: int | None = None) -> "KokoroModel":
        """Load from an installed model folder. Raises `VoiceError` when an extra or a file is missing."""
        try:
            import onnxruntime

            phonemes = _mandarin_phonemes()
        except ImportError as exc:
            raise VoiceError(MISSING_EXTRA) from exc
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or max(1, min(4, os.cpu_count() or 1))
        try:
            vocabulary = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))["vocab"]
            with np.load(folder / "voices.npz", allow_pickle=False) as archive:
                styles = {name: archive[name] for name in archive.files}
            session = onnxruntime.InferenceSession(
                str(folder / "model.onnx"), sess_options=options, providers=["CPUExecutionProvider"]
            )
        except Exception as exc:  # onnxruntime's own errors share no base class below Exception
            raise VoiceError(
                f"the voice model in {folder} cannot be read ({exc}); `hotline models fetch kokoro` installs it"
            ) from exc
        return cls(session, phonemes, vocabulary, styles)

    def style(self, voice: str) -> Samples:
        """The style table of a voice; `a+b` is the even mixture of the voices a and b. Raises `VoiceError`."""
        names = voice.split("+")
        for name in names:
            if name not in self.styles:
                raise VoiceError(f"there is no voice {name!r} in the model; it has {', '.join(sorted(self.styles))}")
        if len(names) == 1:
            return self.styles[voice]
        return np.asarray(np.mean([self.styles[name] for name in names], axis=0), dtype=np.float32)

    def speak(self, voice: str, text: str, speed: float) -> Samples:
        """One sentence; audio with its silence trimmed, empty when nothing in it can be said."""
        tokens = [self._vocabulary[each] for each in self._phonemes(text) if each in self._vocabulary][:_MAX_TOKENS]
        if not tokens:
            return np.zeros(0, np.float32)
        style = self.style(voice)
        (audio, *_) = self._session.run(
            None,
            {
                "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
                "style": np.asarray(style[min(len(tokens), len(style) - 1)], dtype=np.float32).reshape(1, 256),
                "speed": np.array([speed], dtype=np.float32),
            },
        )
        return trimmed(np.asarray(audio, dtype=np.float32).ravel(), SAMPLE_RATE)


class KokoroVoice:
    """One of the model's voices, or a mixture, at one speed (1.0 is the voice's own; 1.2 is a fifth faster)."""

    def __init__(self, model: KokoroModel, name: str, speed: float = 1.0) -> None:
        model.style(name)
        self._model = model
        self._name = name
        self._speed = speed

    @property
    def name(self) -> str:
        return self._name

    @property
    def sample_rate(self) -> int:
        return SAMPLE_RATE

    def at_speed(self, speed: float) -> "KokoroVoice":
        """The same voice, sharing its model, at another speed."""
        return KokoroVoice(self._model, self._name, speed)

    def synthesise(self, text: str) -> Samples:
        pause = np.zeros(int(_PAUSE_SECONDS / self._speed * SAMPLE_RATE), np.float32)
        parts: list[Samples] = []
        for piece in pieces(spoken_form(text), _MAX_CHARACTERS):
            audio = self._model.speak(self._name, piece, self._speed)
            if audio.size:
                parts += [pause, audio] if parts else [audio]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def _mandarin_phonemes() -> Callable[[str], str]:
    """misaki's Mandarin front end. Its segmenter warns and writes to the console while loading; both are kept quiet."""
    with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        from misaki.zh import ZHG2P

        logging.getLogger("jieba").setLevel(logging.WARNING)
        convert = ZHG2P()
        convert("你好")  # loads the segmenter's dictionary now

    def phonemes(text: str) -> str:
        return str(convert(text)[0])

    return phonemes
