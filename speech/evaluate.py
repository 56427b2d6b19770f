"""Recognition of files and its measurement. Files go through the very decoders that serve live calls, fed in the same
pieces, only in this process and as fast as the machine can; decoding runs in one thread, off the event loop.
"""

import asyncio
import csv
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from speech.audiofile import FILE_RATE, read_audio
from speech.engines.port import Engine
from speech.engines.whole import decode_pcm
from speech.errors import AudioError, ManifestError
from speech.frames import RATE, seconds_of, to_pcm
from speech.phoneband import to_phone
from speech.ports import Alternative
from speech.scoring import ErrorRate, character_errors, total

__all__ = [
    "Band",
    "EvaluationReport",
    "ManifestRow",
    "Transcript",
    "evaluate_manifest",
    "read_manifest",
    "transcribe_file",
    "transcribe_files",
]

Band = Literal["wide", "phone"]


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was heard in one file. `rtf` is decoding time over audio time, and `processor` the seconds of processor that
    all threads spent on it, which a busy machine does not lengthen; `error` is set, and all else empty, when the file
    could not be read.
    """

    file: Path
    text: str = ""
    alternatives: tuple[Alternative, ...] = ()
    confidence: float | None = None
    seconds: float = 0.0
    elapsed: float = 0.0
    processor: float = 0.0
    guard: str = ""
    error: str = ""

    @property
    def rtf(self) -> float:
        return self.elapsed / self.seconds if self.seconds else 0.0

    def as_json(self) -> dict[str, Any]:
        """One line of `hotline transcribe`."""
        if self.error:
            return {"file": str(self.file), "error": self.error}
        return {
            "file": str(self.file),
            "text": self.text,
            "alternatives": [{"text": item.text, "score": item.score} for item in self.alternatives],
            "confidence": self.confidence,
            "seconds": round(self.seconds, 3),
            "elapsed": round(self.elapsed, 3),
            "rtf": round(self.rtf, 3),
            "guard": self.guard,
        }


@dataclass(frozen=True, slots=True)
class ManifestRow:
    """One recording with what was really said; `source` groups the report."""

    file: Path
    transcript: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """Character error rate overall and per source, and the speed it was reached at."""

    engine: str
    band: Band
    overall: ErrorRate
    sources: dict[str, ErrorRate]
    seconds: float
    elapsed: float
    processor: float
    empty: int
    failed: tuple[str, ...] = ()
    lines: tuple[dict[str, Any], ...] = field(default=(), repr=False)

    def as_json(self, *, lines: bool = False) -> dict[str, Any]:
        """The document of `hotline speech evaluate`; `lines` adds reference and heard text of every file."""
        report: dict[str, Any] = {
            "engine": self.engine,
            "band": self.band,
            **self.overall.as_json(),
            "seconds": round(self.seconds, 1),
            "elapsed": round(self.elapsed, 1),
            "rtf": round(self.elapsed / self.seconds, 3) if self.seconds else 0.0,
            "processor": round(self.processor, 1),
            "processor_rtf": round(self.processor / self.seconds, 3) if self.seconds else 0.0,
            "empty": self.empty,
            "failed": list(self.failed),
            "sources": {name: rate.as_json() for name, rate in sorted(self.sources.items())},
        }
        return report | {"lines": list(self.lines)} if lines else report


def read_manifest(path: Path) -> list[ManifestRow]:
    """Rows of a `file,transcript[,source]` CSV; other columns are ignored, paths are relative to the manifest.

    Raises `ManifestError` naming the line. A row without `source` is grouped by its folder.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle)
            missing = {"file", "transcript"} - set(reader.fieldnames or ())
            if missing:
                raise ManifestError(
                    f"{path}: expected the columns file,transcript; the first line lacks {', '.join(sorted(missing))}"
                )
            return [_row(path, line, row) for line, row in enumerate(reader, start=2)]
    except FileNotFoundError as exc:
        raise ManifestError(f"{path}: no such file; expected a CSV with the columns file,transcript") from exc
    except (UnicodeDecodeError, csv.Error, IsADirectoryError) as exc:
        raise ManifestError(f"{path}: expected a UTF-8 CSV file; {exc}") from exc


def _row(manifest: Path, line: int, row: dict[str, str | None]) -> ManifestRow:
    name, transcript = row.get("file"), row.get("transcript")
    if not name or not transcript:
        raise ManifestError(f"{manifest}, line {line}: file and transcript must both be filled in")
    file = manifest.parent / name
    return ManifestRow(file, transcript, row.get("source") or Path(name).parent.name or "all")


def transcribe_file(
    path: Path, engine: Engine, band: Band = "wide", clock: Callable[[], float] = time.monotonic
) -> Transcript:
    """One file, blocking. `phone` first makes of it what a telephone would. Unreadable audio gives `error`."""
    try:
        samples = read_audio(path)
    except AudioError as exc:
        return Transcript(path, error=str(exc))
    rate = RATE if band == "phone" else FILE_RATE
    pcm = to_phone(samples, FILE_RATE) if band == "phone" else to_pcm(samples)
    began, spent = clock(), time.process_time()
    reading = decode_pcm(engine, pcm, rate)
    return Transcript(
        path,
        reading.text,
        reading.alternatives,
        reading.confidence,
        seconds_of(len(pcm), rate),
        clock() - began,
        time.process_time() - spent,
        reading.guard,
    )


async def transcribe_files(paths: Iterable[Path], engine: Engine, band: Band = "wide") -> AsyncIterator[Transcript]:
    """The files in order, one at a time, each in a thread: an engine is not shared between threads at once."""
    for path in paths:
        yield await asyncio.to_thread(transcribe_file, path, engine, band)


async def evaluate_manifest(
    path: Path,
    engine: Engine,
    band: Band = "wide",
    *,
    name: str = "",
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> EvaluationReport:
    """Transcribe every row and score it. `name` is put into the report as the engine's; `progress` is told after each
    file. Raises `ManifestError`; files that cannot be read are listed in `failed` and count as unheard.
    """
    rows = await asyncio.to_thread(read_manifest, path)
    heard: list[Transcript] = []
    async for transcript in transcribe_files((row.file for row in rows), engine, band):
        heard.append(transcript)
        progress(len(heard), len(rows))
    rates = [character_errors(row.transcript, item.text) for row, item in zip(rows, heard, strict=True)]
    sources: dict[str, list[ErrorRate]] = {}
    for row, rate in zip(rows, rates, strict=True):
        sources.setdefault(row.source, []).append(rate)
    return EvaluationReport(
        engine=name,
        band=band,
        overall=total(rates),
        sources={source: total(listed) for source, listed in sources.items()},
        seconds=sum(item.seconds for item in heard),
        elapsed=sum(item.elapsed for item in heard),
        processor=sum(item.processor for item in heard),
        empty=sum(not item.text for item in heard),
        failed=tuple(item.error for item in heard if item.error),
        lines=tuple(
            {
                "file": str(row.file),
                "reference": row.transcript,
                "heard": item.text,
                "guard": item.guard,
                **rate.as_json(),
            }
            for row, item, rate in zip(rows, heard, rates, strict=True)
        ),
    )
