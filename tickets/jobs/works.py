"""The works themselves: what is due by the clocks, the reports of the day, week and month, the brief, retention."""

import asyncio
import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

from tickets.domain.ids import CHINA
from tickets.service.deadlines import DeadlineService
from tickets.service.jobs import Finished
from tickets.service.outbox import Notice
from tickets.service.retention import RetentionService

MOST_NAMED: Final = 50
"""Files that a notice names; of a report with more it gives the count."""


@dataclass(frozen=True, slots=True)
class File:
    """A report as it is kept; `name` is a file name without a folder."""

    name: str
    body: bytes


class ReportMaker(Protocol):
    """Computes a report once and gives its files."""

    async def make(self, kind: str, day: date, at: datetime) -> Sequence[File]: ...


class ReportWork:
    """Makes a report, keeps its files, and tells subscribers that it is there.

    Files are written whole or not at all under the slot's name, so doing it again after a crash replaces equals. The
    notice is written with the end of the firing: subscribers are told once.
    """

    def __init__(self, maker: ReportMaker, folder: Path, kind: str, day_of: Callable[[date], date]) -> None:
        """`day_of` gives the day that is reported on from the day of the slot."""
        self._maker = maker
        self._folder = folder
        self._kind = kind
        self._day_of = day_of

    async def __call__(self, slot: datetime, now: datetime) -> Finished:
        today = slot.astimezone(CHINA).date()
        day = self._day_of(today)
        folder = self._folder / self._kind / f"{today:%Y-%m-%d}"
        files = await self._maker.make(self._kind, day, slot)
        await asyncio.to_thread(keep, folder, files)
        lines = [
            {"name": file.name, "bytes": len(file.body), "sha256": hashlib.sha256(file.body).hexdigest()}
            for file in files
        ]
        data = {
            "report": self._kind,
            "day": day.isoformat(),
            "slot": slot.isoformat(),
            "count": len(lines),
            "files": lines[:MOST_NAMED],
        }
        notice = Notice(f"report.{self._kind}", f"{self._kind}/{slot.isoformat()}", now, data)
        return Finished({"day": day.isoformat(), "count": len(files)}, (notice,))


class RetentionWork:
    def __init__(self, service: RetentionService) -> None:
        self._service = service

    async def __call__(self, slot: datetime, now: datetime) -> Finished:
        return Finished((await self._service.sweep()).detail())


class DeadlineWork:
    """Clocks that ran out and rungs of the escalation ladder, until nothing is due.

    A step that was called off meanwhile does nothing; when a whole batch does nothing the next firing looks again.
    """

    def __init__(self, deadlines: DeadlineService, batch: int) -> None:
        self._deadlines = deadlines
        self._batch = batch

    async def __call__(self, slot: datetime, now: datetime) -> Finished:
        total = 0
        while found := await self._deadlines.due_work(now, self._batch):
            taken = [await self._deadlines.perform(work) for work in found]
            total += sum(taken)
            if not any(taken):
                break
        return Finished({"performed": total})


def yesterday(today: date) -> date:
    return today - timedelta(days=1)


def last_week(today: date) -> date:
    """A day of the week before."""
    return today - timedelta(days=7)


def last_month(today: date) -> date:
    """The last day of the month before."""
    return today.replace(day=1) - timedelta(days=1)


def same_day(today: date) -> date:
    return today


def keep(folder: Path, files: Sequence[File]) -> None:
    """Writes the files whole: temporary file, fsync, rename, directory fsync. Blocking. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        temporary = folder / f".{file.name}.{os.getpid()}.tmp"
        with temporary.open("wb") as out:
            out.write(file.body)
            out.flush()
            os.fsync(out.fileno())
        temporary.replace(folder / file.name)
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
