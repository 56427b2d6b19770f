"""The print log of hand-over sheets. Implements `tickets.service.sheets.PrintStore`."""

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from tickets.domain.errors import StoreFailed
from tickets.service.sheets import Print
from tickets.store.models import TicketRow
from tickets.store.models_reports import SheetPrintRow
from tickets.store.sql import SqlStore

_FIELDS: Final = Print.__slots__


class SqlPrints:
    def __init__(self, store: SqlStore) -> None:
        self._store = store

    async def add_print(self, ticket_id: str, make: Callable[[int], Print]) -> Print:
        async def run(connection: AsyncConnection) -> object:
            # Copies of one ticket are numbered under its row lock, also by several instances.
            await connection.execute(select(TicketRow.id).where(TicketRow.id == ticket_id).with_for_update())
            highest = select(func.max(SheetPrintRow.copy)).where(SheetPrintRow.ticket_id == ticket_id)
            sheet = make(((await connection.execute(highest)).scalar_one() or 0) + 1)
            await connection.execute(insert(SheetPrintRow), {name: getattr(sheet, name) for name in _FIELDS})
            return sheet

        answer = await self._store.write(run)
        if not isinstance(answer, Print):
            raise StoreFailed("the store gave an answer that it should not know")
        return answer

    async def find_print(self, code: str) -> Print | None:
        query = select(SheetPrintRow.__table__).where(SheetPrintRow.code == code)
        async with self._store.read() as connection:
            row = (await connection.execute(query)).mappings().first()
        return _print(row) if row is not None else None

    async def prints(self, number: str) -> list[Print]:
        query = select(SheetPrintRow.__table__).where(SheetPrintRow.number == number).order_by(SheetPrintRow.copy)
        async with self._store.read() as connection:
            return [_print(row) for row in (await connection.execute(query)).mappings().all()]


def _print(row: Any) -> Print:
    return Print(**{name: row[name] for name in _FIELDS})
