"""Render the catalogue: only what is missing or stale, evenly loud, trimmed, with soft edges, as 8 kHz WAV files.

Nothing is random, so the same text, voice and model give the same file. Each file is written whole or not at all, and
the manifest is brought up to date as the work goes on: a rendering that is cut short is simply gone on with.
"""

import hashlib
import math
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from speech.prompts.catalogue import PromptEntry, SoundKind
from speech.prompts.manifest import Manifest, Rendered
from speech.prompts.wav import wav_bytes, write_atomically
from speech.voices.audio import (
    TELEPHONE_RATE,
    faded,
    from_pcm16,
    levelled,
    loudness,
    pcm16,
    to_8k,
    trimmed,
)
from speech.voices.ports import Samples, Voice, VoiceError

ISOLATED_SECONDS: Final = 0.64
"""Every digit's file is this long, so that a number is read in an even rhythm."""
_ISOLATED_SPOKEN: Final = 0.52
_SLOWEST: Final = 0.75
_FASTEST: Final = 1.6
_TONE_LEVEL: Final = 10 ** (-14.0 / 20)
_SAVE_EVERY: Final = 10

VoiceAtPace = Callable[[float], Voice]
RenderProgress = Callable[[str, int, int], None]


class RenderError(Exception):
    """A prompt could not be rendered; names it and the voice's reason."""


@dataclass(slots=True)
class RenderReport:
    """Ids that were rendered, ids that were up to date, and the seconds of audio rendered."""

    rendered: list[str] = field(default_factory=list)
    fresh: list[str] = field(default_factory=list)
    seconds: float = 0.0


def render(
    entries: Iterable[PromptEntry],
    voice: Voice | VoiceAtPace,
    sounds_dir: Path,
    jobs: int = 1,
    progress: RenderProgress | None = None,
) -> RenderReport:
    """Render what is missing or stale below `sounds_dir`; `progress(id, done, total)` follows each file.

    `voice` is a voice, or a function from a pace (1.0 normal) to one, which lets entries set theirs. Raises
    `RenderError`; what was rendered before it stays.
    """
    at_pace = _paced(voice)
    name = at_pace(1.0).name
    manifest = Manifest.read(sounds_dir)
    report = RenderReport()
    todo: list[PromptEntry] = []
    for entry in entries:
        (report.fresh.append(entry.id) if _is_fresh(entry, name, manifest, sounds_dir) else todo.append(entry))
    if not todo:
        return report
    sounds_dir.mkdir(parents=True, exist_ok=True)
    try:
        with ThreadPoolExecutor(max_workers=max(1, jobs), thread_name_prefix="render") as pool:
            results = pool.map(lambda entry: _render_one(entry, at_pace, name, sounds_dir), todo)
            for done, (entry, rendered) in enumerate(zip(todo, results, strict=True), start=1):
                manifest.entries[entry.id] = rendered
                report.rendered.append(entry.id)
                report.seconds += rendered.seconds
                if done % _SAVE_EVERY == 0:
                    manifest.write(sounds_dir)
                if progress:
                    progress(entry.id, done, len(todo))
    finally:
        manifest.write(sounds_dir)
    return report


def sound_of(entry: PromptEntry, at_pace: VoiceAtPace) -> Samples:
    """The entry's telephone audio."""
    match entry.kind:
        case SoundKind.SILENCE:
            return np.zeros(round(entry.seconds * TELEPHONE_RATE), np.float32)
        case SoundKind.TONE:
            time = np.arange(round(entry.seconds * TELEPHONE_RATE)) / TELEPHONE_RATE
            tone = (_TONE_LEVEL * math.sqrt(2) * np.sin(2 * np.pi * entry.hertz * time)).astype(np.float32)
            return faded(tone, seconds=0.02)
        case SoundKind.SPEECH:
            return _spoken(entry, at_pace)


def _spoken(entry: PromptEntry, at_pace: VoiceAtPace) -> Samples:
    if entry.isolated:
        return _isolated(entry, at_pace)
    audio = faded(levelled(_said(entry, at_pace, entry.pace)))
    return np.concatenate((audio, np.zeros(round(entry.tail_seconds * TELEPHONE_RATE), np.float32)))


def _said(entry: PromptEntry, at_pace: VoiceAtPace, pace: float, lead: float = 0.03, tail: float = 0.08) -> Samples:
    voice = at_pace(pace)
    audio = to_8k(trimmed(voice.synthesise(entry.text), voice.sample_rate), voice.sample_rate)
    audio = trimmed(audio, lead=lead, tail=tail)
    if not audio.size:
        raise VoiceError("the voice gave no sound")
    return audio


def _isolated(entry: PromptEntry, at_pace: VoiceAtPace) -> Samples:
    """A single word, said at the pace that makes it about as long as the others, in a file of exactly their length."""
    pace = entry.pace
    audio = _said(entry, at_pace, pace, 0.01, 0.02)
    for _ in range(2):
        seconds = len(audio) / TELEPHONE_RATE
        if abs(seconds - _ISOLATED_SPOKEN) < 0.08:
            break
        pace = min(_FASTEST, max(_SLOWEST, pace * seconds / _ISOLATED_SPOKEN))
        audio = _said(entry, at_pace, pace, 0.01, 0.02)
    length = round(ISOLATED_SECONDS * TELEPHONE_RATE)
    audio = levelled(faded(audio[:length], seconds=0.015))
    return _centred(audio, length)


def _centred(audio: Samples, length: int) -> Samples:
    missing = max(0, length - len(audio))
    return np.pad(audio, (missing // 3, missing - missing // 3)).astype(np.float32)


def _render_one(entry: PromptEntry, at_pace: VoiceAtPace, voice: str, sounds_dir: Path) -> Rendered:
    try:
        pcm = pcm16(sound_of(entry, at_pace))
    except VoiceError as exc:
        raise RenderError(f"prompt {entry.id} could not be rendered: {exc}") from exc
    content = wav_bytes(pcm)
    try:
        write_atomically(sounds_dir / f"{entry.id}.wav", content)
    except OSError as exc:
        raise RenderError(f"prompt {entry.id} could not be written to {sounds_dir}: {exc.strerror or exc}") from exc
    audio = from_pcm16(pcm)
    peak = float(np.abs(audio).max())
    lufs = loudness(audio)
    return Rendered(
        text_sha256=entry.text_sha256,
        voice=voice if entry.kind is SoundKind.SPEECH else entry.kind.value,
        sha256=hashlib.sha256(content).hexdigest(),
        seconds=round(len(audio) / TELEPHONE_RATE, 3),
        lufs=round(lufs, 1) if math.isfinite(lufs) else None,
        peak_dbfs=round(20 * math.log10(peak), 1) if peak else None,
    )


def _is_fresh(entry: PromptEntry, voice: str, manifest: Manifest, sounds_dir: Path) -> bool:
    known = manifest.entries.get(entry.id)
    if known is None or known.text_sha256 != entry.text_sha256:
        return False
    if entry.kind is SoundKind.SPEECH and known.voice != voice:
        return False
    try:
        content = (sounds_dir / f"{entry.id}.wav").read_bytes()
    except OSError:
        return False
    return hashlib.sha256(content).hexdigest() == known.sha256


def _paced(voice: Voice | VoiceAtPace) -> VoiceAtPace:
    if callable(voice):
        return voice
    steady = voice

    def same(_pace: float) -> Voice:
        return steady

    return same
