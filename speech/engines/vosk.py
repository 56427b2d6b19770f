"""Vosk 0.3.45 (Kaldi): streaming, with partials, n-best lists and closed grammars.

Traps of that version this module stands between: `Model(model_name=…)` downloads and exits, so only a path is given;
small models refuse 8 kHz unless `conf/mfcc.conf` says `--allow-upsample=true`, so the rate is read from there;
grammar words outside the vocabulary are dropped with a warning only, so they are looked up first; Chinese words come
with spaces between them.
"""

import json
import re
from pathlib import Path
from typing import Any, Final

from speech.engines.port import Reading
from speech.engines.vosk_answers import VoskAnswers
from speech.errors import ModelError
from speech.frames import bytes_of, seconds_of, to_float, to_pcm
from speech.ports import Bias, Capabilities
from speech.resample import StreamResampler

__all__ = ["VoskEngine", "check_folder", "model_rates"]

_RATE: Final = re.compile(r"^--sample-frequency=(\d+)", re.MULTILINE)
_PARTIAL_EVERY: Final = 0.1


def check_folder(folder: Path) -> None:
    """Raise `ModelError` unless `folder` looks like a whole Vosk model; a broken one can abort the process in C++."""
    acoustic = folder / "am" / "final.mdl"
    needed = [acoustic if acoustic.parent.is_dir() else folder / "final.mdl", folder / "conf" / "mfcc.conf"]
    needed.append(folder / "graph" / ("HCLG.fst" if (folder / "graph" / "HCLG.fst").exists() else "HCLr.fst"))
    for path in needed:
        if not path.is_file() or path.stat().st_size == 0:
            what = "is empty" if path.is_file() else "is missing"
            raise ModelError(
                f"Vosk model in {folder}: {path.relative_to(folder)} {what}; fetch the model again with "
                f"`hotline models fetch {folder.name}` or unpack a Vosk model there"
            )


def model_rates(folder: Path) -> tuple[int, bool]:
    """The model's own sample rate (Kaldi's default is 16,000 Hz) and whether it takes a lower one itself."""
    text = (folder / "conf" / "mfcc.conf").read_text(encoding="utf-8")
    found = _RATE.search(text)
    return int(found.group(1)) if found else 16_000, "--allow-upsample=true" in text


class VoskEngine:
    """A loaded model; decoders share it."""

    def __init__(self, folder: Path, *, alternatives: int = 5) -> None:
        check_folder(folder)
        # Imported here: only the worker process pays for the library and its threads.
        import vosk

        vosk.SetLogLevel(-1)
        self._vosk: Any = vosk
        try:
            self._model: Any = vosk.Model(model_path=str(folder))
        except Exception as exc:  # vosk raises bare Exception and nothing narrower
            raise ModelError(
                f"Vosk cannot load {folder}: {exc}; fetch it again with `hotline models fetch {folder.name}`"
            ) from exc
        self._rate, self._upsamples = model_rates(folder)
        self._alternatives = alternatives

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(streaming=True, grammar=True, confidence=True, sample_rate=self._rate)

    def open(self, rate: int = 8_000, bias: Bias | None = None) -> "VoskDecoder":
        """A decoder. Vosk can close its vocabulary and cannot merely favour words, so only a closed bias counts."""
        native = rate == self._rate or (rate < self._rate and self._upsamples)
        fed = rate if native else self._rate
        grammar = self._known(bias.grammar) if bias is not None and bias.closed else []
        arguments = [self._model, fed, *([json.dumps(grammar, ensure_ascii=False)] if grammar else [])]
        recogniser = self._vosk.KaldiRecognizer(*arguments)
        recogniser.SetMaxAlternatives(self._alternatives)
        return VoskDecoder(recogniser, rate, fed)

    def _known(self, phrases: tuple[str, ...]) -> list[str]:
        """The phrases the model can say: as they are, or character by character; others are left out."""
        kept = []
        for phrase in phrases:
            for words in (phrase.split(), [char for char in phrase if not char.isspace()]):
                if words and all(self._model.vosk_model_find_word(word) >= 0 for word in words):
                    kept.append(" ".join(words))
                    break
        return kept


class VoskDecoder:
    """One utterance. Audio is cut into pieces of at most 0.2 s, so that no single call blocks for long."""

    def __init__(self, recogniser: Any, rate: int, fed: int) -> None:
        self._recogniser = recogniser
        self._rate = rate
        self._resampler = None if rate == fed else StreamResampler(rate, fed)
        self._piece = bytes_of(0.2, fed)
        self._answers = VoskAnswers()
        self._heard = 0
        self._asked = 0
        self._partial = ""

    def accept(self, pcm: bytes) -> None:
        self._heard += len(pcm)
        if self._resampler is not None:
            pcm = to_pcm(self._resampler.feed(to_float(pcm)))
        for at in range(0, len(pcm), self._piece):
            # `bytes` only: 0.3.45 takes neither bytearray nor memoryview.
            if self._recogniser.AcceptWaveform(bytes(pcm[at : at + self._piece])):
                self._answers.hear(self._recogniser.Result())

    def partial(self) -> str | None:
        if seconds_of(self._heard - self._asked, self._rate) < _PARTIAL_EVERY:
            return None
        self._asked = self._heard
        self._answers.hear(self._recogniser.PartialResult())
        text = self._answers.words
        if not text or text == self._partial:
            return None
        self._partial = text
        return text

    def final(self) -> Reading:
        if self._resampler is not None:
            self._recogniser.AcceptWaveform(to_pcm(self._resampler.flush()))
        self._answers.hear(self._recogniser.FinalResult())
        alternatives = self._answers.alternatives
        confidence = alternatives[0].score if alternatives else None
        return Reading(alternatives, 0.0, seconds_of(self._heard, self._rate), confidence)
