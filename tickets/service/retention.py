"""Erasing what need not be kept any longer: by class, after the period in the settings, unless a legal hold stands.

A period counts from the day a ticket came to its end. The history stays with its hashes; the words in it are replaced
by their digests. Rows go in one transaction together with a note of the files that belonged to them, and those files
leave the disk next; a run that was killed in between is finished by the next one, before it begins anything new (F90).
Erasing is idempotent: what was erased of a ticket is on record once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Protocol

import structlog

from tickets.domain.errors import TicketError, TicketNotFound
from tickets.domain.roles import Principal
from tickets.ports import Clock

log = structlog.get_logger()

_SETTLED: Final = timedelta(hours=1)
"""A file younger than this may belong to an upload whose row is still to come."""


class EraseKind(StrEnum):
    """Recordings and messages; pictures and documents; who called or reported; the words of the request."""

    RECORDINGS = "recordings"
    DOCUMENTS = "documents"
    CALLERS = "callers"
    WORDS = "words"


class OnHold(TicketError):
    code = "legal_hold"
    title = "A legal hold stands on this ticket"


@dataclass(frozen=True, slots=True)
class Rules:
    """Days after the end of a ticket; None keeps for ever. `deliveries` counts from when a delivery ended."""

    days: Mapping[EraseKind, int | None]
    deliveries: int
    batch: int


@dataclass(frozen=True, slots=True)
class Hold:
    number: str
    at: datetime
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Swept:
    """How many tickets each class was erased of, files that left the disk, and old lines of the service's own."""

    erased: Mapping[EraseKind, int]
    files: int
    lines: int

    def detail(self) -> dict[str, Any]:
        return {**{kind.value: count for kind, count in self.erased.items()}, "files": self.files, "lines": self.lines}


class RetentionStore(Protocol):
    """Raises StoreUnavailable from every method."""

    async def due(self, kind: EraseKind, ended_before: datetime, limit: int) -> list[str]:
        """Ids of tickets that ended before and of which this was not erased, without those on hold."""
        ...

    async def erase(self, ticket_id: str, kind: EraseKind, at: datetime) -> bool:
        """One transaction: rows, the note of files to remove, the record. False when a hold stands by now."""
        ...

    async def unlinks(self, limit: int) -> list[str]:
        """Digests of files that must leave the disk."""
        ...

    async def unlinked(self, sha256: str, remove: Callable[[], None]) -> bool:
        """Removes the file and its line while no row can come to name it; False when one does name it again."""
        ...

    async def purge(self, before: datetime, limit: int) -> int:
        """Deletes ended deliveries and old firings, at most `limit` of each; says how many."""
        ...

    async def hold(self, hold: Hold) -> bool:
        """False when there is no such ticket; a hold that stands stays as it is."""
        ...

    async def release(self, number: str) -> bool: ...

    async def holds(self) -> list[Hold]: ...


class FileRemover(Protocol):
    def remove(self, sha256: str) -> None:
        """Deletes the file if it is there, durably. Blocking. Raises OSError."""
        ...

    async def settled(self, sha256: str, before: datetime) -> bool:
        """Is the file gone, or older than `before`?"""
        ...


class RetentionService:
    def __init__(self, store: RetentionStore, files: FileRemover, clock: Clock, rules: Rules) -> None:
        self._store = store
        self._files = files
        self._clock = clock
        self._rules = rules

    async def sweep(self) -> Swept:
        """Finishes what an earlier run left, then erases all that is due. Safe to be killed anywhere."""
        now = self._clock.now()
        files = await self._remove_files(now)
        erased = {kind: await self._erase(kind, days, now) for kind, days in self._rules.days.items() if days}
        files += await self._remove_files(now)
        lines = 0
        while gone := await self._store.purge(now - timedelta(days=self._rules.deliveries), self._rules.batch):
            lines += gone
        swept = Swept(erased, files, lines)
        log.info("retention_swept", **swept.detail())
        return swept

    async def hold(self, number: str, reason: str, who: Principal) -> None:
        if not await self._store.hold(Hold(number, self._clock.now(), who.name, reason)):
            raise TicketNotFound(f"there is no ticket {number}")

    async def release(self, number: str) -> None:
        if not await self._store.release(number):
            raise TicketNotFound(f"no hold stands on a ticket {number}")

    async def holds(self) -> list[Hold]:
        return await self._store.holds()

    async def _erase(self, kind: EraseKind, days: int, now: datetime) -> int:
        count = 0
        while found := await self._store.due(kind, now - timedelta(days=days), self._rules.batch):
            done = [await self._store.erase(ticket_id, kind, now) for ticket_id in found]
            count += sum(done)
            if not any(done):
                break
        return count

    async def _remove_files(self, now: datetime) -> int:
        count = 0
        seen: set[str] = set()
        while found := [each for each in await self._store.unlinks(self._rules.batch) if each not in seen]:
            for sha256 in found:
                seen.add(sha256)
                if await self._files.settled(sha256, now - _SETTLED):
                    count += await self._remove(sha256)
        return count

    async def _remove(self, sha256: str) -> bool:
        return await self._store.unlinked(sha256, lambda: self._files.remove(sha256))
