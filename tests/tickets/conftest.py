"""A ticket service on a loopback port of its own, on a new SQLite database (or the PostgreSQL of TICKETS_TEST_PG)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tickets.app import serve
from tickets.settings import TicketSettings
from tickets.store.migrate import upgrade

Serving = Callable[..., AbstractAsyncContextManager[aiohttp.ClientSession]]


@pytest.fixture
def settings(tmp_path: Path) -> TicketSettings:
    return TicketSettings(
        port=0,
        database_url=f"sqlite:///{tmp_path}/tickets.db",
        attachments_dir=tmp_path / "attachments",
        token_files={"machine": tmp_path / "machine.token"},  # type: ignore[dict-item]  # as a settings file has it
        busy_timeout=0.2,
        body_limit=64 * 1024,
        attachment_limit=64 * 1024,
    )


@pytest.fixture
def database(settings: TicketSettings) -> Path:
    """The database made anew; its file."""
    upgrade(settings.database_url)
    return Path(settings.database_url.removeprefix("sqlite:///"))


@asynccontextmanager
async def run_service(settings: TicketSettings) -> AsyncIterator[aiohttp.ClientSession]:
    """The service runs inside; the client that is given has the machine's token."""
    stop = asyncio.Event()
    listening: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(serve(settings, listening.set_result, stop=stop))
        port = await listening
        token = next(iter(settings.token_files.values())).read_text("ascii").strip()
        headers = {"Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as client:
            try:
                yield client
            finally:
                stop.set()


@pytest.fixture
def serving(settings: TicketSettings) -> Serving:
    """`async with serving(**changes) as client`."""

    def run(**changes: Any) -> AbstractAsyncContextManager[aiohttp.ClientSession]:
        return run_service(settings.model_copy(update=changes))

    return run
