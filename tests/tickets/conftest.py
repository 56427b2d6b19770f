"""A ticket service, or parts of it, on a new database for each test: every test that asks for `database_url`, directly
or through `settings`, `store`, `service`, `serving` or `api_client`, runs on SQLite and on PostgreSQL.

A module that is about one database overrides `database_url` with a fixture that returns `sqlite_url` or `postgres_url`.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import pytest

from tests.fakes.tickets import FakeClock
from tests.tickets.postgres import Cluster, NoPostgres, cluster
from tickets.app import serve
from tickets.ports import Clock
from tickets.service.clock import Ids
from tickets.service.reference import Reference
from tickets.service.tickets import TicketService
from tickets.settings import TicketSettings
from tickets.store.files import AttachmentFiles
from tickets.store.integrity import marker_path
from tickets.store.migrate import upgrade
from tickets.store.sql import SqlStore, StoreOptions, open_store

Serving = Callable[..., AbstractAsyncContextManager[aiohttp.ClientSession]]
_Held = TypeVar("_Held")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """One server for the whole run; tests are skipped where none is installed."""
    try:
        with cluster() as running:
            yield running
    except NoPostgres as exc:
        pytest.skip(str(exc))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database that tests copy: migrating takes longer than most of them."""
    path = tmp_path_factory.mktemp("template") / "tickets.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    path = tmp_path / "tickets.db"
    shutil.copy(sqlite_template, path)
    shutil.copy(marker_path(sqlite_template), marker_path(path))
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres: Cluster) -> Iterator[str]:
    url = postgres.fresh()
    yield url
    postgres.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated, empty database."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> TicketSettings:
    return TicketSettings(
        port=0,
        database_url=database_url,
        attachments_dir=tmp_path / "attachments",
        token_files={"machine": tmp_path / "machine.token"},  # type: ignore[dict-item]  # as a settings file has it
        busy_timeout=0.2,
        body_limit=64 * 1024,
        attachment_limit=64 * 1024,
    )


@pytest.fixture
def database(sqlite_url: str) -> Path:
    """The file of the SQLite database, for modules that are about it."""
    return Path(sqlite_url.removeprefix("sqlite:///"))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@asynccontextmanager
async def held(context: AbstractAsyncContextManager[_Held]) -> AsyncIterator[_Held]:
    """Enters and leaves `context` in one task of its own: a fixture is set up and torn down in two different ones,
    which task groups and time limits do not allow."""
    entered: asyncio.Future[_Held] = asyncio.get_running_loop().create_future()
    leave = asyncio.Event()

    async def hold() -> None:
        try:
            async with context as value:
                entered.set_result(value)
                await leave.wait()
        except Exception as exc:
            if entered.done():
                raise
            entered.set_exception(exc)

    task = asyncio.create_task(hold())
    try:
        yield await entered
    finally:
        leave.set()
        await task


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[SqlStore]:
    async with held(open_store(database_url, StoreOptions(readers=2))) as opened:
        yield opened


@pytest.fixture
def service(store: SqlStore, clock: FakeClock, tmp_path: Path) -> Iterator[TicketService]:
    """The use cases over a real store, with time that the test moves through `clock`."""
    with ThreadPoolExecutor(1) as executor:
        files = AttachmentFiles(tmp_path / "attachments", executor)
        yield TicketService(store, files, clock, Ids(clock), Reference(store, clock, 60))


@asynccontextmanager
async def run_service(settings: TicketSettings, clock: Clock | None = None) -> AsyncIterator[aiohttp.ClientSession]:
    """The service runs inside; the client that is given has the machine's token."""
    stop = asyncio.Event()
    listening: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(serve(settings, listening.set_result, stop=stop, clock=clock))
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
    """`async with serving(**changes) as client`; `clock=` gives the service another clock."""

    def run(clock: Clock | None = None, **changes: Any) -> AbstractAsyncContextManager[aiohttp.ClientSession]:
        return run_service(settings.model_copy(update=changes), clock)

    return run


@pytest.fixture
async def api_client(serving: Serving, clock: FakeClock) -> AsyncIterator[aiohttp.ClientSession]:
    """A client, with the machine's token, of a service whose time the test moves through `clock`."""
    async with held(serving(clock=clock)) as client:
        yield client
