"""`hotline db`: the ticket database: bring it up to date, save it, bring it back, look whether it is whole.

What changes a SQLite database from outside (restore, retention, sample) takes the lock that the running service holds,
so the two cannot meet; saving and verifying read only and disturb nobody.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from hotline.cli.common import AsJson, print_json, say, settings_of
from hotline.errors import HotlineError, WrongUse
from tickets.app import single_instance
from tickets.domain.errors import TicketError
from tickets.domain.roles import Principal, Role
from tickets.edges import rules
from tickets.sample import HANDLERS, SEED, TICKETS, UNITS, NotEmpty, load
from tickets.service.clock import SystemClock
from tickets.service.retention import RetentionService
from tickets.settings import TicketSettings
from tickets.store.archive import Manifest
from tickets.store.backup import backup, restore
from tickets.store.engine import parse_url, sqlite_path
from tickets.store.files import AttachmentFiles
from tickets.store.migrate import upgrade
from tickets.store.retention import SqlRetention
from tickets.store.sql import StoreOptions, open_store
from tickets.store.verify import Verdict, verify

group = typer.Typer(help="The ticket database: upgrade, save, restore, verify.", no_args_is_help=True)

_T = TypeVar("_T")
_COMMAND = Principal("hotline-db", Role.ADMIN)
_SHOWN = 20


@group.command("upgrade")
def upgrade_(context: typer.Context) -> None:
    """Bring the database to the newest version; makes it where there never was one."""
    with _in_user_words():
        upgrade(settings_of(context).tickets.database_url)
    say("the database is at the newest version")


@group.command("backup")
def backup_(
    context: typer.Context,
    archive: Annotated[Path, typer.Argument(help="file to make, such as hotline-2026-11-22.tar.gz")],
    files: Annotated[bool, typer.Option(help="with the attachments")] = True,
    json_: AsJson = False,
) -> None:
    """Save database and attachments in one archive, while the service runs."""
    settings = settings_of(context).tickets
    if archive.exists():
        raise WrongUse(f"{archive} is there already; name a new file")
    with _in_user_words(), _bar() as show:
        made = _run(
            backup(settings.database_url, settings.attachments_dir, archive, datetime.now(UTC), show, files=files)
        )
    _tell(made, archive, json_)
    if made.missing:
        raise HotlineError(f"{len(made.missing)} attachments have no file; `hotline db verify --files` names them")


@group.command("restore")
def restore_(
    context: typer.Context,
    archive: Annotated[Path, typer.Argument(help="an archive that `hotline db backup` made")],
    force: Annotated[bool, typer.Option("--force", help="replace what the database holds")] = False,
    json_: AsJson = False,
) -> None:
    """Bring an archive back into an empty database and verify every history."""
    settings = settings_of(context).tickets
    with _in_user_words(), _alone(settings):
        upgrade(settings.database_url)
        with _bar() as show:
            restored = _run(restore(settings.database_url, settings.attachments_dir, archive, show, force=force))
        verdict = _verified(settings, files=bool(restored.files))
    _tell(restored, archive, json_)
    _judge(verdict)


@group.command("verify")
def verify_(
    context: typer.Context,
    files: Annotated[bool, typer.Option("--files", help="also hash every attachment")] = False,
    json_: AsJson = False,
) -> None:
    """Walk every history chain; exit status 1 when something is not as it was sealed."""
    settings = settings_of(context).tickets
    with _in_user_words():
        verdict = _verified(settings, files=files)
    if json_:
        print_json(asdict(verdict))
    _judge(verdict)


@group.command("retention")
def retention(
    context: typer.Context,
    hold: Annotated[str | None, typer.Option(help="put a legal hold on this ticket instead; needs --reason")] = None,
    release: Annotated[str | None, typer.Option(help="end the hold on this ticket instead")] = None,
    reason: Annotated[str | None, typer.Option(help="why the ticket must be kept")] = None,
    json_: AsJson = False,
) -> None:
    """Erase what the settings say need not be kept any longer; resumes what an earlier run left."""
    settings = settings_of(context).tickets
    if hold is not None and not reason:
        raise WrongUse("a hold needs --reason: a case number, an order")

    async def work(service: RetentionService) -> dict[str, Any]:
        if hold is not None:
            await service.hold(hold, reason or "", _COMMAND)
            return {"held": hold}
        if release is not None:
            await service.release(release)
            return {"released": release}
        return (await service.sweep()).detail()

    with _in_user_words(), _alone(settings):
        found = _run(_with_retention(settings, work))
    if json_:
        print_json(found)
    else:
        say(", ".join(f"{name} {value}" for name, value in found.items()))


@group.command("sample")
def sample(
    context: typer.Context,
    tickets: Annotated[int, typer.Option(help="how many requests", min=1)] = TICKETS,
    units: Annotated[int, typer.Option(help="how many units", min=8)] = UNITS,
    handlers: Annotated[int, typer.Option(help="how many handlers", min=8)] = HANDLERS,
    seed: Annotated[int, typer.Option(help="the same seed gives the same sample")] = SEED,
    json_: AsJson = False,
) -> None:
    """Fill an empty database with a directory and a year of made-up requests."""
    settings = settings_of(context).tickets
    if handlers < units:
        raise WrongUse(f"there must be a handler for each unit: {handlers} handlers, {units} units")
    with _in_user_words(), _alone(settings):
        upgrade(settings.database_url)
        with _bar() as show:
            loaded = load(
                settings.database_url,
                tickets=tickets,
                units=units,
                handlers=handlers,
                seed=seed,
                progress=lambda done, whole: show("tickets", done, whole),
            )
    if json_:
        print_json(asdict(loaded))
    else:
        say(", ".join(f"{name} {value}" for name, value in asdict(loaded).items()))


async def _with_retention(settings: TicketSettings, work: Callable[[RetentionService], Coroutine[Any, Any, _T]]) -> _T:
    async with AsyncExitStack() as stack:
        executor = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="attachments"))
        store = await stack.enter_async_context(open_store(settings.database_url, _options(settings)))
        files = AttachmentFiles(settings.attachments_dir, executor)
        service = RetentionService(SqlRetention(store), files, SystemClock(), rules(settings.retention))
        return await work(service)


def _verified(settings: TicketSettings, *, files: bool) -> Verdict:
    async def walk(show: Callable[[str, int, int], None]) -> Verdict:
        with ThreadPoolExecutor(1, thread_name_prefix="attachments") as executor:
            async with open_store(settings.database_url, _options(settings)) as store:
                kept = AttachmentFiles(settings.attachments_dir, executor) if files else None
                return await verify(store, kept, lambda done, whole: show("verify", done, whole))

    with _bar() as show:
        return _run(walk(show))


def _judge(verdict: Verdict) -> None:
    say(f"{verdict.tickets} tickets, {verdict.events} events and {verdict.files} files examined")
    if verdict.findings:
        shown = "\n".join(f"  {each.number} {each.what}: {each.detail}" for each in verdict.findings[:_SHOWN])
        raise HotlineError(f"{len(verdict.findings)} findings:\n{shown}")


def _tell(manifest: Manifest, archive: Path, json_: bool) -> None:
    rows = sum(count for count, _ in manifest.tables.values())
    found = {
        "archive": str(archive),
        "bytes": archive.stat().st_size,
        "revision": manifest.revision,
        "created_at": manifest.created_at,
        "tables": {name: count for name, (count, _) in manifest.tables.items()},
        "files": len(manifest.files),
        "missing": len(manifest.missing),
    }
    if json_:
        print_json(found)
    else:
        say(f"{archive}: {rows} rows in {len(manifest.tables)} tables, {len(manifest.files)} attachments")


def _options(settings: TicketSettings) -> StoreOptions:
    return StoreOptions(busy_timeout=settings.busy_timeout, write_timeout=settings.write_timeout, readers=2)


def _run(work: Coroutine[Any, Any, _T]) -> _T:
    return asyncio.run(work)


@contextmanager
def _alone(settings: TicketSettings) -> Iterator[None]:
    """With the service's own lock on a SQLite database; PostgreSQL's transactions need none."""
    database = sqlite_path(parse_url(settings.database_url))
    if database is not None:
        database.parent.mkdir(parents=True, exist_ok=True)
    with single_instance(database):
        yield


@contextmanager
def _bar() -> Iterator[Callable[[str, int, int], None]]:
    columns = (TextColumn("{task.description:8}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        rows: dict[str, TaskID] = {}

        def show(what: str, done: int, whole: int) -> None:
            if what not in rows:
                rows[what] = bar.add_task(what, total=whole)
            bar.update(rows[what], completed=done, total=whole)

        yield show


@contextmanager
def _in_user_words() -> Iterator[None]:
    try:
        yield
    except (TicketError, NotEmpty) as exc:
        raise HotlineError(str(exc)) from exc
    except ValueError as exc:
        raise WrongUse(str(exc)) from exc
    except OSError as exc:
        raise HotlineError(f"cannot do that: {exc.strerror or exc}") from exc


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="db")
