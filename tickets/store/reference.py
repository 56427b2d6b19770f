"""Statements of the directory, the calendar and the clocks that are due."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from tickets.domain.calendar import CalendarDay, CalendarYear
from tickets.domain.life import DeadlineKind, Rung
from tickets.domain.states import State
from tickets.domain.units import Person, PersonRole, Unit, UnitKind, UnitLevel
from tickets.ports import DueWork
from tickets.store.models import TicketRow
from tickets.store.models_life import CalendarDayRow, CalendarYearRow, DeadlineRow, PersonRow, UnitRow


async def read_units(connection: AsyncConnection) -> list[Unit]:
    people: defaultdict[str, list[Person]] = defaultdict(list)
    query = select(PersonRow.__table__).where(PersonRow.active).order_by(PersonRow.unit_id, PersonRow.id)
    for row in (await connection.execute(query)).mappings():
        people[row["unit_id"]].append(
            Person(row["id"], row["unit_id"], row["name"], PersonRole(row["role"]), row["phone"], row["escalation"])
        )
    rows = (await connection.execute(select(UnitRow.__table__).order_by(UnitRow.id))).mappings()
    return [
        Unit(
            id=row["id"],
            name=row["name"],
            level=UnitLevel(row["level"]),
            kind=UnitKind(row["kind"]),
            parent_id=row["parent_id"],
            trade=row["trade"],
            areas=tuple(row["areas"]),
            active=row["active"],
            people=tuple(people[row["id"]]),
        )
        for row in rows
    ]


async def write_units(connection: AsyncConnection, units: Sequence[Unit], *, replace: bool) -> None:
    """`units` has each unit after the one above it. People of these units who are not named are out of service."""
    if replace:
        await connection.execute(update(UnitRow).values(active=False))
        await connection.execute(update(PersonRow).values(active=False))
    elif units:
        gone = update(PersonRow).where(PersonRow.unit_id.in_([unit.id for unit in units])).values(active=False)
        await connection.execute(gone)
    await _put(connection, UnitRow, [unit_values(unit) for unit in units])
    await _put(connection, PersonRow, [person_values(person) for unit in units for person in unit.people])


async def read_years(connection: AsyncConnection) -> list[CalendarYear]:
    days: defaultdict[int, list[CalendarDay]] = defaultdict(list)
    for row in (await connection.execute(select(CalendarDayRow.__table__).order_by(CalendarDayRow.day))).mappings():
        days[row["year"]].append(CalendarDay(row["day"], row["works"], row["name"]))
    query = select(CalendarYearRow.__table__).order_by(CalendarYearRow.year)
    return [
        CalendarYear(row["year"], row["source"], tuple(days[row["year"]]))
        for row in (await connection.execute(query)).mappings()
    ]


async def write_years(
    connection: AsyncConnection, years: Sequence[CalendarYear], at: datetime, *, replace: bool
) -> None:
    for each in years:
        known = select(CalendarYearRow.year).where(CalendarYearRow.year == each.year)
        if (await connection.execute(known)).first() is not None and not replace:
            continue
        await connection.execute(delete(CalendarDayRow).where(CalendarDayRow.year == each.year))
        await _put(connection, CalendarYearRow, [{"year": each.year, "source": each.source, "imported_at": at}])
        rows = [{"day": day.day, "year": each.year, "works": day.works, "name": day.name} for day in each.days]
        await connection.execute(insert(CalendarDayRow), rows)


async def read_due(connection: AsyncConnection, now: datetime, limit: int) -> list[DueWork]:
    query = (
        select(
            TicketRow.number,
            TicketRow.state,
            DeadlineRow.seq,
            DeadlineRow.kind,
            DeadlineRow.next_rung,
            DeadlineRow.next_at,
        )
        .join_from(DeadlineRow, TicketRow, TicketRow.id == DeadlineRow.ticket_id)
        .where(DeadlineRow.next_at <= now)
        .order_by(DeadlineRow.next_at, DeadlineRow.ticket_id, DeadlineRow.seq)
        .limit(limit)
    )
    return [
        DueWork(
            number=row["number"],
            deadline=row["seq"],
            kind=DeadlineKind(row["kind"]),
            rung=Rung(row["next_rung"]),
            due_at=row["next_at"],
            state=State(row["state"]),
        )
        for row in (await connection.execute(query)).mappings()
    ]


async def _put(connection: AsyncConnection, model: Any, rows: Sequence[dict[str, Any]]) -> None:
    """Inserts rows, or replaces those with the same key."""
    if not rows:
        return
    statement = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(model)
    table = model.__table__
    keys = [column.name for column in table.primary_key]
    changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    await connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), rows)


def unit_values(unit: Unit) -> dict[str, Any]:
    return {
        "id": unit.id,
        "name": unit.name,
        "level": unit.level.value,
        "kind": unit.kind.value,
        "parent_id": unit.parent_id,
        "trade": unit.trade,
        "areas": list(unit.areas),
        "active": unit.active,
    }


def person_values(person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "unit_id": person.unit_id,
        "name": person.name,
        "role": person.role.value,
        "phone": person.phone,
        "escalation": person.escalation,
        "active": person.active,
    }
