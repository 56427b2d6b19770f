"""Puts a sample directory and a year of sample lives into an empty database, in large transactions.

The rows are those that the service's own statements would write. A database that holds tickets or units is refused:
samples must never mix with what citizens have said.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from random import Random
from typing import Any, Final

import chinese_calendar
from sqlalchemy import JSON, Table, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from tickets.domain.calendar import WorkingCalendar
from tickets.domain.errors import TicketError
from tickets.domain.history import canonical
from tickets.domain.ids import CHINA
from tickets.domain.ticket import draft_json
from tickets.domain.units import Unit
from tickets.sample.directory import Directory, make_directory
from tickets.sample.lives import Lives, Sampled
from tickets.store.engine import open_engine, parse_url
from tickets.store.models import TicketRow
from tickets.store.models_life import PersonRow, UnitRow
from tickets.store.reference import person_values, unit_values
from tickets.store.rows import ticket_values
from tickets.store.statements import companion_rows

TICKETS: Final = 91_280
UNITS: Final = 809
HANDLERS: Final = 2_700
"""The size that one prefecture reports of its first year."""

SEED: Final = 12345
DAYS: Final = 365
_GROUP: Final = 2_000
_LOCK_WAIT: Final = 30.0

Progress = Callable[[int, int], None]
"""Called with how many tickets are in the database, and how many will be."""


class NotEmpty(TicketError):
    code = "database_not_empty"
    title = "Samples go into an empty database only"


@dataclass(frozen=True, slots=True)
class Loaded:
    tickets: int
    units: int
    people: int
    events: int


def load(
    database_url: str,
    *,
    tickets: int = TICKETS,
    units: int = UNITS,
    handlers: int = HANDLERS,
    seed: int = SEED,
    until: datetime | None = None,
    progress: Progress = lambda _done, _whole: None,
) -> Loaded:
    """Fills the migrated, empty database. The same numbers, seed and `until` (aware; default: the last midnight in
    China) give the same tickets. May be called with or without a running event loop.

    Raises NotEmpty, and ValueError for numbers that make no sample.
    """
    if tickets < 1 or units < 8 or handlers < units:
        raise ValueError("a sample has at least 1 ticket, 8 units and one handler for each unit")
    end = until or datetime.combine(datetime.now(CHINA).date(), time(), CHINA)
    random = Random(seed)
    directory = make_directory(units, handlers, random)
    lives = Lives(directory, _calendar(end.date()), random, end.astimezone(UTC)).make(tickets, DAYS)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="sample") as executor:
        work = _fill(database_url, directory, lives, tickets, progress)
        return executor.submit(asyncio.run, work).result()


async def _fill(url: str, directory: Directory, lives: Iterator[Sampled], count: int, progress: Progress) -> Loaded:
    engine = open_engine(parse_url(url), writes=True, size=1, busy_timeout=_LOCK_WAIT)
    done, events = 0, 0
    try:
        async with engine.begin() as connection:
            await _require_empty(connection)
            await _put_directory(connection, directory.units)
        while group := list(islice(lives, _GROUP)):
            async with engine.begin() as connection:
                await _put(connection, group)
            done += len(group)
            events += sum(len(each.record.history) for each in group)
            progress(done, count)
        async with engine.connect() as connection:
            await connection.execute(text("ANALYZE"))
            await connection.commit()
    finally:
        await engine.dispose()
    people = sum(len(each.people) for each in directory.units)
    return Loaded(done, len(directory.units), people, events)


async def _require_empty(connection: AsyncConnection) -> None:
    for row in (TicketRow, UnitRow):
        found = (await connection.execute(select(func.count()).select_from(row))).scalar_one()
        if found:
            raise NotEmpty(
                f"the table {row.__tablename__} has {found} rows; name an empty database, so that samples never mix "
                "with real requests"
            )


async def _put_directory(connection: AsyncConnection, units: tuple[Unit, ...]) -> None:
    await _insert(connection, UnitRow.metadata.tables["units"], [unit_values(each) for each in units])
    people = [person_values(person) for unit in units for person in unit.people]
    await _insert(connection, PersonRow.metadata.tables["people"], people)


async def _put(connection: AsyncConnection, group: list[Sampled]) -> None:
    rows = [ticket_values(each.record, each.key, each.fingerprint, draft_json(each.record.draft)) for each in group]
    await _insert(connection, TicketRow.metadata.tables["tickets"], rows)
    for table, values in companion_rows([each.record for each in group]):
        await _insert(connection, table, values)


async def _insert(connection: AsyncConnection, table: Table, rows: list[dict[str, Any]]) -> None:
    """All rows of one table; PostgreSQL takes them as one COPY, inside the connection's transaction."""
    if not rows:
        return
    if connection.dialect.name != "postgresql":
        await connection.execute(insert(table), rows)
        return
    # The adapter begins its transaction with the first statement, and COPY goes around the adapter.
    await connection.execute(select(1))
    driver: Any = (await connection.get_raw_connection()).driver_connection
    names = list(rows[0])
    json = {name for name in names if isinstance(table.c[name].type, JSON)}
    records = [tuple(_written(row[name], name in json) for name in names) for row in rows]
    await driver.copy_records_to_table(table.name, records=records, columns=names)


def _written(value: Any, json: bool) -> Any:
    return value if value is None or not json else canonical(value).decode("utf-8")


def _calendar(last: date) -> WorkingCalendar:
    """The working days of the sample's years, as far as the library knows them."""
    years = [year for year in (last.year - 1, last.year, last.year + 1) if _known(year)]
    exceptions = {}
    for year in years:
        day = date(year, 1, 1)
        while day.year == year:
            works = bool(chinese_calendar.is_workday(day))
            if works != (day.weekday() < 5):
                exceptions[day] = works
            day += timedelta(days=1)
    return WorkingCalendar(frozenset(years), exceptions)


def _known(year: int) -> bool:
    try:
        chinese_calendar.is_workday(date(year, 6, 1))
    except NotImplementedError:
        return False
    return True
