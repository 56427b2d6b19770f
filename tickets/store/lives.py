"""The lists of a ticket's life, from their tables and back. Entries are inserted and updated, never deleted."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Table, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tickets.domain.life import LISTS, Life
from tickets.domain.ticket import TicketRecord
from tickets.store import models_life as models
from tickets.store.models import Base
from tickets.store.rows import Row, entry_values, life_from

_ROWS: Final[Mapping[str, type[Base]]] = {
    "assignments": models.AssignmentRow,
    "deadlines": models.DeadlineRow,
    "subtasks": models.SubTaskRow,
    "extensions": models.ExtensionRow,
    "objections": models.ObjectionRow,
    "feedbacks": models.FeedbackRow,
    "visits": models.VisitRow,
    "ledger": models.LedgerRow,
    "links": models.LinkRow,
    "site_records": models.SiteRecordRow,
    "call_backs": models.CallBackRow,
}
TABLES: Final[Mapping[str, Table]] = {
    name: row.metadata.tables[row.__tablename__] for name, row in ((each, _ROWS[each]) for each in LISTS)
}
"""Each list of a life with its table."""


async def load_life(connection: AsyncConnection, row: Row) -> Life:
    """The life of the ticket whose row this is; only lists that have entries are asked for."""
    lists: dict[str, Sequence[Row]] = {}
    for name in row["parts"]:
        table = TABLES[name]
        query = select(table).where(table.c.ticket_id == row["id"]).order_by(table.c.seq)
        lists[name] = (await connection.execute(query)).mappings().all()
    return life_from(row, lists)


async def save_life(connection: AsyncConnection, ticket_id: str, before: Life, after: Life) -> None:
    """Writes the entries in which `after` differs from `before`."""
    for name in LISTS:
        old, new = getattr(before, name), getattr(after, name)
        if old == new:
            continue
        table = TABLES[name]
        known = {each.seq: each for each in old}
        fresh = [entry_values(ticket_id, each) for each in new if each.seq not in known]
        if fresh:
            await connection.execute(insert(table), fresh)
        for each in new:
            if each.seq in known and each != known[each.seq]:
                statement = update(table).where(table.c.ticket_id == ticket_id, table.c.seq == each.seq)
                await connection.execute(statement.values(entry_values(ticket_id, each)))


def life_rows(fresh: Iterable[TicketRecord]) -> list[tuple[Table, list[dict[str, Any]]]]:
    """The rows of the lists that new tickets begin with."""
    tickets = list(fresh)
    rows = (
        (table, [entry_values(each.id, entry) for each in tickets for entry in getattr(each.life, name)])
        for name, table in TABLES.items()
    )
    return [(table, values) for table, values in rows if values]
