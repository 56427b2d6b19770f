"""What tickets refer to: the directory of units and the working calendar, remembered for a while.

Taking a request must be one write and no reading, so both are kept in memory and read again when they are older than
`seconds`: another instance may have imported new ones. While the store cannot be read, what is remembered is used.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from tickets.domain.calendar import CalendarYear, WorkingCalendar
from tickets.domain.directory import checked
from tickets.domain.errors import StoreUnavailable
from tickets.domain.units import Unit
from tickets.ports import Clock, ReferenceStore

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Snapshot:
    units: Mapping[str, Unit]
    calendar: WorkingCalendar


class Reference:
    """`observe` is told of each calendar that is read."""

    def __init__(
        self,
        store: ReferenceStore,
        clock: Clock,
        seconds: float,
        observe: Callable[[WorkingCalendar], None] = lambda _calendar: None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._seconds = seconds
        self._observe = observe
        self._known: tuple[float, Snapshot] | None = None
        self._reading = asyncio.Lock()

    async def snapshot(self) -> Snapshot:
        """Raises StoreUnavailable only when nothing was ever read."""
        now = self._clock.monotonic()
        if self._known is not None and now - self._known[0] < self._seconds:
            return self._known[1]
        async with self._reading:
            return await self._refreshed(now)

    async def _refreshed(self, now: float) -> Snapshot:
        if self._known is not None:
            if now - self._known[0] < self._seconds:
                # Whoever held the lock before has read it.
                return self._known[1]
            # Whoever comes meanwhile does not wait.
            self._known = (now, self._known[1])
        try:
            fresh = await self._read()
        except StoreUnavailable as exc:
            if self._known is None:
                raise
            log.warning("reference_not_read", code=exc.code)
            fresh = self._known[1]
        self._known = (now, fresh)
        return fresh

    async def put_units(self, units: Iterable[Unit], *, replace: bool) -> int:
        """Imports a directory, whole or not at all. How many units there were in it. Raises InvalidValue."""
        known = {} if replace else {each.id: each for each in await self._store.units()}
        table = checked(units, known)
        await self._store.put_units(table, replace=replace)
        self._known = None
        return len(table)

    async def years(self) -> list[CalendarYear]:
        return await self._store.years()

    async def put_years(self, years: Sequence[CalendarYear]) -> None:
        """Imports checked years; a year that was known is replaced."""
        await self._store.put_years(years, self._clock.now(), replace=True)
        self._known = None

    async def seed(self, years: Sequence[CalendarYear]) -> None:
        """Adds the years that are not known yet; what was imported by hand stays."""
        known = {each.year for each in await self._store.years()}
        missing = [each for each in years if each.year not in known]
        if missing:
            await self._store.put_years(missing, self._clock.now(), replace=False)
            self._known = None
            log.info("calendar_seeded", years=[each.year for each in missing])

    async def _read(self) -> Snapshot:
        units = {each.id: each for each in await self._store.units()}
        calendar = WorkingCalendar.of(await self._store.years())
        self._observe(calendar)
        today = self._clock.now().year
        if today not in calendar.years:
            log.error("calendar_missing", year=today, remedy="PUT /api/v1/calendar with the notice of that year")
        return Snapshot(units, calendar)
