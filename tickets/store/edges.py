"""What the open interfaces read and keep: taxonomy versions, requests of civic apps, the citizen's one look-up."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from tickets.domain.errors import StoreFailed
from tickets.domain.states import State
from tickets.domain.ticket import EmergencyLevel
from tickets.service.calls import CallLine, CallQuery
from tickets.service.files import Access
from tickets.service.filing import FiledQuery, FiledRequest, Reporter
from tickets.service.public import FINISHED, Found
from tickets.service.taxonomy import Service, Taxonomy, service_from, service_json
from tickets.store.models import PartyRow, TicketRow
from tickets.store.models_jobs import AccessRow, ReporterRow, TaxonomyRow
from tickets.store.sql import SqlStore
from tickets.store.statements import upsert


class SqlTaxonomy:
    """Implements TaxonomyStore."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store

    async def current(self) -> Taxonomy | None:
        async with self._store.read() as connection:
            return await _newest(connection)

    async def last_by(self, actor: str) -> str | None:
        query = select(TaxonomyRow.fingerprint).where(TaxonomyRow.actor == actor)
        async with self._store.read() as connection:
            found = await connection.execute(query.order_by(TaxonomyRow.version.desc()).limit(1))
            return found.scalars().first()

    async def put(self, services: Sequence[Service], digest: str, at: datetime, actor: str) -> Taxonomy:
        async def run(connection: AsyncConnection) -> object:
            known = await _newest(connection)
            if known is not None and known.fingerprint == digest:
                return known
            version = known.version + 1 if known is not None else 1
            row = {
                "version": version,
                "fingerprint": digest,
                "at": at,
                "actor": actor,
                "services": [service_json(each) for each in services],
            }
            await connection.execute(insert(TaxonomyRow), row)
            return Taxonomy(version, digest, at, actor, tuple(services))

        answer = await self._store.write(run)
        if not isinstance(answer, Taxonomy):
            raise StoreFailed("the store gave an answer that it should not know")
        return answer


class SqlPublic:
    """Implements PublicStore: one statement, whether or not there is such a ticket."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store

    async def status_row(self, number: str) -> Found | None:
        query = (
            select(
                TicketRow.number,
                TicketRow.state,
                PartyRow.number_tail,
                TicketRow.main_unit,
                TicketRow.created_at,
                TicketRow.updated_at,
                TicketRow.due_at,
            )
            .join_from(TicketRow, PartyRow, PartyRow.ticket_id == TicketRow.id)
            .where(TicketRow.number == number)
        )
        async with self._store.read() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            return None
        return Found(row[0], State(row[1]), row[2], row[3], row[4], row[5], row[6])


class SqlFiling:
    """Implements FilingStore."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store

    async def keep_reporter(self, number: str, service_code: str, filed_by: str, reporter: Reporter) -> None:
        async def run(connection: AsyncConnection) -> object:
            ticket_id = (await connection.execute(select(TicketRow.id).where(TicketRow.number == number))).scalar_one()
            row = {
                "ticket_id": ticket_id,
                "service_code": service_code,
                "filed_by": filed_by,
                "name": reporter.name,
                "email": reporter.email,
                "device_id": reporter.device_id,
                "account_id": reporter.account_id,
                "address": reporter.address,
                "address_id": reporter.address_id,
                "lat": reporter.lat,
                "long": reporter.long,
                "media_url": reporter.media_url,
            }
            await connection.execute(upsert(connection, ReporterRow).values(row).on_conflict_do_nothing())
            return None

        await self._store.write(run)

    async def filed(self, query: FiledQuery) -> list[FiledRequest]:
        async with self._store.read() as connection:
            rows = (await connection.execute(_filed(query))).mappings().all()
        return [FiledRequest(**{**row, "state": State(row["state"])}) for row in rows]

    async def by_token(self, token: str) -> str | None:
        query = select(TicketRow.number).join_from(TicketRow, ReporterRow, ReporterRow.ticket_id == TicketRow.id)
        async with self._store.read() as connection:
            return (await connection.execute(query.where(TicketRow.id == token))).scalars().first()


class SqlAccesses:
    """Implements AccessLog."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store

    async def note_access(self, access: Access) -> None:
        async def run(connection: AsyncConnection) -> object:
            await connection.execute(insert(AccessRow), {name: getattr(access, name) for name in Access.__slots__})
            return None

        await self._store.write(run)

    async def accesses(self, ticket_number: str, limit: int) -> list[Access]:
        query = select(AccessRow.__table__).where(AccessRow.ticket_number == ticket_number)
        async with self._store.read() as connection:
            rows = (await connection.execute(query.order_by(AccessRow.id.desc()).limit(limit))).mappings().all()
        return [Access(**row) for row in rows]


class SqlCalls:
    """Implements CallStore: calls as the tickets tell of them."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store

    async def calls(self, query: CallQuery) -> list[CallLine]:
        last = func.max(TicketRow.id).label("last_id")
        groups = (
            select(TicketRow.call_node, TicketRow.call_id, last)
            .where(TicketRow.call_id.is_not(None))
            .group_by(TicketRow.call_node, TicketRow.call_id)
            .order_by(last.desc())
            .limit(query.limit)
        )
        if query.call_id is not None:
            groups = groups.where(TicketRow.call_id == query.call_id)
        if query.before is not None:
            groups = groups.having(last < query.before)
        async with self._store.read() as connection:
            found = (await connection.execute(groups)).all()
            ids = [call_id for _, call_id, _ in found]
            tickets = select(
                TicketRow.call_node,
                TicketRow.call_id,
                TicketRow.call_linkedid,
                TicketRow.call_started_at,
                TicketRow.number,
                TicketRow.state,
                TicketRow.emergency_level,
            ).where(TicketRow.call_id.in_(ids))
            rows = (await connection.execute(tickets.order_by(TicketRow.request_index))).mappings().all()
        return [
            _call(last_id, [row for row in rows if (row["call_node"], row["call_id"]) == (node, call_id)])
            for node, call_id, last_id in found
        ]


def _call(last_id: str, rows: Sequence[Any]) -> CallLine:
    first = rows[0]
    levels = list(EmergencyLevel)
    return CallLine(
        cursor=last_id,
        id=first["call_id"],
        node=first["call_node"],
        linkedid=first["call_linkedid"],
        started_at=first["call_started_at"],
        emergency_level=max((EmergencyLevel(row["emergency_level"]) for row in rows), key=levels.index),
        tickets=tuple((row["number"], State(row["state"])) for row in rows),
    )


async def _newest(connection: AsyncConnection) -> Taxonomy | None:
    query = select(TaxonomyRow.__table__).order_by(TaxonomyRow.version.desc()).limit(1)
    row = (await connection.execute(query)).mappings().first()
    if row is None:
        return None
    services = tuple(service_from(each) for each in row["services"])
    return Taxonomy(row["version"], row["fingerprint"], row["at"], row["actor"], services)


def _filed(query: FiledQuery) -> Any:
    ticket, reporter = TicketRow, ReporterRow
    statement: Any = (
        select(
            ticket.id,
            ticket.number,
            ticket.state,
            reporter.service_code,
            ticket.summary,
            ticket.category_problem.label("category"),
            ticket.main_unit.label("unit"),
            ticket.created_at.label("taken_at"),
            ticket.updated_at,
            ticket.due_at,
            reporter.address,
            reporter.address_id,
            reporter.lat,
            reporter.long,
            reporter.media_url,
            reporter.filed_by,
        )
        .join_from(ticket, reporter, reporter.ticket_id == ticket.id)
        .order_by(ticket.id.desc())
        .limit(query.limit)
        .offset(query.offset)
    )
    if query.numbers:
        return statement.where(ticket.number.in_(query.numbers))
    if query.service_codes:
        statement = statement.where(reporter.service_code.in_(query.service_codes))
    finished = [state.value for state in sorted(FINISHED)]
    if query.finished is not None:
        statement = statement.where(ticket.state.in_(finished) if query.finished else ticket.state.not_in(finished))
    if query.taken_from is not None:
        statement = statement.where(ticket.created_at >= query.taken_from)
    if query.taken_to is not None:
        statement = statement.where(ticket.created_at <= query.taken_to)
    return statement
