"""The ticket store on SQLAlchemy: writes go through the single writer, reads through a pool of their own."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Select, Text, cast, or_, select, union
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tickets.domain.calendar import CalendarYear
from tickets.domain.errors import TicketError
from tickets.domain.roles import Role
from tickets.domain.ticket import TicketRecord, TicketSummary
from tickets.domain.units import Unit
from tickets.ports import (
    Acted,
    Action,
    Created,
    DueWork,
    Health,
    NewTicket,
    Similar,
    StoredToken,
    StoreHealth,
    TicketQuery,
)
from tickets.store.engine import json_text, open_engine, parse_url, sqlite_path, translate
from tickets.store.integrity import Integrity
from tickets.store.models import FLAGGED, PartyRow, TicketRow, TokenRow
from tickets.store.models_life import AssignmentRow, CallBackRow, SubTaskRow
from tickets.store.reference import read_due, read_units, read_years, write_units, write_years
from tickets.store.rows import Row, summary_from
from tickets.store.similar import find_similar
from tickets.store.sqlite_groups import SqliteGroups
from tickets.store.statements import act, load, upsert
from tickets.store.writer import Writer

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class StoreOptions:
    """Limits of the store; times in seconds."""

    busy_timeout: float = 3.0
    write_timeout: float = 10.0
    group_size: int = 256
    queue_size: int = 1024
    readers: int = 4


@asynccontextmanager
async def open_store(
    database_url: str, options: StoreOptions, observe: Callable[[int], None] = lambda _size: None
) -> AsyncIterator["SqlStore"]:
    """Opens the store and owns its writer task. A damaged or missing database gives a store that refuses (F29)."""
    url = parse_url(database_url)
    integrity = Integrity(url)
    writing = open_engine(url, writes=True, size=1, busy_timeout=options.busy_timeout)
    path = sqlite_path(url)
    groups = SqliteGroups(path, options.busy_timeout) if path is not None else None
    reading = open_engine(url, writes=False, size=options.readers, busy_timeout=options.busy_timeout)
    writer = Writer(
        writing,
        guard=integrity.guard,
        group_size=options.group_size,
        queue_size=options.queue_size,
        write_timeout=options.write_timeout,
        observe=observe,
        groups=groups,
    )
    failure: Exception | None = None
    try:
        await integrity.check(reading)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(writer.run(), name="ticket-writer")
            try:
                yield SqlStore(reading, writer, integrity)
            except Exception as exc:
                # Raised after the group has ended: the one who uses the store shall see its own error, not a group.
                failure = exc
            finally:
                await writer.close()
        if failure is not None:
            raise failure
    finally:
        if groups is not None:
            await groups.close()
        await writing.dispose()
        await reading.dispose()


class SqlStore:
    """Implements TicketStore and TokenStore."""

    def __init__(self, reading: AsyncEngine, writer: Writer, integrity: Integrity) -> None:
        self._reading = reading
        self._writer = writer
        self._integrity = integrity

    async def create(self, new: NewTicket) -> Created:
        return await self._writer.create(new)

    async def act(self, action: Action) -> Acted:
        async def run(connection: AsyncConnection) -> object:
            return await act(connection, action)

        answer = await self._writer.change(run)
        if not isinstance(answer, Acted):
            raise TypeError("an action's answer is Acted or a refusal")
        return answer

    async def get(self, number: str) -> TicketRecord | None:
        async with self._read() as connection:
            found = await load(connection, TicketRow.number == number)
        return found[0] if found else None

    async def search(self, query: TicketQuery) -> list[TicketSummary]:
        async with self._read() as connection:
            rows = (await connection.execute(list_query(query))).mappings().all()
        return [summary_from(row) for row in rows]

    async def similar(self, number: str, since: datetime, limit: int) -> list[Similar]:
        async with self._read() as connection:
            return await find_similar(connection, number, since, limit)

    async def write(self, run: Callable[[AsyncConnection], Awaitable[object]]) -> object:
        """Runs `run` in the writer's next transaction; durable when it returns. It may run more than once. A
        TicketError that `run` returns is raised after the commit. For the stores of neighbouring tables."""
        return await self._writer.change(run)

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A reading connection; database errors inside become refusals."""
        return self._read()

    async def health(self) -> StoreHealth:
        try:
            self._integrity.guard()
            async with self._read() as connection:
                await connection.execute(select(1))
        except TicketError as exc:
            return StoreHealth(Health.FAILED, str(exc))
        return StoreHealth(Health.OK)

    async def put_token(self, token: StoredToken) -> None:
        values = {
            "id": token.id,
            "name": token.name,
            "role": token.role.value,
            "digest": token.digest,
            "created_at": token.created_at,
            "revoked_at": token.revoked_at,
            "unit_id": token.unit_id,
        }
        changed = {name: values[name] for name in ("name", "role", "digest", "revoked_at", "unit_id")}

        async def run(connection: AsyncConnection) -> object:
            statement = upsert(connection, TokenRow).values(values)
            await connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changed))
            return None

        await self._writer.change(run)

    async def token(self, token_id: str) -> StoredToken | None:
        async with self._read() as connection:
            query = select(TokenRow.__table__).where(TokenRow.id == token_id)
            row = (await connection.execute(query)).mappings().first()
        return _token_from(row) if row is not None else None

    async def tokens(self) -> list[StoredToken]:
        async with self._read() as connection:
            query = select(TokenRow.__table__).order_by(TokenRow.created_at, TokenRow.id)
            return [_token_from(row) for row in (await connection.execute(query)).mappings()]

    async def units(self) -> list[Unit]:
        async with self._read() as connection:
            return await read_units(connection)

    async def put_units(self, units: Sequence[Unit], *, replace: bool) -> None:
        async def run(connection: AsyncConnection) -> object:
            await write_units(connection, units, replace=replace)
            return None

        await self._writer.change(run)

    async def years(self) -> list[CalendarYear]:
        async with self._read() as connection:
            return await read_years(connection)

    async def put_years(self, years: Sequence[CalendarYear], at: datetime, *, replace: bool) -> None:
        async def run(connection: AsyncConnection) -> object:
            await write_years(connection, years, at, replace=replace)
            return None

        await self._writer.change(run)

    async def due(self, now: datetime, limit: int) -> list[DueWork]:
        async with self._read() as connection:
            return await read_due(connection, now, limit)

    @asynccontextmanager
    async def _read(self) -> AsyncIterator[AsyncConnection]:
        self._integrity.guard()
        try:
            async with self._reading.connect() as connection:
                yield connection
        except (SQLAlchemyError, sqlite3.Error, OSError) as exc:
            refusal = translate(exc)
            if refusal is None:
                raise
            log.warning("read_failed", code=refusal.code, error=type(exc).__name__)
            raise refusal from exc


def _token_from(row: Row) -> StoredToken:
    return StoredToken(
        row["id"], row["name"], Role(row["role"]), row["digest"], row["created_at"], row["revoked_at"], row["unit_id"]
    )


def list_query(query: TicketQuery) -> Select[Any]:
    """What finds the rows of a list."""
    table = TicketRow
    pairs: list[tuple[Any, Any]] = [
        (query.state.value if query.state else None, table.state),
        (query.channel.value if query.channel else None, table.channel),
        (query.kind.value if query.kind else None, table.kind),
        (query.level, table.level),
        (query.special, table.special),
        (query.supervised, table.supervised),
        (query.category_l1, table.category_l1),
        (query.unit, table.main_unit),
        (query.unit_id, table.main_unit_id),
        (query.call_id, table.call_id),
    ]
    statement = select(TicketRow.__table__).order_by(table.id.desc()).limit(query.limit)
    for value, column in pairs:
        if value is not None:
            statement = statement.where(column == value)
    if query.created_from is not None:
        statement = statement.where(table.created_at >= query.created_from)
    if query.created_to is not None:
        statement = statement.where(table.created_at < query.created_to)
    for condition in _conditions(query):
        statement = statement.where(condition)
    if query.before is not None:
        statement = statement.where(table.id < query.before)
    if query.caller_tail is not None:
        callers = select(PartyRow.ticket_id).where(PartyRow.number_tail == query.caller_tail)
        statement = statement.where(table.id.in_(callers))
    return statement


def _conditions(query: TicketQuery) -> Iterator[Any]:
    """The filters that are more than one column's value."""
    table = TicketRow
    if query.area is not None:
        yield or_(table.area_id == query.area, table.area == query.area)
    if query.flag is not None:
        yield FLAGGED
        # A JSON list of words, whichever database keeps it: the word stands in quotes there.
        yield cast(table.flags, Text).contains(json_text(query.flag), autoescape=True)
    if query.overdue is not None and query.now is not None:
        late = table.due_at < query.now
        yield late if query.overdue else or_(table.due_at.is_(None), table.due_at >= query.now)
    if query.text is not None:
        yield table.summary.contains(query.text, autoescape=True)
    if query.concerns is not None:
        rows = (AssignmentRow, SubTaskRow, CallBackRow)
        # One set of ids: with three of them SQLite looks through all tickets, newest first.
        yield table.id.in_(union(*(select(row.ticket_id).where(row.unit_id == query.concerns) for row in rows)))
