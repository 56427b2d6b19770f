"""Subscriptions and deliveries in the database. A delivery is leased like a job: by row lock and compare-and-set."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tickets.service.webhooks import Delivery, DeliveryStatus, Outgoing, Webhook
from tickets.store.models_jobs import DeliveryRow, WebhookRow
from tickets.store.sql import SqlStore


class SqlWebhooks:
    """Implements WebhookStore on the tables of an open store."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store

    async def add(self, webhook: Webhook) -> None:
        async def run(connection: AsyncConnection) -> object:
            row = {
                "id": webhook.id,
                "url": webhook.url,
                "kinds": list(webhook.kinds),
                "secret": webhook.secret,
                "active": webhook.active,
                "created_at": webhook.created_at,
                "created_by": webhook.created_by,
            }
            await connection.execute(insert(WebhookRow), row)
            return None

        await self._store.write(run)

    async def all(self) -> list[Webhook]:
        async with self._store.read() as connection:
            rows = (await connection.execute(select(WebhookRow.__table__).order_by(WebhookRow.id))).mappings().all()
        return [Webhook(**{**row, "kinds": tuple(row["kinds"])}) for row in rows]

    async def end(self, webhook_id: str, at: datetime, reason: str) -> bool:
        async def run(connection: AsyncConnection) -> object:
            running = update(WebhookRow).where(WebhookRow.id == webhook_id, WebhookRow.active)
            done = await connection.execute(running.values(active=False, ended_at=at, end_reason=reason[:128]))
            waiting = update(DeliveryRow).where(
                DeliveryRow.webhook_id == webhook_id, DeliveryRow.status == DeliveryStatus.PENDING.value
            )
            await connection.execute(waiting.values(status=DeliveryStatus.DEAD.value, last_result="unsubscribed"))
            return done.rowcount == 1

        return await self._store.write(run) is True

    async def deliveries(
        self, webhook_id: str | None, status: DeliveryStatus | None, before: str | None, limit: int
    ) -> list[Delivery]:
        query = select(DeliveryRow.__table__).order_by(DeliveryRow.id.desc()).limit(limit)
        if webhook_id is not None:
            query = query.where(DeliveryRow.webhook_id == webhook_id)
        if status is not None:
            query = query.where(DeliveryRow.status == status.value)
        if before is not None:
            query = query.where(DeliveryRow.id < before)
        async with self._store.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        return [_delivery(row) for row in rows]

    async def revive(self, delivery_id: str, at: datetime) -> bool:
        async def run(connection: AsyncConnection) -> object:
            running = select(WebhookRow.id).where(WebhookRow.active)
            dead = update(DeliveryRow).where(
                DeliveryRow.id == delivery_id,
                DeliveryRow.status == DeliveryStatus.DEAD.value,
                DeliveryRow.webhook_id.in_(running),
            )
            values = {"status": DeliveryStatus.PENDING.value, "attempts": 0, "next_attempt": at, "lease_until": None}
            return (await connection.execute(dead.values(values))).rowcount == 1

        return await self._store.write(run) is True

    async def lease(self, owner: str, now: datetime, until: datetime, limit: int) -> list[Outgoing]:
        if not await self._any_due(now):
            return []

        async def run(connection: AsyncConnection) -> object:
            query = (
                select(DeliveryRow.__table__, WebhookRow.url, WebhookRow.secret)
                .join_from(DeliveryRow, WebhookRow, WebhookRow.id == DeliveryRow.webhook_id)
                .where(*_due(now), WebhookRow.active)
                .order_by(DeliveryRow.next_attempt)
                .limit(limit)
                .with_for_update(skip_locked=True, of=DeliveryRow)
            )
            rows = (await connection.execute(query)).mappings().all()
            taken = update(DeliveryRow).where(DeliveryRow.id.in_([row["id"] for row in rows]))
            values = {"lease_owner": owner, "lease_until": until, "attempts": DeliveryRow.attempts + 1}
            if rows:
                await connection.execute(taken.values(values))
            return [Outgoing(_delivery(row), row["url"], row["secret"], owner, row["attempts"] + 1) for row in rows]

        answer = await self._store.write(run)
        return answer if isinstance(answer, list) else []

    async def close(
        self, sent: Outgoing, status: DeliveryStatus, at: datetime, next_attempt: datetime, result: str
    ) -> None:
        async def run(connection: AsyncConnection) -> object:
            held = update(DeliveryRow).where(
                DeliveryRow.id == sent.delivery.id,
                DeliveryRow.lease_owner == sent.owner,
                DeliveryRow.attempts == sent.attempt,
            )
            values = {
                "status": status.value,
                "next_attempt": next_attempt,
                "lease_owner": None,
                "lease_until": None,
                "last_attempt": at,
                "last_result": result[:128],
            }
            await connection.execute(held.values(values))
            return None

        await self._store.write(run)

    async def counts(self) -> dict[DeliveryStatus, int]:
        query = select(DeliveryRow.status, func.count()).group_by(DeliveryRow.status)
        async with self._store.read() as connection:
            found = {DeliveryStatus(status): count for status, count in (await connection.execute(query)).all()}
        return {status: found.get(status, 0) for status in DeliveryStatus}

    async def _any_due(self, now: datetime) -> bool:
        async with self._store.read() as connection:
            return (await connection.execute(select(DeliveryRow.id).where(*_due(now)).limit(1))).first() is not None


def _due(now: datetime) -> tuple[Any, ...]:
    return (
        DeliveryRow.status == DeliveryStatus.PENDING.value,
        DeliveryRow.next_attempt <= now,
        or_(DeliveryRow.lease_until.is_(None), DeliveryRow.lease_until < now),
    )


def _delivery(row: Any) -> Delivery:
    return Delivery(
        id=row["id"],
        webhook_id=row["webhook_id"],
        kind=row["kind"],
        body=row["body"],
        created_at=row["created_at"],
        status=DeliveryStatus(row["status"]),
        attempts=row["attempts"],
        next_attempt=row["next_attempt"],
        last_attempt=row["last_attempt"],
        last_result=row["last_result"],
    )
