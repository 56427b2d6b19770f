"""Walks every history chain, and every file, of a database: does it still say what was once sealed?

A finding names the ticket and the place, never what stands there. Words may be erased only where the table of erasures
says so; data that is erased without that is a finding, though its chain holds.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from tickets.domain.errors import AttachmentAltered, AttachmentNotFound
from tickets.domain.history import broken_at, is_erased
from tickets.ports import FileStore
from tickets.service.retention import EraseKind
from tickets.store.models import AttachmentRow, EventRow, TicketRow
from tickets.store.models_jobs import ErasureRow
from tickets.store.rows import event_from
from tickets.store.sql import SqlStore

Progress = Callable[[int, int], None]
_BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Finding:
    """`what` is one of: chain, end, erased, file-missing, file-altered."""

    number: str
    what: str
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    tickets: int
    events: int
    files: int
    findings: tuple[Finding, ...]


async def verify(store: SqlStore, files: FileStore | None, progress: Progress = lambda _done, _whole: None) -> Verdict:
    """Walks all tickets; with `files` also hashes every attachment. Raises StoreUnavailable."""
    findings: list[Finding] = []
    tickets = events = checked = 0
    async with store.read() as connection:
        whole = (await connection.execute(select(func.count()).select_from(TicketRow))).scalar_one()
    async for batch in _batches(store):
        ids = [row["id"] for row in batch]
        histories = await _histories(store, ids)
        erased = await _erased(store, ids)
        for row in batch:
            history = histories.get(row["id"], [])
            events += len(history)
            findings += await asyncio.to_thread(_examine, row, history, row["id"] in erased)
        if files is not None:
            count, found = await _examine_files(store, files, batch)
            checked += count
            findings += found
        tickets += len(batch)
        progress(tickets, whole)
    return Verdict(tickets, events, checked, tuple(findings))


def _examine(ticket: Any, history: Sequence[Any], may_be_erased: bool) -> list[Finding]:
    number, found = ticket["number"], []
    chain = [event_from(row) for row in history]
    broken = broken_at(number, chain)
    if broken is not None or not chain:
        found.append(Finding(number, "chain", f"event {broken or 1} does not fit the chain"))
    elif (chain[-1].seq, chain[-1].hash, chain[-1].state.value) != (
        ticket["last_seq"],
        ticket["last_hash"],
        ticket["state"],
    ):
        found.append(Finding(number, "end", "the ticket does not stand where its history ends"))
    if not may_be_erased:
        found += [
            Finding(number, "erased", f"the words of event {each.seq} are erased, but no erasure is on record")
            for each in chain
            if is_erased(each.data)
        ]
    return found


async def _examine_files(store: SqlStore, files: FileStore, batch: Sequence[Any]) -> tuple[int, list[Finding]]:
    numbers = {row["id"]: row["number"] for row in batch}
    query = select(AttachmentRow.id, AttachmentRow.ticket_id, AttachmentRow.sha256)
    async with store.read() as connection:
        rows = (await connection.execute(query.where(AttachmentRow.ticket_id.in_(list(numbers))))).all()
    found = []
    for attachment_id, ticket_id, sha256 in rows:
        try:
            await files.verified(sha256)
        except AttachmentNotFound:
            found.append(Finding(numbers[ticket_id], "file-missing", f"attachment {attachment_id} has no file"))
        except AttachmentAltered:
            found.append(Finding(numbers[ticket_id], "file-altered", f"attachment {attachment_id} 已被改动"))
    return len(rows), found


async def _batches(store: SqlStore) -> AsyncIterator[Sequence[Any]]:
    columns = (TicketRow.id, TicketRow.number, TicketRow.state, TicketRow.last_seq, TicketRow.last_hash)
    after = ""
    while True:
        query = select(*columns).where(TicketRow.id > after).order_by(TicketRow.id).limit(_BATCH)
        async with store.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        if not rows:
            return
        yield rows
        after = rows[-1]["id"]


async def _histories(store: SqlStore, ids: Sequence[str]) -> dict[str, list[Any]]:
    async with store.read() as connection:
        return await _grouped(connection, ids)


async def _grouped(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, list[Any]]:
    query = select(EventRow.__table__).where(EventRow.ticket_id.in_(ids)).order_by(EventRow.ticket_id, EventRow.seq)
    found: dict[str, list[Any]] = {}
    for row in (await connection.execute(query)).mappings():
        found.setdefault(row["ticket_id"], []).append(row)
    return found


async def _erased(store: SqlStore, ids: Sequence[str]) -> set[str]:
    query = select(ErasureRow.ticket_id).where(ErasureRow.ticket_id.in_(ids), ErasureRow.kind == EraseKind.WORDS.value)
    async with store.read() as connection:
        return set((await connection.execute(query)).scalars())
