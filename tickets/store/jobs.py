"""The tables of jobs: claims by row lock on PostgreSQL, by the one write lock on SQLite, compare-and-set on both.

`SELECT … FOR UPDATE SKIP LOCKED` lets instances pass over a row that another one is just claiming; SQLite has no such
words and needs none, because its write transactions come one after the other. What a claim may change is decided by the
row's own values within that transaction.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tickets.service.jobs import Finished, Firing, JobLine, LeaseLost
from tickets.store.models_jobs import FiringRow, JobRow
from tickets.store.outbox import enqueue
from tickets.store.sql import SqlStore
from tickets.store.statements import upsert

_LOST = "lost"


class SqlJobs:
    """Implements JobStore on the tables of an open store."""

    def __init__(self, store: SqlStore) -> None:
        self._store = store

    async def ensure(self, name: str, schedule: str, first_slot: datetime) -> None:
        async def run(connection: AsyncConnection) -> object:
            row = {"name": name, "schedule": schedule, "next_slot": first_slot, "fence": 0, "failures": 0}
            await connection.execute(upsert(connection, JobRow).values(row).on_conflict_do_nothing())
            changed = update(JobRow).where(JobRow.name == name, JobRow.schedule != schedule)
            await connection.execute(changed.values(schedule=schedule, next_slot=first_slot, not_before=None))
            return None

        await self._store.write(run)

    async def due(self, now: datetime) -> list[str]:
        async with self._store.read() as connection:
            return list((await connection.execute(select(JobRow.name).where(*_due(now)))).scalars())

    async def claim(self, name: str, owner: str, now: datetime, until: datetime, latest: datetime) -> Firing | None:
        async def run(connection: AsyncConnection) -> object:
            query = select(JobRow.__table__).where(JobRow.name == name, *_due(now)).with_for_update(skip_locked=True)
            row = (await connection.execute(query)).mappings().first()
            if row is None:
                return None
            firing = Firing(name, max(row["next_slot"], latest), row["fence"] + 1, owner)
            taken = update(JobRow).where(JobRow.name == name, JobRow.fence == row["fence"])
            values = {"next_slot": firing.slot, "fence": firing.fence, "lease_owner": owner, "lease_until": until}
            done = await connection.execute(taken.values(values))
            return firing if done.rowcount == 1 else None

        answer = await self._store.write(run)
        return answer if isinstance(answer, Firing) else None

    async def renew(self, firing: Firing, until: datetime) -> None:
        async def run(connection: AsyncConnection) -> object:
            done = await connection.execute(_held(firing).values(lease_until=until))
            return None if done.rowcount == 1 else _LOST

        _refuse_lost(await self._store.write(run), firing)

    async def finish(self, firing: Firing, at: datetime, following: datetime, done: Finished) -> None:
        async def run(connection: AsyncConnection) -> object:
            values = {
                "next_slot": following,
                "not_before": None,
                "lease_owner": None,
                "lease_until": None,
                "last_slot": firing.slot,
                "last_finished": at,
                "last_outcome": "done",
                "failures": 0,
            }
            closed = await connection.execute(_held(firing).values(values))
            if closed.rowcount != 1:
                return _LOST
            row = {
                "job": firing.job,
                "slot": firing.slot,
                "fence": firing.fence,
                "owner": firing.owner,
                "finished_at": at,
                "detail": done.detail,
            }
            await connection.execute(insert(FiringRow), row)
            await enqueue(connection, done.notices)
            return None

        _refuse_lost(await self._store.write(run), firing)

    async def fail(self, firing: Firing, at: datetime, retry_at: datetime, error: str) -> None:
        async def run(connection: AsyncConnection) -> object:
            values = {
                "not_before": retry_at,
                "lease_owner": None,
                "lease_until": None,
                "last_finished": at,
                "last_outcome": f"failed: {error}"[:64],
                "failures": JobRow.failures + 1,
            }
            done = await connection.execute(_held(firing).values(values))
            return None if done.rowcount == 1 else _LOST

        _refuse_lost(await self._store.write(run), firing)

    async def lines(self) -> list[JobLine]:
        async with self._store.read() as connection:
            rows = (await connection.execute(select(JobRow.__table__).order_by(JobRow.name))).mappings().all()
        names = (each for each in JobLine.__slots__)
        wanted = tuple(names)
        return [JobLine(**{name: row[name] for name in wanted}) for row in rows]


def _due(now: datetime) -> tuple[Any, ...]:
    return (
        JobRow.next_slot <= now,
        or_(JobRow.not_before.is_(None), JobRow.not_before <= now),
        or_(JobRow.lease_until.is_(None), JobRow.lease_until < now),
    )


def _held(firing: Firing) -> Any:
    return update(JobRow).where(
        JobRow.name == firing.job, JobRow.fence == firing.fence, JobRow.lease_owner == firing.owner
    )


def _refuse_lost(answer: object, firing: Firing) -> None:
    if answer == _LOST:
        raise LeaseLost(f"another instance has taken {firing.job} over")
