"""Notices into the table of deliveries, one for each subscriber who wants them, inside the caller's transaction."""

from collections.abc import Sequence

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from tickets.service.outbox import Notice, wants
from tickets.store.models_jobs import DeliveryRow, WebhookRow

_SUBSCRIBERS = select(WebhookRow.id, WebhookRow.kinds).where(WebhookRow.active)


async def enqueue(connection: AsyncConnection, notices: Sequence[Notice]) -> None:
    """Without subscribers this is one look at a table that is empty."""
    if not notices:
        return
    subscribers = (await connection.execute(_SUBSCRIBERS)).all()
    rows = [
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
    if rows:
        await connection.execute(insert(DeliveryRow), rows)
