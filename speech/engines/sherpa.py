"""sherpa-onnx 2.0: streaming zipformer, LSTM and paraformer models, and whole-utterance SenseVoice, paraformer and
transducers. The operator supplies the model; its kind is told from its files and from what its network takes in.

A whole-utterance model gives partials by decoding the growing utterance again. Terms to favour work where sherpa-onnx
has them (transducers, with beam search). Its results carry one reading; a streaming transducer's has a confidence.
"""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import numpy as np

from speech.engines.port import NOTHING, Reading
from speech.errors import ModelError
from speech.frames import Float32, seconds_of, to_float
from speech.ports import Alternative, Bias, Capabilities
from speech.resample import StreamResampler
from speech.text.normalise import normalise

__all__ = ["ModelFiles", "SherpaEngine", "check_folder", "model_files"]

_RATE: Final = 16_000
_TAIL_SECONDS: Final = 0.66
"""Silence after the end, so that a streaming model's look-ahead sees the last word; sherpa-onnx's samples use it."""

_PARTIAL_EVERY: Final = 0.2
_WHOLE_EVERY: Final = 0.8

_WHOLE_SETS: Final = (("decoder", "encoder", "joiner"), ("decoder", "encoder"), ("model",))

Kind = Literal[
    "streaming-transducer", "streaming-paraformer", "streaming-ctc", "transducer", "paraformer", "sense-voice"
]


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """The files of one model by role: encoder, decoder, joiner or model."""

    kind: Kind
    tokens: Path
    parts: dict[str, Path]

    @property
    def streaming(self) -> bool:
        return self.kind.startswith("streaming")


def check_folder(folder: Path) -> dict[str, Path]:
    """The networks by role. Raises `ModelError` that names what is missing; opens no network."""
    tokens = folder / "tokens.txt"
    if not tokens.is_file() or tokens.stat().st_size == 0:
        raise ModelError(f"sherpa-onnx model in {folder}: tokens.txt is missing or empty; unpack the whole model there")
    parts = {role: path for role in ("encoder", "decoder", "joiner", "model") if (path := _part(folder, role))}
    if tuple(sorted(parts)) not in _WHOLE_SETS:
        raise ModelError(
            f"sherpa-onnx model in {folder}: expected encoder, decoder and joiner, or encoder and decoder, or one "
            f"model (*.onnx); found {', '.join(sorted(parts)) or 'none of them'}; unpack the whole model there"
        )
    return parts


def model_files(folder: Path) -> ModelFiles:
    """What is in `folder`. Raises `ModelError` that names what is missing or broken off."""
    parts, tokens = check_folder(folder), folder / "tokens.txt"
    # The network that writes tokens knows how many there are.
    writer = _look(parts.get("decoder") or parts["model"])
    with tokens.open("rb") as lines:
        listed = sum(1 for _ in lines)
    if listed < writer.tokens:
        raise ModelError(
            f"sherpa-onnx model in {folder}: tokens.txt has {listed} lines and its network writes {writer.tokens} "
            "tokens; one of them is of another model or broken off: copy the model again"
        )
    return ModelFiles(_kind(parts, writer), tokens, parts)


def _kind(parts: dict[str, Path], writer: "_Network") -> Kind:
    if "joiner" in parts:
        return "streaming-transducer" if _look(parts["encoder"]).keeps_state else "transducer"
    if "encoder" in parts:
        return "streaming-paraformer"
    if "language" in writer.inputs:
        return "sense-voice"
    return "streaming-ctc" if writer.keeps_state else "paraformer"


def _part(folder: Path, role: str) -> Path | None:
    """A part's file; the 8-bit one where both are there, for it is several times faster on a processor."""
    found = sorted(folder.glob(f"{role}*.onnx"))
    return next((path for path in found if ".int8." in path.name), found[0] if found else None)


@dataclass(frozen=True, slots=True)
class _Network:
    """What a network takes in, by name, and how many tokens it says it writes; 0 where it does not say."""

    inputs: tuple[str, ...]
    tokens: int

    @property
    def keeps_state(self) -> bool:
        """A streaming network takes its own state beside the audio."""
        return len(self.inputs) > 2


def _look(path: Path) -> _Network:
    """Raises `ModelError` for a file that is no network."""
    # Imported here: only the worker process pays for the library.
    import onnxruntime

    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as exc:  # onnxruntime raises a class of its own for every status, without a common base
        raise ModelError(f"{path} cannot be read as a network ({exc}); copy the model again") from exc
    said = session.get_modelmeta().custom_metadata_map.get("vocab_size", "")
    return _Network(tuple(each.name for each in session.get_inputs()), int(said) if said.isdigit() else 0)


class SherpaEngine:
    """A loaded model; decoders share it."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        try:
            import sherpa_onnx
        except ImportError as exc:
            raise ModelError("sherpa-onnx is not installed; `pip install 'hotline-12345[sherpa]'` brings it") from exc
        self._files = model_files(folder)
        self._known = {line.split(" ")[0] for line in self._files.tokens.read_text(encoding="utf-8").splitlines()}
        try:
            self._recogniser: Any = _make(sherpa_onnx, self._files, threads)
        except (RuntimeError, ValueError, AssertionError) as exc:
            raise ModelError(f"sherpa-onnx cannot load {folder}: {exc}; copy the model again") from exc

    @property
    def capabilities(self) -> Capabilities:
        sure = self._files.kind == "streaming-transducer"
        return Capabilities(streaming=self._files.streaming, grammar=False, confidence=sure, sample_rate=_RATE)

    def open(self, rate: int = 8_000, bias: Bias | None = None) -> "StreamingDecoder | WholeDecoder":
        create: Any = self._recogniser.create_stream
        fresh: Callable[[], Any] = create
        if self._files.kind.endswith("transducer") and (words := self._favoured(bias)):
            fresh = functools.partial(create, hotwords=words)
        if self._files.streaming:
            return StreamingDecoder(self._recogniser, fresh(), rate)
        return WholeDecoder(self._recogniser, fresh, rate)

    def _favoured(self, bias: Bias | None) -> str:
        """The terms that the model can say, in sherpa-onnx's spelling: characters apart, terms parted by a stroke.

        A grammar's phrases are favoured too: sherpa-onnx has no closed vocabulary.
        """
        terms = (*bias.grammar, *bias.terms) if bias is not None else ()
        return "/".join(" ".join(term) for term in dict.fromkeys(terms) if term and self._known.issuperset(term))


def _make(library: Any, files: ModelFiles, threads: int) -> Any:
    parts = {role: str(path) for role, path in files.parts.items()}
    common: dict[str, Any] = {"tokens": str(files.tokens), "num_threads": threads}
    match files.kind:
        case "streaming-transducer":
            return library.OnlineRecognizer.from_transducer(**parts, **common, decoding_method="modified_beam_search")
        case "streaming-paraformer":
            return library.OnlineRecognizer.from_paraformer(**parts, **common)
        case "streaming-ctc":
            return library.OnlineRecognizer.from_zipformer2_ctc(**parts, **common)
        case "transducer":
            return library.OfflineRecognizer.from_transducer(**parts, **common, decoding_method="modified_beam_search")
        case "paraformer":
            return library.OfflineRecognizer.from_paraformer(paraformer=parts["model"], **common)
        case "sense-voice":
            return library.OfflineRecognizer.from_sense_voice(**parts, **common, language="zh", use_itn=True)


class _Result(Protocol):
    text: str


class StreamingDecoder:
    """One utterance on a streaming model."""

    def __init__(self, recogniser: Any, stream: Any, rate: int) -> None:
        self._recogniser = recogniser
        self._stream = stream
        self._rate = rate
        self._resampler = StreamResampler(rate, _RATE)
        self._heard = 0
        self._asked = 0
        self._partial = ""

    def accept(self, pcm: bytes) -> None:
        self._heard += len(pcm)
        self._take(self._resampler.feed(to_float(pcm)))

    def partial(self) -> str | None:
        if seconds_of(self._heard - self._asked, self._rate) < _PARTIAL_EVERY:
            return None
        self._asked = self._heard
        text = normalise(str(self._recogniser.get_result(self._stream)))
        if text in ("", self._partial):
            return None
        self._partial = text
        return text

    def final(self) -> Reading:
        self._take(self._resampler.flush())
        self._take(np.zeros(round(_TAIL_SECONDS * _RATE), dtype=np.float32))
        self._stream.input_finished()
        self._decode()
        text = normalise(str(self._recogniser.get_result(self._stream)))
        # Only transducers keep them: the logarithm of each token's probability.
        chances = self._recogniser.ys_probs(self._stream)
        confidence = round(math.exp(sum(chances) / len(chances)), 4) if len(chances) else None
        return _reading(text, seconds_of(self._heard, self._rate), confidence)

    def _take(self, samples: Float32) -> None:
        if len(samples):
            self._stream.accept_waveform(_RATE, samples)
            self._decode()

    def _decode(self) -> None:
        while self._recogniser.is_ready(self._stream):
            self._recogniser.decode_stream(self._stream)


class WholeDecoder:
    """One utterance on a model that needs all of it; partials decode what there is."""

    def __init__(self, recogniser: Any, fresh: Callable[[], Any], rate: int) -> None:
        self._recogniser = recogniser
        self._fresh = fresh
        self._resampler = StreamResampler(rate, _RATE)
        self._blocks: list[Float32] = []
        self._samples = 0
        self._decoded = 0
        self._partial = ""

    def accept(self, pcm: bytes) -> None:
        self._keep(self._resampler.feed(to_float(pcm)))

    def partial(self) -> str | None:
        if self._samples - self._decoded < _WHOLE_EVERY * _RATE:
            return None
        self._decoded = self._samples
        text = self._decode()
        if text in ("", self._partial):
            return None
        self._partial = text
        return text

    def final(self) -> Reading:
        self._keep(self._resampler.flush())
        return _reading(self._decode(), self._samples / _RATE) if self._samples else NOTHING

    def _keep(self, block: Float32) -> None:
        self._blocks.append(block)
        self._samples += len(block)

    def _decode(self) -> str:
        stream = self._fresh()
        stream.accept_waveform(_RATE, np.concatenate(self._blocks))
        self._recogniser.decode_stream(stream)
        result: _Result = stream.result
        return normalise(result.text)


def _reading(text: str, end: float, confidence: float | None = None) -> Reading:
    """One reading: its share among the readings is the whole."""
    return Reading((Alternative(text, 1.0),), 0.0, end, confidence) if text else Reading((), 0.0, end)
