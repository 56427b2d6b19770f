"""Fires jobs. Every instance runs one of these; the store's leases decide which of them fires which slot.

A firing holds a lease that is renewed while the job works. An instance that is killed renews nothing, so after the
lease another one claims the same slot with a higher fence; should the first one only have been slow, its renewals and
its end are refused (LeaseLost) and its work is cancelled. Work that leaves the database must be safe to repeat, which
is why every job gets its slot as a name for what it does.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import structlog

from tickets.domain.errors import StoreUnavailable
from tickets.faults import kind_and_place
from tickets.jobs.schedule import Schedule
from tickets.ports import Clock
from tickets.service.jobs import Finished, Firing, JobStore, LeaseLost

log = structlog.get_logger()

_RENEWALS: Final = 3
"""A lease is renewed this many times within its length, so that one slow commit does not lose it."""
_LONGEST_RETRY: Final = 900.0


class Work(Protocol):
    def __call__(self, slot: datetime, now: datetime) -> Coroutine[Any, Any, Finished]:
        """Does all that is due at `slot`. May be run again for the same slot after a crash."""
        ...


@dataclass(frozen=True, slots=True)
class Job:
    """`heavy` ones run one after the other in an instance, so that requests keep their share of the database."""

    name: str
    schedule: Schedule
    work: Work
    heavy: bool = False


@dataclass(frozen=True, slots=True)
class RunnerTimes:
    """Seconds: between looks at the table, of a lease, before a failed slot is tried again (doubling)."""

    poll: float
    lease: float
    retry: float


class JobObserver(Protocol):
    def job_fired(self, job: str, outcome: str, seconds: float) -> None: ...


class JobRunner:
    """`owner` names the instance: host, process and a random part."""

    def __init__(
        self,
        store: JobStore,
        jobs: Sequence[Job],
        clock: Clock,
        owner: str,
        times: RunnerTimes,
        observer: JobObserver,
    ) -> None:
        self._store = store
        self._jobs = {job.name: job for job in jobs}
        self._clock = clock
        self._owner = owner
        self._times = times
        self._observer = observer
        self._failures: dict[str, int] = {}
        self._heavy = asyncio.Lock()

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; what is being fired then is cancelled, and another instance takes it over."""
        ensured = False
        firing: dict[str, asyncio.Task[bool]] = {}
        async with asyncio.TaskGroup() as tasks:
            while not stop.is_set():
                wait = self._times.poll
                try:
                    if not ensured:
                        await self._ensure()
                        ensured = True
                    due = await self._store.due(self._clock.now())
                except StoreUnavailable as exc:
                    log.warning("jobs_wait_for_store", code=exc.code)
                    due, wait = [], self._times.retry
                firing = {name: task for name, task in firing.items() if not task.done()}
                for name in due:
                    if name in self._jobs and name not in firing:
                        firing[name] = tasks.create_task(self.fire(name), name=f"job-{name}")
                await pause(stop, wait)
            for task in firing.values():
                task.cancel()

    async def fire(self, name: str) -> bool:
        """Claims and fires the job's due slot; False when there was nothing to claim."""
        job = self._jobs[name]
        # Waited for before the claim: what waits here may be claimed by an instance that has nothing to do.
        async with self._heavy if job.heavy else nullcontext():
            return await self._claimed(job)

    async def _claimed(self, job: Job) -> bool:
        now = self._clock.now()
        try:
            latest = job.schedule.latest(now)
            firing = await self._store.claim(job.name, self._owner, now, self._until(now), latest)
            if firing is None:
                return False
            await self._fire(job, firing)
        except StoreUnavailable as exc:
            # Nothing could be written either; the lease runs out and the slot is taken up again.
            log.warning("job_wait_for_store", job=job.name, code=exc.code)
        return True

    async def _fire(self, job: Job, firing: Firing) -> None:
        started = self._clock.monotonic()
        outcome = "done"
        try:
            done = await self._under_lease(firing, job.work(firing.slot, self._clock.now()))
            now = self._clock.now()
            following = job.schedule.after(firing.slot)
            await self._store.finish(firing, now, following, done)
            self._failures.pop(job.name, None)
            log.info("job_done", job=job.name, slot=firing.slot.isoformat(), fence=firing.fence, **done.detail)
        except LeaseLost:
            outcome = "lease_lost"
            log.warning("job_lease_lost", job=job.name, slot=firing.slot.isoformat(), fence=firing.fence)
        except StoreUnavailable as exc:
            outcome = "store_unavailable"
            log.warning("job_without_store", job=job.name, slot=firing.slot.isoformat(), code=exc.code)
            await self._give_back(job.name, firing, exc.code)
        except Exception as exc:
            # The one catch-all of a firing: a job that fails must not end the others.
            outcome = "failed"
            log.error("job_failed", job=job.name, slot=firing.slot.isoformat(), **kind_and_place(exc))
            await self._give_back(job.name, firing, type(exc).__name__)
        finally:
            self._observer.job_fired(job.name, outcome, self._clock.monotonic() - started)

    async def _give_back(self, name: str, firing: Firing, error: str) -> None:
        failures = self._failures[name] = self._failures.get(name, 0) + 1
        wait = min(self._times.retry * 2.0 ** (failures - 1), _LONGEST_RETRY)
        now = self._clock.now()
        try:
            await self._store.fail(firing, now, now + timedelta(seconds=wait), error)
        except LeaseLost:
            log.warning("job_lease_lost", job=name, slot=firing.slot.isoformat(), fence=firing.fence)

    async def _under_lease(self, firing: Firing, work: Coroutine[Any, Any, Finished]) -> Finished:
        """The work's result; LeaseLost as soon as a renewal is refused. The work never outlives this call."""
        working = asyncio.create_task(work)
        try:
            while True:
                done, _ = await asyncio.wait({working}, timeout=self._times.lease / _RENEWALS)
                if done:
                    return working.result()
                await self._store.renew(firing, self._until(self._clock.now()))
        finally:
            if not working.done():
                working.cancel()
                await asyncio.wait({working})

    async def _ensure(self) -> None:
        now = self._clock.now()
        for job in self._jobs.values():
            await self._store.ensure(job.name, str(job.schedule), job.schedule.after(job.schedule.latest(now)))

    def _until(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self._times.lease)


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Waits so long, or less when `stop` is set."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
