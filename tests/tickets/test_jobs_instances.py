"""Two instances, real processes, on one PostgreSQL: each job fires once, and a killed one's work is taken over."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.fakes.tickets import FakeClock
from tests.tickets.instance import LEASE
from tickets.domain.ids import CHINA
from tickets.domain.roles import Principal, Role
from tickets.jobs.schedule import Daily
from tickets.jobs.sender import AddressGuard, HttpSender
from tickets.service.clock import Ids
from tickets.service.webhooks import WebhookService
from tickets.settings import TicketSettings
from tickets.settings_edges import JobSettings, WebhookSettings
from tickets.store.models_jobs import FiringRow, JobRow
from tickets.store.sql import SqlStore, StoreOptions, open_store
from tickets.store.webhooks import SqlWebhooks

LOOPBACK = ip_network("127.0.0.0/8")


@asynccontextmanager
async def instance(*arguments: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A running process and the first line that it printed; killed at the end if it still lives."""
    command = (sys.executable, "-m", "tests.tickets.instance", *arguments)
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    drained: asyncio.Task[bytes] | None = None
    try:
        while True:
            line = (await process.stdout.readline()).decode().strip()
            assert line or process.returncode is None, "the instance ended before it was ready"
            if line == "ready" or line.isdecimal():
                break
        drained = asyncio.create_task(process.stdout.read())
        yield process, line
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        if drained is not None:
            await drained


def lines(file: Path) -> list[tuple[str, str, str]]:
    text = file.read_text("ascii") if file.exists() else ""
    return [(word, slot, name) for word, slot, name in (line.split() for line in text.splitlines())]


async def until(condition: object, seconds: float = 25.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # type: ignore[operator]  # any callable
            await asyncio.sleep(0.02)


async def test_a_job_of_a_killed_instance_is_taken_over_and_no_slot_is_done_twice(
    postgres_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "log"
    async with (
        instance("slow", postgres_url, str(file), "a") as (a, _),
        instance("slow", postgres_url, str(file), "b") as (b, _),
    ):
        await until(lambda: sum(word == "end" for word, _, _ in lines(file)) >= 3)
        file.with_suffix(".hold").touch()
        await until(lambda: lines(file)[-1][0] == "begin")
        _, slot, victim = lines(file)[-1]
        (a if victim == "a" else b).kill()
        killed = asyncio.get_running_loop().time()
        heir = "b" if victim == "a" else "a"
        file.with_suffix(".hold").unlink()
        await until(lambda: any((word, name) == ("end", heir) and at >= slot for word, at, name in lines(file)))
        assert asyncio.get_running_loop().time() - killed < 4 * LEASE
    ended = Counter(at for word, at, _ in lines(file) if word == "end")
    assert set(ended.values()) == {1}
    assert slot not in {at for word, at, name in lines(file) if word == "end" and name == victim}


class Subscriber:
    def __init__(self) -> None:
        self.ids: list[str] = []
        self.kinds: list[str] = []

    async def handle(self, request: web.Request) -> web.Response:
        self.ids.append(request.headers["webhook-id"])
        self.kinds.append((await request.json())["type"])
        return web.Response()


@asynccontextmanager
async def subscriber(store: SqlStore, *kinds: str) -> AsyncIterator[Subscriber]:
    found = Subscriber()
    application = web.Application()
    application.router.add_post("/hook", found.handle)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    clock = FakeClock()
    async with aiohttp.ClientSession() as session:
        service = WebhookService(SqlWebhooks(store), HttpSender(session, AddressGuard([LOOPBACK])), clock, Ids(clock))
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        await service.subscribe(url, kinds, Principal("admin", Role.ADMIN))
        try:
            yield found
        finally:
            await runner.cleanup()


async def fired(store: SqlStore, job: str) -> list[tuple[datetime, str]]:
    async with store.read() as connection:
        rows = await connection.execute(select(FiringRow.slot, FiringRow.owner).where(FiringRow.job == job))
        return [tuple(row) for row in rows]


async def fall_due(store: SqlStore, job: str, slot: datetime) -> None:
    """Both instances run and find the slot in the same moment."""

    async def run(connection: AsyncConnection) -> object:
        done = await connection.execute(update(JobRow).where(JobRow.name == job).values(next_slot=slot))
        assert done.rowcount == 1
        return None

    await store.write(run)


@pytest.mark.requirement("RP-1")
async def test_two_services_fire_each_job_once_and_one_goes_on_alone(postgres_url: str, tmp_path: Path) -> None:
    brief_at = (datetime.now(CHINA) - timedelta(minutes=5)).time().replace(second=0, microsecond=0)
    settings = TicketSettings(
        port=0,
        database_url=postgres_url,
        attachments_dir=tmp_path / "attachments",
        reports_dir=tmp_path / "reports",
        token_files={Role.MACHINE: tmp_path / "machine.token"},
        jobs=JobSettings(deadlines_every=1, poll=0.05, lease=LEASE, brief_at=brief_at),
        webhooks=WebhookSettings(allowed_networks=(LOOPBACK,), poll=0.05),
    )
    config = tmp_path / "settings.json"
    config.write_text(settings.model_dump_json(), "utf-8")
    async with (
        open_store(postgres_url, StoreOptions()) as store,
        subscriber(store, "report.*") as told,
        instance("serve", str(config)) as (first, _),
        instance("serve", str(config)) as (_, _),
    ):
        await fall_due(store, "brief", Daily(brief_at).latest(datetime.now(UTC)))
        async with asyncio.timeout(40):
            while "report.brief" not in told.kinds or len(await fired(store, "deadlines")) < 4:
                await asyncio.sleep(0.1)
        first.kill()
        await first.wait()
        before = len(await fired(store, "deadlines"))
        async with asyncio.timeout(20):
            while len(await fired(store, "deadlines")) < before + 3:
                await asyncio.sleep(0.1)
        assert len(await fired(store, "brief")) == 1
        assert told.kinds == ["report.brief"]
        slots = [slot for slot, _ in await fired(store, "deadlines")]
        assert len(slots) == len(set(slots))
        kept = sorted(path.suffix for path in (tmp_path / "reports" / "brief").rglob("*") if path.is_file())
        assert kept == [".html", ".json", ".xlsx"]
