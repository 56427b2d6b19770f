"""Composition root of the ticket service: the only place that reads settings and builds adapters."""

import asyncio
import fcntl
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import structlog
from aiohttp import web

from tickets.api.application import make_application
from tickets.api.directory import read_directory
from tickets.api.handlers import Handlers, Limits
from tickets.api.metrics import Metrics
from tickets.api.reference import ReferenceHandlers
from tickets.api.security import Gate
from tickets.collecting import rare_collections
from tickets.domain.errors import StoreFailed, StoreUnavailable, TicketError
from tickets.domain.roles import Role
from tickets.edges import Core, Edges, open_edges
from tickets.ports import Clock
from tickets.service.clock import Ids, SystemClock
from tickets.service.holidays import national_years
from tickets.service.reference import Reference
from tickets.service.tickets import TicketService
from tickets.service.tokens import Tokens, ensure_machine_token
from tickets.settings import TicketSettings
from tickets.store.engine import parse_url, sqlite_path
from tickets.store.files import AttachmentFiles
from tickets.store.sql import SqlStore, StoreOptions, open_store

log = structlog.get_logger()

_FILE_THREADS = 2


class AlreadyRunning(TicketError):
    """Another service works on this SQLite database (F95)."""

    code = "already_running"
    title = "Another ticket service uses this database"


async def serve(
    settings: TicketSettings,
    ready: Callable[[int], None] | None = None,
    *,
    stop: asyncio.Event,
    clock: Clock | None = None,
) -> None:
    """Serves until `stop` is set. `ready` is called once with the port that is listened on. `clock` is the machine's
    when none is given.

    The database must have been made by `tickets.store.migrate.upgrade`. With a damaged or missing one the service does
    start, refuses every request with 503 and says so in /healthz (F29). Raises AlreadyRunning, TokenFileError, and
    OSError when the port is taken.
    """
    metrics = Metrics()
    clock = clock or SystemClock()
    options = StoreOptions(
        busy_timeout=settings.busy_timeout,
        write_timeout=settings.write_timeout,
        group_size=settings.group_size,
        queue_size=settings.queue_size,
        readers=settings.readers,
    )
    with (
        single_instance(sqlite_path(parse_url(settings.database_url))),
        ThreadPoolExecutor(_FILE_THREADS, thread_name_prefix="attachments") as executor,
    ):
        async with open_store(settings.database_url, options, metrics.observe_group) as store:
            tokens = Tokens(store, clock, settings.token_cache_seconds)
            await _adopt_tokens(settings, tokens)
            await _seed_calendar(store, clock)
            files = AttachmentFiles(settings.attachments_dir, executor)
            swept = await files.sweep(settings.attachment_timeout)
            if swept:
                log.warning("unfinished_attachments_removed", count=swept)
            core = _core(settings, store, files, tokens, metrics, clock)
            await _adopt_directory(settings, core.reference)
            async with open_edges(core) as edges:
                await edges.adopt_taxonomy()
                application = _application(core, edges, tokens, metrics)
                with rare_collections():
                    await _serve(settings, application, edges, ready, stop)


def _core(
    settings: TicketSettings,
    store: SqlStore,
    files: AttachmentFiles,
    tokens: Tokens,
    metrics: Metrics,
    clock: Clock,
) -> Core:
    reference = Reference(store, clock, settings.reference_seconds, metrics.observe_calendar)
    policy = settings.dispatch.policy(settings.clocks.rules())
    service = TicketService(store, files, clock, Ids(clock), reference, policy, metrics.observe_estimated)
    gate = Gate(tokens, clock, settings.auth_failures_per_minute)
    return Core(settings, store, files, service, reference, gate, clock, metrics.registry)


def _application(core: Core, edges: Edges, tokens: Tokens, metrics: Metrics) -> web.Application:
    settings = core.settings
    limits = Limits(
        body_limit=settings.body_limit,
        attachment_limit=settings.attachment_limit,
        body_timeout=settings.body_timeout,
        attachment_timeout=settings.attachment_timeout,
    )
    reference = ReferenceHandlers(core.reference, tokens, settings.import_limit, settings.body_timeout)
    application = make_application(
        Handlers(core.tickets, core.store, limits),
        core.gate,
        metrics,
        core.clock,
        version=_version(),
        retry_after=settings.retry_after,
        extra=[*reference.operations(), *edges.operations()],
    )
    edges.add_to(application)
    return application


async def _serve(
    settings: TicketSettings,
    application: web.Application,
    edges: Edges,
    ready: Callable[[int], None] | None,
    stop: asyncio.Event,
) -> None:
    """Answers requests, and does what falls due, until `stop` is set; what ends one of them ends the other."""
    failure: Exception | None = None
    async with asyncio.TaskGroup() as tasks:
        background = tasks.create_task(edges.run(stop), name="background") if settings.jobs.enabled else None
        try:
            await _listen(settings, application, ready, stop)
        except Exception as exc:
            # Raised after the group has ended: whoever started the service shall see its own error, not a group.
            failure = exc
        finally:
            if background is not None:
                background.cancel()
    if failure is not None:
        raise failure


async def _listen(
    settings: TicketSettings, application: web.Application, ready: Callable[[int], None] | None, stop: asyncio.Event
) -> None:
    runner = web.AppRunner(
        application,
        access_log=None,
        auto_decompress=False,
        keepalive_timeout=settings.keepalive_timeout,
        lingering_time=1.0,
        max_field_size=settings.header_field_limit,
        max_headers=settings.header_count_limit,
        max_line_size=settings.header_field_limit,
        shutdown_timeout=settings.shutdown_timeout,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port)
        await site.start()
        port = int(runner.addresses[0][1])
        log.info("tickets_ready", host=settings.host, port=port)
        if ready is not None:
            ready(port)
        await stop.wait()
    finally:
        await runner.cleanup()
        log.info("tickets_stopped")


async def _adopt_tokens(settings: TicketSettings, tokens: Tokens) -> None:
    for role, path in settings.token_files.items():
        if role in (Role.MACHINE, Role.ADMIN):
            ensure_machine_token(path)
        try:
            await tokens.adopt(path, role)
        except StoreUnavailable as exc:
            log.error("token_not_adopted", role=role.value, code=exc.code)
            if not isinstance(exc, StoreFailed):
                raise


async def _seed_calendar(store: SqlStore, clock: Clock) -> None:
    """The public holidays that are known to the package, for a database that does not have them yet."""
    try:
        await Reference(store, clock, 1.0).seed(national_years())
    except StoreUnavailable as exc:
        log.error("calendar_not_seeded", code=exc.code)


async def _adopt_directory(settings: TicketSettings, reference: Reference) -> None:
    """The units of the settings' file, for a directory that has none yet. Raises DirectoryFileError."""
    if settings.directory_file is None:
        return
    units = await asyncio.to_thread(read_directory, settings.directory_file)
    try:
        if not (await reference.snapshot()).units:
            taken = await reference.put_units(units, replace=False)
            log.info("directory_file_read", units=taken)
    except StoreUnavailable as exc:
        log.error("directory_not_adopted", code=exc.code)


@contextmanager
def single_instance(database: Path | None) -> Iterator[None]:
    """Holds a lock beside a SQLite database; the kernel lets it go whatever becomes of the process."""
    if database is None or not database.parent.is_dir():
        yield
        return
    with database.with_name(database.name + ".lock").open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            file.seek(0)
            holder = file.read(32).strip() or "unknown"
            raise AlreadyRunning(
                f"the process {holder} serves {database.name} already; stop it first, or use PostgreSQL for several"
            ) from exc
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def _version() -> str:
    try:
        return version("hotline-12345")
    except PackageNotFoundError:
        return "0+unknown"
