"""Notices into the table of deliveries, one for each subscriber who wants them, inside the caller's transaction."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from tickets.domain.ticket import TicketRecord
from tickets.service.outbox import Notice, ticket_notice, wants
from tickets.store.models_jobs import DeliveryRow, WebhookRow

SUBSCRIBERS: Final = select(WebhookRow.id, WebhookRow.kinds).where(WebhookRow.active)
"""Who is told what; without subscribers a look at a table that is empty."""


def creation_notices(records: Iterable[TicketRecord]) -> list[Notice]:
    """What new tickets have to tell: each event of their short history."""
    return [ticket_notice(record.number, event) for record in records for event in record.history]


async def enqueue(connection: AsyncConnection, notices: Sequence[Notice]) -> None:
    """Writes the deliveries of these notices; they are sent once the transaction is committed."""
    if not notices:
        return
    subscribers = [(webhook_id, kinds) for webhook_id, kinds in (await connection.execute(SUBSCRIBERS)).all()]
    rows = delivery_rows(subscribers, notices)
    if rows:
        await connection.execute(insert(DeliveryRow), rows)


def delivery_rows(subscribers: Iterable[tuple[str, Sequence[str]]], notices: Sequence[Notice]) -> list[dict[str, Any]]:
    """The rows to insert: id and wanted kinds of each subscriber against each notice."""
    return [
        {
            "id": notice.delivery_id(webhook_id),
            "webhook_id": webhook_id,
            "kind": notice.kind,
            "body": notice.body(),
            "created_at": notice.at,
            "status": "pending",
            "attempts": 0,
            "next_attempt": notice.at,
        }
        for webhook_id, kinds in subscribers
        for notice in notices
        if wants(tuple(kinds), notice.kind)
    ]
