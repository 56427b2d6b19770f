"""Open tickets that may be the same matter: by the same caller, or of the same problem in the same area."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from tickets.domain.states import SETTLED
from tickets.ports import Similar
from tickets.store.models import PartyRow, TicketRow
from tickets.store.rows import Row, summary_from


async def find_similar(connection: AsyncConnection, number: str, since: datetime, limit: int) -> list[Similar]:
    """Newest first; what the same caller said comes with what was said of the same matter."""
    asked = select(TicketRow.__table__, PartyRow.number.label("caller"), PartyRow.number_tail).join_from(
        TicketRow, PartyRow, PartyRow.ticket_id == TicketRow.id
    )
    row = (await connection.execute(asked.where(TicketRow.number == number))).mappings().first()
    if row is None:
        return []
    by_caller = await _rows(connection, _by_caller(row), row["id"], since, limit) if row["caller"] else []
    matter = row["category_problem"] is not None and row["area_id"] is not None
    by_matter = await _rows(connection, _by_matter(row), row["id"], since, limit) if matter else []
    callers, matters = ({each["id"] for each in found} for found in (by_caller, by_matter))
    rows = {each["id"]: each for each in (*by_caller, *by_matter)}
    newest = sorted(rows, reverse=True)[:limit]
    return [Similar(summary_from(rows[each]), each in callers, each in matters) for each in newest]


async def _rows(connection: AsyncConnection, query: Select[Any], own: str, since: datetime, limit: int) -> list[Row]:
    query = (
        query.where(
            TicketRow.id != own,
            TicketRow.created_at >= since,
            TicketRow.state.not_in([state.value for state in SETTLED]),
        )
        .order_by(TicketRow.id.desc())
        .limit(limit)
    )
    return list((await connection.execute(query)).mappings())


def _by_caller(row: Row) -> Select[Any]:
    # The tail has an index; the whole number decides.
    callers = select(PartyRow.ticket_id).where(
        PartyRow.number_tail == row["number_tail"], PartyRow.number == row["caller"]
    )
    return select(TicketRow.__table__).where(TicketRow.id.in_(callers))


def _by_matter(row: Row) -> Select[Any]:
    return select(TicketRow.__table__).where(
        TicketRow.category_l1 == row["category_l1"],
        TicketRow.category_problem == row["category_problem"],
        TicketRow.area_id == row["area_id"],
    )
