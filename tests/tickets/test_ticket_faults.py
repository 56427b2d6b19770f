import asyncio
import os
import resource
import shutil
import signal
import sqlite3
import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from tests.fakes.tickets import FakeClock, InMemoryTickets, a_body
from tests.tickets.conftest import Serving
from tickets.app import AlreadyRunning, serve
from tickets.domain.errors import StoreFailed
from tickets.domain.roles import Role
from tickets.service.tokens import TokenFileError, Tokens, ensure_machine_token, read_token
from tickets.settings import TicketSettings
from tickets.store.engine import parse_url
from tickets.store.migrate import upgrade
from tickets.store.models import Base
from tickets.store.rows import party_values

TICKETS = "/api/v1/tickets"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """These faults are about a file; what a PostgreSQL server does is its own tests' business."""
    return sqlite_url


def _content(database: Path) -> bytes | None:
    return database.read_bytes() if database.exists() else None


def _remove(database: Path) -> None:
    database.unlink()


def _damage(database: Path, other: Path, damage: str) -> bytes:
    """Damages the database; what is in the file afterwards."""
    if damage == "garbage":
        database.write_bytes(b"no database" * 1000)
    elif damage == "emptied":
        database.write_bytes(b"")
    elif damage == "page":
        with database.open("r+b") as file:
            file.seek(4096)
            file.write(os.urandom(8192))
    else:
        upgrade(f"sqlite:///{other}")
        shutil.copy(other, database)
    return database.read_bytes()


async def _post(client: object, key: str = "k", number: str = "261122010001") -> tuple[int, str, str | None]:
    async with client.post(TICKETS, json=a_body(number), headers={"Idempotency-Key": key}) as response:  # type: ignore[attr-defined]  # aiohttp's client
        return response.status, (await response.json()).get("code", ""), response.headers.get("Retry-After")


@pytest.mark.fault("F24")
async def test_a_locked_database_gives_503_without_blocking_and_the_same_key_works_later(
    serving: Serving, database: Path
) -> None:
    async with serving(busy_timeout=1.5) as client:
        other = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
        # In a thread: the service's own first writes must be able to end while this waits for its turn.
        await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
        waiting = asyncio.create_task(_post(client))
        loop = asyncio.get_running_loop()
        longest, last = 0.0, loop.time()
        while not waiting.done():
            async with client.get("/healthz") as response:
                assert response.status == 200
            longest, last = max(longest, loop.time() - last), loop.time()
        assert await waiting == (503, "store_busy", "5")
        assert longest < 1.0
        other.execute("ROLLBACK")
        other.close()
        assert (await _post(client))[0] == 201


@pytest.mark.fault("F26")
async def test_a_disk_that_is_full_gives_503_keeps_what_was_there_and_recovers(
    serving: Serving, database: Path
) -> None:
    async with serving() as client:
        assert (await _post(client))[0] == 201
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        wal = database.with_name(database.name + "-wal")
        resource.setrlimit(resource.RLIMIT_FSIZE, (wal.stat().st_size, hard))
        try:
            answer = await _post(client, "k2", "261122010002")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
            signal.signal(signal.SIGXFSZ, handler)
        assert answer == (503, "store_full", "5")
        assert (await _post(client))[0] == 200
        assert (await _post(client, "k2", "261122010002"))[0] == 201


@pytest.mark.fault("F29")
async def test_a_missing_database_is_not_replaced_by_an_empty_one(
    serving: Serving, database: Path, settings: TicketSettings
) -> None:
    _remove(database)
    async with serving() as client:
        async with client.get("/healthz") as response:
            assert (response.status, (await response.json())["health"]) == (200, "failed")
        async with client.get("/readyz") as response:
            assert response.status == 503
        assert (await _post(client))[:2] == (503, "store_failed")
    assert _content(database) is None
    with pytest.raises(StoreFailed, match="restore it from a backup"):
        upgrade(settings.database_url)
    assert _content(database) is None


@pytest.mark.fault("F29")
@pytest.mark.parametrize("damage", ["garbage", "emptied", "page", "other"])
async def test_a_damaged_or_foreign_database_is_not_written(
    serving: Serving, database: Path, settings: TicketSettings, tmp_path: Path, damage: str
) -> None:
    before = _damage(database, tmp_path / "other.db", damage)
    async with serving() as client:
        async with client.get("/healthz") as response:
            assert (await response.json())["health"] == "failed"
        assert (await _post(client))[:2] == (503, "store_failed")
    with pytest.raises(StoreFailed):
        upgrade(settings.database_url)
    assert _content(database) == before


@pytest.mark.fault("F29")
async def test_a_database_removed_while_the_service_runs_takes_no_more_tickets(
    serving: Serving, database: Path
) -> None:
    async with serving() as client:
        assert (await _post(client))[0] == 201
        _remove(database)
        assert (await _post(client, "k2", "261122010002"))[:2] == (503, "store_failed")


@pytest.mark.fault("F95")
async def test_a_second_service_on_the_same_database_refuses_to_start(
    serving: Serving, database: Path, settings: TicketSettings
) -> None:
    async with serving():
        with pytest.raises(AlreadyRunning, match=str(os.getpid())):
            await serve(settings, stop=asyncio.Event())


async def test_a_taken_port_is_told_as_what_it_is(serving: Serving, database: Path, settings: TicketSettings) -> None:
    async with await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0) as taken:
        port = taken.sockets[0].getsockname()[1]
        with pytest.raises(OSError, match="address already in use"):
            await serve(settings.model_copy(update={"port": port}), stop=asyncio.Event())


async def test_tickets_outlive_the_service(serving: Serving, database: Path) -> None:
    async with serving() as client:
        assert (await _post(client))[0] == 201
    async with serving() as client:
        assert (await _post(client))[0] == 200


def test_the_migrations_make_exactly_the_models(database: Path) -> None:
    engine = create_engine(f"sqlite:///{database}")
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    engine.dispose()


def test_upgrading_again_changes_nothing(database: Path, settings: TicketSettings) -> None:
    identity = database.with_name(database.name + ".identity").read_bytes()
    upgrade(settings.database_url)
    assert database.with_name(database.name + ".identity").read_bytes() == identity


@pytest.mark.parametrize("url", ["mysql://u:hunter2@h/d", "sqlite://", "hunter2", "sqlite:///:memory:"])
def test_other_databases_are_refused_without_repeating_the_url(url: str) -> None:
    with pytest.raises(ValueError, match="database_url") as refusal:
        parse_url(url)
    assert "hunter2" not in str(refusal.value)


@pytest.mark.fault("F98")
def test_the_machine_token_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "machine.token"
    token = ensure_machine_token(path)
    assert ensure_machine_token(path) == token == read_token(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["machine.token"]


@pytest.mark.fault("F80", "F98")
@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("changeme", 0o600),
        ("", 0o600),
        (f"hlt_{'0' * 16}_{'a' * 43}", 0o600),
        ("hlt_0123456789abcdef_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ", 0o644),
    ],
)
def test_weak_or_readable_token_files_are_refused(tmp_path: Path, text: str, mode: int) -> None:
    path = tmp_path / "token"
    path.write_text(text)
    path.chmod(mode)
    with pytest.raises(TokenFileError) as refusal:
        read_token(path)
    assert text == "" or text not in str(refusal.value)


@pytest.mark.fault("F80")
async def test_tokens_are_kept_as_digests_and_end_when_revoked() -> None:
    store, clock = InMemoryTickets(), FakeClock()
    tokens = Tokens(store, clock, cache_seconds=5)
    minted = await tokens.mint("desk 3", Role.OPERATOR)
    secret = minted.text.rsplit("_", 1)[1]
    assert secret not in repr(store.tokens_by_id)
    principal = await tokens.principal(minted.text)
    assert principal is not None
    assert (principal.name, principal.role) == ("desk 3", Role.OPERATOR)
    assert await tokens.principal(minted.text[:-1] + ("A" if minted.text[-1] != "A" else "B")) is None
    store.tokens_by_id.clear()
    clock.advance(6)
    assert await tokens.principal(minted.text) is None


@pytest.mark.fault("F88")
async def test_an_unforeseen_failure_is_a_problem_without_detail_and_logs_no_caller(
    serving: Serving, database: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_args: object) -> None:
        raise RuntimeError("13800000000")

    monkeypatch.setattr("tickets.store.statements.party_values", broken)
    async with serving() as client:
        assert (await _post(client))[:2] == (503, "store_failed")
        monkeypatch.setattr("tickets.api.answers.fresh_answer", broken)
        monkeypatch.setattr("tickets.store.statements.party_values", party_values)
        assert (await _post(client))[:2] == (500, "internal")
    said = capsys.readouterr()
    assert "write_failed" in said.out
    assert "request_failed" in said.out
    assert "13800000000" not in said.out + said.err
