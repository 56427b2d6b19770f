"""Leases and fences of jobs, on both databases: each slot counts once, whoever dies, hangs or comes back."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.fakes.tickets import START, FakeClock
from tickets.domain.errors import StoreUnavailable
from tickets.jobs.runner import Job, JobRunner, RunnerTimes
from tickets.jobs.schedule import Daily, Every
from tickets.service.jobs import Finished, LeaseLost
from tickets.store.jobs import SqlJobs
from tickets.store.models_jobs import FiringRow
from tickets.store.sql import SqlStore

TIMES = RunnerTimes(poll=0.01, lease=60.0, retry=30.0)
HOURLY = Every(3600)


class Observer:
    def __init__(self) -> None:
        self.fired: list[tuple[str, str]] = []

    def job_fired(self, job: str, outcome: str, seconds: float) -> None:
        self.fired.append((job, outcome))


async def firings(store: SqlStore) -> list[tuple[str, datetime, str]]:
    async with store.read() as connection:
        rows = await connection.execute(select(FiringRow.job, FiringRow.slot, FiringRow.owner))
        return [tuple(row) for row in rows]


def runner(store: SqlStore, clock: FakeClock, owner: str, work: Any, observer: Observer | None = None) -> JobRunner:
    return JobRunner(SqlJobs(store), [Job("brief", HOURLY, work)], clock, owner, TIMES, observer or Observer())


async def a_due_job(store: SqlStore, clock: FakeClock) -> datetime:
    slot = HOURLY.latest(clock.now())
    await SqlJobs(store).ensure("brief", str(HOURLY), slot)
    return slot


async def test_a_slot_is_claimed_by_one_of_many(store: SqlStore, clock: FakeClock) -> None:
    slot = await a_due_job(store, clock)
    jobs, until = SqlJobs(store), clock.now() + timedelta(seconds=60)
    claims = await asyncio.gather(*(jobs.claim("brief", f"i{n}", clock.now(), until, slot) for n in range(12)))
    assert sum(claim is not None for claim in claims) == 1
    assert await jobs.due(clock.now()) == []


async def test_a_slot_is_done_once_and_the_next_one_follows(store: SqlStore, clock: FakeClock) -> None:
    slot = await a_due_job(store, clock)
    done: list[datetime] = []

    async def work(slot: datetime, now: datetime) -> Finished:
        done.append(slot)
        return Finished({"n": 1})

    first, second = runner(store, clock, "a", work), runner(store, clock, "b", work)
    assert await first.fire("brief") is True
    assert await second.fire("brief") is False
    clock.advance(3600)
    assert await second.fire("brief") is True
    assert done == [slot, slot + timedelta(hours=1)]
    assert {(job, owner) for job, _, owner in await firings(store)} == {("brief", "a"), ("brief", "b")}


async def test_what_a_killed_instance_had_begun_is_taken_over_after_its_lease(
    store: SqlStore, clock: FakeClock
) -> None:
    slot = await a_due_job(store, clock)
    jobs = SqlJobs(store)
    dead = await jobs.claim("brief", "dead", clock.now(), clock.now() + timedelta(seconds=60), slot)
    assert dead is not None
    clock.advance(59)
    assert await jobs.due(clock.now()) == []
    clock.advance(2)
    heir = await jobs.claim("brief", "heir", clock.now(), clock.now() + timedelta(seconds=60), slot)
    assert heir is not None
    assert (heir.slot, heir.fence) == (slot, dead.fence + 1)
    await jobs.finish(heir, clock.now(), slot + timedelta(hours=1), Finished())
    for late in (jobs.finish(dead, clock.now(), slot, Finished()), jobs.renew(dead, clock.now())):
        with pytest.raises(LeaseLost):
            await late
    assert [owner for _, _, owner in await firings(store)] == ["heir"]


async def test_slots_that_nobody_fired_are_passed_over_for_the_newest(store: SqlStore, clock: FakeClock) -> None:
    slot = await a_due_job(store, clock)
    clock.advance(5 * 3600)
    done: list[datetime] = []

    async def work(slot: datetime, now: datetime) -> Finished:
        done.append(slot)
        return Finished()

    only = runner(store, clock, "a", work)
    assert await only.fire("brief") is True
    assert await only.fire("brief") is False
    assert done == [slot + timedelta(hours=5)]


async def test_a_job_that_fails_is_tried_again_later_and_later(store: SqlStore, clock: FakeClock) -> None:
    slot = await a_due_job(store, clock)
    observer = Observer()

    async def work(slot: datetime, now: datetime) -> Finished:
        raise ValueError("secret words")

    only = runner(store, clock, "a", work, observer)
    waits = []
    for _ in range(3):
        began = clock.now()
        assert await only.fire("brief") is True
        while await SqlJobs(store).due(clock.now()) == []:
            clock.advance(10)
        waits.append((clock.now() - began).total_seconds())
    assert waits == [30, 60, 120]
    (line,) = await SqlJobs(store).lines()
    assert (line.next_slot, line.failures, line.last_outcome) == (slot, 3, "failed: ValueError")
    assert observer.fired == [("brief", "failed")] * 3


async def test_a_job_whose_store_was_away_is_tried_again_before_its_lease_has_run_out(
    store: SqlStore, clock: FakeClock
) -> None:
    slot = await a_due_job(store, clock)
    done: list[datetime] = []

    async def work(slot: datetime, now: datetime) -> Finished:
        done.append(slot)
        if len(done) == 1:
            raise StoreUnavailable("locked")
        return Finished()

    observer = Observer()
    only = runner(store, clock, "a", work, observer)
    await only.fire("brief")
    clock.advance(TIMES.retry)
    await only.fire("brief")
    assert done == [slot, slot]
    assert [outcome for _, outcome in observer.fired] == ["store_unavailable", "done"]


async def test_heavy_jobs_run_one_after_the_other(store: SqlStore, clock: FakeClock) -> None:
    slot, running, most = HOURLY.latest(clock.now()), 0, 0

    async def work(slot: datetime, now: datetime) -> Finished:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return Finished()

    jobs = [Job(name, HOURLY, work, heavy=True) for name in "abc"]
    for job in jobs:
        await SqlJobs(store).ensure(job.name, str(HOURLY), slot)
    only = JobRunner(SqlJobs(store), jobs, clock, "a", TIMES, Observer())
    assert await asyncio.gather(*(only.fire(job.name) for job in jobs)) == [True] * 3
    assert most == 1


async def test_a_job_that_lost_its_lease_is_stopped(store: SqlStore, clock: FakeClock) -> None:
    slot = await a_due_job(store, clock)
    jobs, cancelled = SqlJobs(store), asyncio.Event()

    async def work(slot: datetime, now: datetime) -> Finished:
        clock.advance(120)
        await jobs.claim("brief", "heir", clock.now(), clock.now() + timedelta(seconds=60), slot)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return Finished()

    observer = Observer()
    quick = RunnerTimes(poll=0.01, lease=0.06, retry=30.0)
    slow = JobRunner(jobs, [Job("brief", HOURLY, work)], clock, "slow", quick, observer)
    await slow.fire("brief")
    assert cancelled.is_set()
    assert observer.fired == [("brief", "lease_lost")]
    assert await firings(store) == []
    (line,) = await jobs.lines()
    assert (line.lease_owner, line.next_slot) == ("heir", slot)


async def test_a_changed_schedule_gets_a_new_slot_and_an_unchanged_one_keeps_its_own(
    store: SqlStore, clock: FakeClock
) -> None:
    jobs, first = SqlJobs(store), clock.now() + timedelta(hours=1)
    await jobs.ensure("brief", "every 3600 s", first)
    await jobs.ensure("brief", "every 3600 s", first + timedelta(hours=9))
    assert (await jobs.lines())[0].next_slot == first
    await jobs.ensure("brief", str(Daily(START.time())), first + timedelta(hours=9))
    assert (await jobs.lines())[0].next_slot == first + timedelta(hours=9)


async def test_the_runner_fires_what_is_due_until_it_is_stopped(store: SqlStore, clock: FakeClock) -> None:
    stop, seen = asyncio.Event(), asyncio.Event()

    async def work(slot: datetime, now: datetime) -> Finished:
        seen.set()
        return Finished()

    only = runner(store, clock, "a", work)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(only.run(stop))
        while not await SqlJobs(store).lines():
            await asyncio.sleep(0)
        clock.advance(3600)
        await seen.wait()
        stop.set()


async def test_a_store_that_does_not_answer_does_not_end_the_runner(clock: FakeClock) -> None:
    stop = asyncio.Event()

    class Away:
        calls = 0

        async def ensure(self, *_: object) -> None:
            Away.calls += 1
            if Away.calls > 2:
                stop.set()
            raise StoreUnavailable("away")

    away: Any = Away()
    quick = RunnerTimes(poll=0.01, lease=60.0, retry=0.01)
    await JobRunner(away, [Job("x", HOURLY, None)], clock, "a", quick, Observer()).run(stop)  # type: ignore[arg-type]
    assert Away.calls == 3
