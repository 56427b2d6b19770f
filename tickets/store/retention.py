"""Erasing in the database. Each erasure is one transaction: what is personal, the note of its files, and the record.

Rows stay where others point to them (a ticket, its party), with the personal columns emptied; rows that are personal as
a whole (attachments, conflicts) go. The digest of an attachment stays in the history's event that tells of it.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tickets.domain.history import erased, is_erased
from tickets.service.public import FINISHED
from tickets.service.retention import EraseKind, Hold
from tickets.service.webhooks import DeliveryStatus
from tickets.store import models_life as life
from tickets.store.models import ActionRow, AttachmentRow, ConflictRow, EventRow, PartyRow, TicketRow
from tickets.store.models_jobs import (
    DeliveryRow,
    ErasureRow,
    FiringRow,
    HoldRow,
    ReporterRow,
    UnlinkRow,
)
from tickets.store.sql import SqlStore
from tickets.store.statements import upsert

FILES: Final = {EraseKind.RECORDINGS: ("recording", "message"), EraseKind.DOCUMENTS: ("image", "document")}

_WORDS: Final[tuple[tuple[Any, dict[str, Any]], ...]] = (
    (life.AssignmentRow, {"end_reason": None}),
    (life.SubTaskRow, {"task": "", "result": None}),
    (life.ExtensionRow, {"reason": "", "comment": None}),
    (life.ObjectionRow, {"reason": "", "comment": None}),
    (life.FeedbackRow, {"result": ""}),
    (life.VisitRow, {"comment": None}),
    (life.LedgerRow, {"reason": "", "result": None}),
    (life.SiteRecordRow, {"result": ""}),
)
"""Free words in the lists of a ticket's life; the figures beside them stay for the statistics."""


class SqlRetention:
    """Implements RetentionStore."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store

    async def due(self, kind: EraseKind, ended_before: datetime, limit: int) -> list[str]:
        done = select(ErasureRow.ticket_id).where(ErasureRow.ticket_id == TicketRow.id, ErasureRow.kind == kind.value)
        held = select(HoldRow.ticket_id).where(HoldRow.ticket_id == TicketRow.id)
        query = (
            select(TicketRow.id)
            .where(
                TicketRow.state.in_(sorted(state.value for state in FINISHED)),
                func.coalesce(TicketRow.closed_at, TicketRow.updated_at) < ended_before,
                ~done.exists(),
                ~held.exists(),
            )
            .order_by(TicketRow.id)
            .limit(limit)
        )
        async with self._store.read() as connection:
            return list((await connection.execute(query)).scalars())

    async def erase(self, ticket_id: str, kind: EraseKind, at: datetime) -> bool:
        async def run(connection: AsyncConnection) -> object:
            locked = select(TicketRow.__table__).where(TicketRow.id == ticket_id).with_for_update()
            ticket = (await connection.execute(locked)).mappings().one()
            held = select(HoldRow.ticket_id).where(HoldRow.ticket_id == ticket_id)
            if (await connection.execute(held)).first() is not None:
                return False
            row: dict[str, Any] = {"ticket_id": ticket_id, "kind": kind.value, "at": at, "detail": {}}
            record = upsert(connection, ErasureRow).values(row).on_conflict_do_nothing()
            if (await connection.execute(record)).rowcount != 1:
                return False
            if kind in FILES:
                await _erase_files(connection, ticket_id, FILES[kind], at)
            elif kind is EraseKind.CALLERS:
                await _erase_callers(connection, ticket)
            else:
                await _erase_words(connection, ticket)
            return True

        return await self._store.write(run) is True

    async def unlinks(self, limit: int) -> list[str]:
        async with self._store.read() as connection:
            query = select(UnlinkRow.sha256).order_by(UnlinkRow.at, UnlinkRow.sha256).limit(limit)
            return list((await connection.execute(query)).scalars())

    async def unlinked(self, sha256: str, remove: Callable[[], None]) -> bool:
        async def run(connection: AsyncConnection) -> object:
            # SQLite's write lock, and here the row's, keep a second remover away; an upload that comes now brings its
            # own copy of the file, which is younger than what is removed.
            line = select(UnlinkRow.sha256).where(UnlinkRow.sha256 == sha256).with_for_update()
            if (await connection.execute(line)).first() is None:
                return False
            named = select(AttachmentRow.id).where(AttachmentRow.sha256 == sha256).limit(1)
            free = (await connection.execute(named)).first() is None
            if free:
                await asyncio.get_running_loop().run_in_executor(None, remove)
            await connection.execute(delete(UnlinkRow).where(UnlinkRow.sha256 == sha256))
            return free

        return await self._store.write(run) is True

    async def purge(self, before: datetime, limit: int) -> int:
        async def run(connection: AsyncConnection) -> object:
            ended = (
                select(DeliveryRow.id)
                .where(DeliveryRow.status != DeliveryStatus.PENDING.value)
                .where(func.coalesce(DeliveryRow.last_attempt, DeliveryRow.created_at) < before)
                .limit(limit)
            )
            gone = await connection.execute(delete(DeliveryRow).where(DeliveryRow.id.in_(ended)))
            oldest = select(FiringRow.slot).where(FiringRow.finished_at < before).order_by(FiringRow.slot).limit(limit)
            slots = list((await connection.execute(oldest)).scalars())
            fired = await connection.execute(
                delete(FiringRow).where(FiringRow.slot.in_(slots), FiringRow.finished_at < before)
            )
            return gone.rowcount + fired.rowcount

        answer = await self._store.write(run)
        return answer if isinstance(answer, int) else 0

    async def hold(self, hold: Hold) -> bool:
        async def run(connection: AsyncConnection) -> object:
            found = select(TicketRow.id).where(TicketRow.number == hold.number).with_for_update()
            ticket_id = (await connection.execute(found)).scalars().first()
            if ticket_id is None:
                return False
            row = {"ticket_id": ticket_id, "at": hold.at, "actor": hold.actor, "reason": hold.reason}
            await connection.execute(upsert(connection, HoldRow).values(row).on_conflict_do_nothing())
            return True

        return await self._store.write(run) is True

    async def release(self, number: str) -> bool:
        async def run(connection: AsyncConnection) -> object:
            found = select(TicketRow.id).where(TicketRow.number == number)
            return (await connection.execute(delete(HoldRow).where(HoldRow.ticket_id.in_(found)))).rowcount == 1

        return await self._store.write(run) is True

    async def holds(self) -> list[Hold]:
        query = select(TicketRow.number, HoldRow.at, HoldRow.actor, HoldRow.reason).join_from(
            HoldRow, TicketRow, TicketRow.id == HoldRow.ticket_id
        )
        async with self._store.read() as connection:
            return [Hold(*row) for row in (await connection.execute(query.order_by(HoldRow.at))).all()]


async def _erase_files(connection: AsyncConnection, ticket_id: str, kinds: tuple[str, ...], at: datetime) -> None:
    mine = (AttachmentRow.ticket_id == ticket_id, AttachmentRow.kind.in_(kinds))
    digests = sorted(set((await connection.execute(select(AttachmentRow.sha256).where(*mine))).scalars()))
    await connection.execute(delete(AttachmentRow).where(*mine))
    if digests:
        lines = [{"sha256": digest, "at": at} for digest in digests]
        await connection.execute(upsert(connection, UnlinkRow).on_conflict_do_nothing(), lines)


async def _erase_callers(connection: AsyncConnection, ticket: Any) -> None:
    party = update(PartyRow).where(PartyRow.ticket_id == ticket["id"])
    await connection.execute(party.values(number=None, number_tail=None))
    blank = ("name", "email", "device_id", "account_id", "address", "address_id", "lat", "long", "media_url")
    reporter = update(ReporterRow).where(ReporterRow.ticket_id == ticket["id"])
    await connection.execute(reporter.values(dict.fromkeys(blank)))
    await connection.execute(delete(ConflictRow).where(ConflictRow.ticket_number == ticket["number"]))


async def _erase_words(connection: AsyncConnection, ticket: Any) -> None:
    ticket_id = ticket["id"]
    emergency = ticket["emergency"]
    values: dict[str, Any] = {
        "summary": "",
        "transcript": [],
        "places": [],
        "reasons": [],
        "note": None,
        "emergency": {**emergency, "span": "", "reasons": []} if emergency else None,
    }
    await connection.execute(update(TicketRow).where(TicketRow.id == ticket_id).values(values))
    await connection.execute(update(ActionRow).where(ActionRow.ticket_id == ticket_id).values(body={}))
    await connection.execute(delete(ConflictRow).where(ConflictRow.ticket_number == ticket["number"]))
    for table, blank in _WORDS:
        await connection.execute(update(table).where(table.ticket_id == ticket_id).values(blank))
    query = select(EventRow.seq, EventRow.data).where(EventRow.ticket_id == ticket_id)
    for seq, data in (await connection.execute(query)).all():
        if not is_erased(data):
            event = update(EventRow).where(EventRow.ticket_id == ticket_id, EventRow.seq == seq)
            await connection.execute(event.values(data=erased(data)))
