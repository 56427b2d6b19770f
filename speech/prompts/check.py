"""Hold the audio against the catalogue: what is missing, stale, of the wrong format, clipped, too quiet, too loud, too
long, or there without being in the catalogue. An organisation's own recordings have no manifest: they are held against
what a call can play, and against the names of prompts. Reads every file, so it takes about a millisecond a second of
audio."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import numpy as np

from speech.prompts.catalogue import PromptEntry, SoundKind
from speech.prompts.manifest import Manifest, Rendered
from speech.prompts.wav import WrongFormat, pcm_of
from speech.voices.audio import TARGET_LUFS, TELEPHONE_RATE, from_pcm16, loudness
from speech.voices.ports import Samples

LOUDNESS_TOLERANCE: Final = 2.5
"""In LU, either side of the target."""
_CLIPPED_RUN: Final = 3
_FULL_SCALE: Final = 32_760 / 32_767


class FindingKind(StrEnum):
    """What is wrong. `STALE`: text or settings changed since; `CHANGED`: the file is not the one rendered."""

    MISSING = "missing"
    STALE = "stale"
    CHANGED = "changed"
    WRONG_FORMAT = "wrong_format"
    CLIPPED = "clipped"
    TOO_QUIET = "too_quiet"
    TOO_LOUD = "too_loud"
    TOO_LONG = "too_long"
    ORPHAN = "orphan"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with one sound, and the mend."""

    id: str
    kind: FindingKind
    message: str


def check(entries: Iterable[PromptEntry], sounds_dir: Path) -> list[Finding]:
    """Every fault of the folder against the catalogue, in catalogue order, orphans last."""
    entries = tuple(entries)
    manifest = Manifest.read(sounds_dir)
    findings = [finding for entry in entries for finding in _check_one(entry, sounds_dir, manifest)]
    known = {entry.id for entry in entries}
    orphan = "not in the catalogue; delete it or add an entry"
    unknown = (prompt_id for prompt_id in _sounds(sounds_dir) if prompt_id not in known)
    return [*findings, *(Finding(prompt_id, FindingKind.ORPHAN, orphan) for prompt_id in unknown)]


def check_own(entries: Iterable[PromptEntry], overrides: Path) -> list[Finding]:
    """Every fault of a folder of own recordings, by name: what no call plays, and what sounds other than the rest."""
    by_id = {entry.id: entry for entry in entries}
    findings: list[Finding] = []
    if not overrides.is_dir():
        message = f"the folder of own recordings, {overrides}, is not there; make it or take it out of the settings"
        return [Finding(overrides.name, FindingKind.MISSING, message)]
    for prompt_id, path in _sounds(overrides).items():
        entry = by_id.get(prompt_id)
        if entry is None:
            message = "no prompt has this name, so it is never played; `hotline prompts list` has the names"
            findings.append(Finding(prompt_id, FindingKind.ORPHAN, message))
            continue
        try:
            audio = from_pcm16(pcm_of(path.read_bytes()))
        except (OSError, WrongFormat) as exc:
            message = f"{exc}; the shipped sound is played instead"
            findings.append(Finding(prompt_id, FindingKind.WRONG_FORMAT, message))
            continue
        findings += _by_ear(entry, audio)
    return findings


def _sounds(folder: Path) -> dict[str, Path]:
    """The WAV files by prompt id; names with a dot in front are those of files being written."""
    return {
        path.relative_to(folder).with_suffix("").as_posix(): path
        for path in sorted(folder.rglob("*.wav"))
        if not path.name.startswith(".")
    }


def _check_one(entry: PromptEntry, sounds_dir: Path, manifest: Manifest) -> list[Finding]:
    try:
        content = (sounds_dir / f"{entry.id}.wav").read_bytes()
    except OSError:
        return [Finding(entry.id, FindingKind.MISSING, "no audio file; `hotline prompts render` makes it")]
    findings = _against_manifest(entry, content, manifest.entries.get(entry.id))
    try:
        audio = from_pcm16(pcm_of(content))
    except WrongFormat as exc:
        return [*findings, Finding(entry.id, FindingKind.WRONG_FORMAT, str(exc))]
    return findings + _by_ear(entry, audio)


def _against_manifest(entry: PromptEntry, content: bytes, rendered: Rendered | None) -> list[Finding]:
    if rendered is None or rendered.text_sha256 != entry.text_sha256:
        message = "the text or its settings changed since it was rendered; `hotline prompts render` renews it"
        return [Finding(entry.id, FindingKind.STALE, message)]
    if rendered.sha256 != hashlib.sha256(content).hexdigest():
        message = "the file is not the one that was rendered; own recordings belong into the override folder"
        return [Finding(entry.id, FindingKind.CHANGED, message)]
    return []


def _by_ear(entry: PromptEntry, audio: Samples) -> list[Finding]:
    findings: list[Finding] = []
    seconds = len(audio) / TELEPHONE_RATE
    if entry.max_seconds is not None and seconds > entry.max_seconds:
        message = (
            f"takes {seconds:.1f} s where at most {entry.max_seconds:g} s are allowed; shorten it or raise its pace"
        )
        findings.append(Finding(entry.id, FindingKind.TOO_LONG, message))
    if clipped(audio):
        findings.append(
            Finding(entry.id, FindingKind.CLIPPED, "samples stand at full scale; record or render it lower")
        )
    if entry.kind is SoundKind.SPEECH:
        lufs = loudness(audio)
        if abs(lufs - TARGET_LUFS) > LOUDNESS_TOLERANCE:
            kind = FindingKind.TOO_QUIET if lufs < TARGET_LUFS else FindingKind.TOO_LOUD
            findings.append(Finding(entry.id, kind, f"{lufs:.1f} LUFS where {TARGET_LUFS:g} is the target"))
    return findings


def clipped(audio: Samples) -> bool:
    """Three samples in a row at full scale: a waveform cut flat, not a single high peak."""
    flat = np.abs(audio) >= _FULL_SCALE
    if len(flat) < _CLIPPED_RUN:
        return False
    runs = np.lib.stride_tricks.sliding_window_view(flat, _CLIPPED_RUN)
    return bool(runs.all(axis=1).any())
