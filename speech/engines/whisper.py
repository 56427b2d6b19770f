"""OpenAI Whisper through faster-whisper (CTranslate2, int8): no streaming, so partials decode again and again.

Choices that measurement decided on telephone-band Mandarin: no initial prompt (any prompt made it worse and can be
echoed), beam 5, loudness of the voiced part levelled. The encoder always sees 30 s: shorter windows are faster and
repeat themselves. A decode made in a pause is the final if only silence follows, so the answer is ready when the
pause has lasted long enough. Audio beyond 28 s is cut at pauses, since one long window can lose its middle.

The rest of a pause is for a second look: the utterance is played a little slower, and what is understood then joins the
lower readings. The best reading stays the first look's, but whoever decides by all of them decides better, as the beams
of one look hardly differ. Nobody waits for it: when partials are not asked for any more, there is none.
"""

import itertools
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from speech.engines import guards
from speech.engines.port import Reading
from speech.engines.voice import VoiceMap, cut_points, level
from speech.errors import ModelError
from speech.frames import RATE, Float32, to_float
from speech.ports import Alternative, Bias, Capabilities
from speech.resample import StreamResampler, resample
from speech.text.normalise import fold, normalise
from speech.vad import make_vad

__all__ = ["WhisperEngine", "WhisperOptions", "check_folder", "mixed"]

_RATE: Final = 16_000
_LONGEST: Final = 28.0
_LEAST_VOICE: Final = 0.1
_LEAD_SECONDS: Final = 0.3
"""Silence put before an utterance, which a caller cut to its voice has not: 25.4 % to 25.0 % of characters wrong."""

_SLOWED_RATE: Final = 17_200
"""Hz that the second look takes 16 kHz sound for a slower voice's at: 0.93 of the pace."""
_LONGEST_SLOWED: Final = 26.0
"""Seconds of sound that still fit into Whisper's 30 s when slowed."""
_LOOK_AGAIN: Final = 0.4
"""Seconds of a pause after which there may be a second look."""

_PAUSE: Final = 0.24
_PAUSE_BEGINS: Final = 0.08
_FILES: Final = ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt")


@dataclass(frozen=True, slots=True)
class WhisperOptions:
    """Decoding choices; see `speech.settings.SpeechSettings`."""

    threads: int = 2
    beam: int = 5
    alternatives: int = 5
    partial_seconds: float = 0.8
    level_dbfs: float = -22.0
    vad_threshold: float = 0.5
    second_look: bool = True


def check_folder(folder: Path) -> None:
    """Raise `ModelError` unless every file of a CTranslate2 Whisper model is there and not plainly broken."""
    mend = f"fetch the model again with `hotline models fetch {folder.name}`"
    for name in _FILES:
        path = folder / name
        if not path.is_file() or path.stat().st_size == 0:
            what = "is empty" if path.is_file() else "is missing"
            raise ModelError(f"Whisper model in {folder}: {name} {what}; {mend}")
    try:
        json.loads((folder / "config.json").read_bytes())
    except ValueError as exc:
        raise ModelError(f"Whisper model in {folder}: config.json is not JSON; {mend}") from exc


class WhisperEngine:
    """A loaded model; decoders share it."""

    def __init__(self, folder: Path, options: WhisperOptions) -> None:
        check_folder(folder)
        # Imported here: only the worker process pays for the library.
        import faster_whisper
        from faster_whisper.tokenizer import Tokenizer
        from faster_whisper.transcribe import pad_or_trim

        self.options = options
        self._pad: Any = pad_or_trim
        try:
            self._model: Any = faster_whisper.WhisperModel(
                str(folder), device="cpu", compute_type="int8", cpu_threads=options.threads, local_files_only=True
            )
        except (RuntimeError, ValueError, OSError) as exc:
            raise ModelError(
                f"Whisper cannot load {folder}: {exc}; fetch it again with `hotline models fetch {folder.name}`"
            ) from exc
        if not self._model.model.is_multilingual:
            raise ModelError(f"The Whisper model in {folder} knows English only; use a multilingual one such as base")
        self._tokenizer: Any = Tokenizer(self._model.hf_tokenizer, True, task="transcribe", language="zh")
        self._prompt = self._model.get_prompt(self._tokenizer, [], without_timestamps=True)

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(streaming=False, grammar=False, confidence=True, sample_rate=_RATE)

    def open(self, rate: int = 8_000, bias: Bias | None = None) -> "WhisperDecoder":
        """A decoder. `bias` is not used: prompts made telephone speech worse (22.3 % to 26.2 % of characters)."""
        return WhisperDecoder(self, rate)

    def readings(self, samples: Float32, beam: int, no_repeat: int = 0) -> tuple[list[tuple[str, float]], float]:
        """Up to `alternatives` raw texts with their mean token probability, best first, for at most 30 s at 16 kHz;
        and the probability, as the model has it, that nobody speaks there.

        `no_repeat` forbids repeating that many tokens, which breaks a loop.
        """
        lead = np.zeros(round(_LEAD_SECONDS * _RATE), dtype=np.float32)
        features = self._pad(self._model.feature_extractor(np.concatenate([lead, samples])))
        result = self._model.model.generate(
            self._model.encode(features),
            [self._prompt],
            beam_size=beam,
            num_hypotheses=min(beam, self.options.alternatives),
            max_length=min(448, len(self._prompt) + 16 + round(len(samples) / _RATE * 14)),
            no_repeat_ngram_size=no_repeat,
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
            suppress_tokens=[-1],
        )[0]
        texts = [str(self._tokenizer.decode(ids)) for ids in result.sequences_ids]
        read = [(text, float(np.exp(score))) for text, score in zip(texts, result.scores, strict=True)]
        return read, float(result.no_speech_prob)


class WhisperDecoder:
    """One utterance: audio so far at 16 kHz, where its voice is, and the latest decode."""

    def __init__(self, engine: WhisperEngine, rate: int) -> None:
        self._engine = engine
        self._options = engine.options
        self._resampler = StreamResampler(rate, _RATE)
        # The voice is looked for as on the telephone, whatever the rate: rumble below it hides a soft voice.
        self._telephone = StreamResampler(rate, RATE)
        self._voice = VoiceMap(make_vad("auto", self._options.vad_threshold, RATE), RATE)
        self._blocks: list[Float32] = []
        self._samples = 0
        self._decoded = 0.0
        self._decoded_full = False
        self._reading: Reading | None = None
        self._looked_again = False

    @property
    def _seconds(self) -> float:
        return self._samples / _RATE

    def accept(self, pcm: bytes) -> None:
        samples = to_float(pcm)
        self._voice.feed(self._telephone.feed(samples))
        block = self._resampler.feed(samples)
        self._blocks.append(block)
        self._samples += len(block)

    def partial(self) -> str | None:
        """Decodes after `partial_seconds` of new audio, or at once when a pause begins (then as a final would).

        The text of a pause is told even when it is not new: that it covers all the voice is news to the endpointer.
        """
        tail = self._voice.quiet_tail
        pausing = tail >= _PAUSE
        if _PAUSE_BEGINS <= tail < _PAUSE:
            # A decode begun now would be in the way of the one the pause wants in a moment.
            return None
        fresh = self._voice.voiced(self._decoded) >= _LEAST_VOICE
        due = fresh and self._seconds - self._decoded >= self._options.partial_seconds
        # A hasty decode of these very words does not do for a pause: the final would have to do it again.
        unsettled = pausing and (fresh or (self._reading is not None and not self._decoded_full))
        if not (due or unsettled):
            if self._decoded_full and tail >= _LOOK_AGAIN:
                self._look_again()
            return None
        before = self._reading.text if self._reading else ""
        self._reading = self._decode(self._options.beam if pausing else 1)
        self._decoded_full = pausing
        return self._reading.text if self._reading.text and (pausing or self._reading.text != before) else None

    def final(self) -> Reading:
        if self._reading is None or not self._decoded_full or self._voice.voiced(self._decoded) >= _LEAST_VOICE:
            self._flush()
            self._reading = self._decode(self._options.beam)
        return self._reading

    def _flush(self) -> None:
        """The last samples the resampler still holds."""
        block = self._resampler.flush()
        self._blocks.append(block)
        self._samples += len(block)

    def _look_again(self) -> None:
        """What is understood of the same sound played slower joins the lower readings, once."""
        first = self._reading
        if self._looked_again or not self._options.second_look or first is None or not first.alternatives:
            return
        self._looked_again = True
        if self._seconds <= _LONGEST_SLOWED:
            again = self._understand(self._options.beam, slowed=True)
            both = mixed(first.alternatives, again.alternatives, self._options.alternatives)
            self._reading = replace(first, alternatives=both)

    def _decode(self, beam: int) -> Reading:
        """The latest decode from now on."""
        self._decoded, self._looked_again = self._seconds, False
        return self._understand(beam)

    def _understand(self, beam: int, *, slowed: bool = False) -> Reading:
        """What all the audio so far says; this decoder's state stays as it is."""
        audio = np.concatenate(self._blocks)
        self._blocks = [audio]
        frames = self._voice.frames()
        start, end = self._voice.bounds()
        if self._voice.voiced() < _LEAST_VOICE:
            return Reading((), start, end, guard="no voice")
        audio = level(audio, frames, _RATE, self._options.level_dbfs)
        cuts = cut_points(frames, _LONGEST, lambda at: float(np.abs(audio[at * 320 : at * 320 + 320]).mean()))
        edges = [0.0, *cuts, len(audio) / _RATE]
        pieces = [
            self._piece(
                audio[round(begin * _RATE) : round(stop * _RATE)],
                self._voice.voiced(begin, stop),
                self._voice.spoken(begin, stop),
                beam,
                slowed=slowed,
            )
            for begin, stop in itertools.pairwise(edges)
        ]
        return _join(pieces, start, end)

    def _piece(self, audio: Float32, voiced: float, spoken: float, beam: int, *, slowed: bool) -> Reading:
        """Readings of one piece that pass the guards; when none does, why the best was refused."""
        if voiced < _LEAST_VOICE:
            return Reading((), 0.0, 0.0, guard="no voice")
        if slowed:
            audio = resample(audio, _RATE, _SLOWED_RATE)
        kept: dict[str, Alternative] = {}
        first_refusal = ""
        readings, nobody = self._engine.readings(audio, beam)
        if readings and guards.unheard(nobody, normalise(readings[0][0]), readings[0][1]):
            return Reading((), 0.0, 0.0, guard="no speech")
        if readings and guards.loops(normalise(readings[0][0])):
            # Stuck: what follows the loop was never heard, so cutting the loop out is not enough.
            readings, _ = self._engine.readings(audio, beam, no_repeat=3)
        for raw, score in readings:
            text = guards.unloop(normalise(raw))
            why = guards.refusal(text, spoken, score=score)
            if why:
                first_refusal = first_refusal or why
                if why == "unsure" and not kept:
                    # What is likelier than all that follows is not believed; the rest has no better claim.
                    break
            else:
                kept.setdefault(fold(text), Alternative(text, round(min(1.0, score), 4)))
        alternatives = prefer_whole(tuple(kept.values()))
        return Reading(alternatives, 0.0, 0.0, alternatives[0].score if alternatives else None, first_refusal)


def mixed(first: tuple[Alternative, ...], second: tuple[Alternative, ...], most: int) -> tuple[Alternative, ...]:
    """The first look's best reading, then in turn the second look's and the first one's; each text once."""
    kept: dict[str, Alternative] = {}
    for each in itertools.chain.from_iterable(itertools.zip_longest(first, second)):
        if each is not None:
            kept.setdefault(fold(each.text), each)
    return tuple(kept.values())[:most]


def prefer_whole(readings: tuple[Alternative, ...]) -> tuple[Alternative, ...]:
    """The readings with those put last that stop early: Whisper scores the mean over tokens, so a reading that gives up
    after three words can beat the whole sentence. Early is below 0.6 of the longest reading that scores nearly as well.
    """

    def stops_early(reading: Alternative) -> bool:
        longest = max(len(other.text) for other in readings if other.score >= 0.8 * reading.score)
        return len(reading.text) < 0.6 * longest

    return tuple(sorted(readings, key=stops_early))


def _join(pieces: list[Reading], start: float, end: float) -> Reading:
    """The pieces of a long utterance as one reading; its confidence is the weakest piece's."""
    said = [piece for piece in pieces if piece.alternatives]
    guard = next((piece.guard for piece in pieces if piece.guard), "")
    if not said:
        return Reading((), start, end, guard=guard)
    if len(said) == 1:
        return Reading(said[0].alternatives, start, end, said[0].confidence, guard)
    text = "，".join(piece.text for piece in said)
    weakest = min(piece.confidence or 0.0 for piece in said)
    return Reading((Alternative(text, weakest),), start, end, weakest, guard)
