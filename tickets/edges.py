"""Second half of the composition root: the open interfaces, and what the service does by itself.

Everything here is built on an open store and the use cases of `tickets.app`, which alone calls it.
"""

import asyncio
import json
import os
import secrets
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry
from pydantic import ValidationError

from tickets.api.attachments import AttachmentHandlers
from tickets.api.calls import CallHandlers
from tickets.api.jobs import JobHandlers
from tickets.api.operations import Operation
from tickets.api.problems import field_problems
from tickets.api.public import PublicHandlers
from tickets.api.reports import ReportHandlers
from tickets.api.retention import HoldHandlers
from tickets.api.security import Gate
from tickets.api.sheets import SheetHandlers
from tickets.api.taxonomy import TaxonomyBody, TaxonomyHandlers
from tickets.api.webhooks import WebhookHandlers
from tickets.domain.errors import StoreUnavailable, TicketError
from tickets.jobs.metrics import JobMetrics
from tickets.jobs.pump import pump
from tickets.jobs.reports import BRIEF, NOTICES, RenderedReports
from tickets.jobs.runner import Job, JobRunner, RunnerTimes
from tickets.jobs.schedule import Daily, Every, Monthly, Weekly
from tickets.jobs.sender import HttpSender, open_sender
from tickets.jobs.works import (
    DeadlineWork,
    ReportWork,
    RetentionWork,
    last_month,
    last_week,
    same_day,
    yesterday,
)
from tickets.open311.handlers import Open311, Open311Options
from tickets.ports import Clock
from tickets.reports.render import Pages
from tickets.reports.service import Reports
from tickets.service.clock import Ids
from tickets.service.deadlines import DeadlineService
from tickets.service.files import FileService
from tickets.service.filing import FilingService
from tickets.service.keys import ensure_key
from tickets.service.public import PublicService
from tickets.service.reference import Reference
from tickets.service.retention import EraseKind, RetentionService, Rules
from tickets.service.sheets import SheetService
from tickets.service.taxonomy import Service, TaxonomyService
from tickets.service.tickets import TicketService
from tickets.service.webhooks import Courier, WebhookService
from tickets.settings import TicketSettings
from tickets.settings_edges import RetentionSettings
from tickets.store.assessment import SqlAssessment
from tickets.store.edges import SqlAccesses, SqlCalls, SqlFiling, SqlPublic, SqlTaxonomy
from tickets.store.files import AttachmentFiles
from tickets.store.jobs import SqlJobs
from tickets.store.prints import SqlPrints
from tickets.store.retention import SqlRetention
from tickets.store.sql import SqlStore
from tickets.store.webhooks import SqlWebhooks

log = structlog.get_logger()


class TaxonomyFileError(TicketError):
    code = "taxonomy_file"
    title = "The taxonomy file cannot be used"


@dataclass(frozen=True, slots=True)
class Core:
    """What `tickets.app` has built already."""

    settings: TicketSettings
    store: SqlStore
    files: AttachmentFiles
    tickets: TicketService
    reference: Reference
    gate: Gate
    clock: Clock
    registry: CollectorRegistry


class Edges:
    """The routes and the background of the service."""

    def __init__(self, core: Core, sender: HttpSender, sheet_key: bytes) -> None:
        self._core = core
        settings, clock, ids = core.settings, core.clock, Ids(core.clock)
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._jobs = SqlJobs(core.store)
        webhooks = SqlWebhooks(core.store)
        self._taxonomy = TaxonomyService(SqlTaxonomy(core.store), clock)
        self._retention = RetentionService(SqlRetention(core.store), core.files, clock, rules(settings.retention))
        self._public = PublicHandlers(
            PublicService(SqlPublic(core.store)),
            clock,
            failures_per_minute=settings.public.failures_per_minute,
            failures_per_number=settings.public.failures_per_number,
            body_timeout=settings.body_timeout,
        )
        self._courier = Courier(
            webhooks,
            sender,
            clock,
            self._owner,
            # Twice an attempt: the lease must outlive the attempt and the commit after it.
            lease_seconds=2 * settings.webhooks.timeout + settings.write_timeout,
            back_off=settings.webhooks.back_off,
        )
        self._pages = Pages()
        house = settings.reports.house(settings.jobs.brief_at)
        self._source = SqlAssessment(core.store.read)
        self._reports = Reports(self._source, clock, house)
        files = FileService(core.tickets, SqlAccesses(core.store), clock, ids)
        self._handlers = (
            TaxonomyHandlers(self._taxonomy, settings.body_timeout),
            WebhookHandlers(WebhookService(webhooks, sender, clock, ids), settings.body_timeout),
            JobHandlers(self._jobs, webhooks),
            HoldHandlers(self._retention, settings.body_timeout),
            AttachmentHandlers(files),
            CallHandlers(SqlCalls(core.store)),
            ReportHandlers(self._reports, self._pages, clock),
            self._sheets(sheet_key),
            self._public,
        )

    def _sheets(self, key: bytes) -> SheetHandlers:
        core, settings = self._core, self._core.settings.reports
        service = SheetService(core.store, SqlPrints(core.store), core.clock, key)
        return SheetHandlers(service, self._pages, settings.issuer, settings.public_url)

    def operations(self) -> list[Operation]:
        """For the table of routes and the OpenAPI document."""
        return [operation for handlers in self._handlers for operation in handlers.operations()]

    def add_to(self, application: web.Application) -> None:
        """Adds what has its own shape: Open311 and the citizen's page."""
        settings, clock = self._core.settings, self._core.clock
        options = Open311Options(
            jurisdiction=settings.open311.jurisdiction,
            contact=settings.open311.contact,
            public_url=settings.open311.public_url,
            body_limit=settings.body_limit,
            body_timeout=settings.body_timeout,
            retry_after=settings.retry_after,
            tokens=settings.open311.answer == "token",
        )
        filing = FilingService(self._core.tickets, SqlFiling(self._core.store), clock)
        Open311(filing, self._taxonomy, self._core.gate, clock, options).add_to(application)
        self._public.add_pages(application)

    async def adopt_taxonomy(self) -> None:
        """Takes the file of the settings. Raises TaxonomyFileError; a store that does not answer is only logged."""
        path = self._core.settings.taxonomy_file
        if path is None:
            return
        services = await asyncio.to_thread(read_taxonomy, path)
        try:
            taken = await self._taxonomy.adopt(services)
        except StoreUnavailable as exc:
            log.error("taxonomy_not_adopted", code=exc.code)
        else:
            log.info("taxonomy_file_read", services=len(services), taken=taken)

    async def run(self, stop: asyncio.Event) -> None:
        """Jobs and deliveries, until `stop` is set."""
        settings = self._core.settings
        times = RunnerTimes(settings.jobs.poll, settings.jobs.lease, settings.jobs.retry)
        observer = JobMetrics(self._core.registry)
        runner = JobRunner(self._jobs, self._table(), self._core.clock, self._owner, times, observer)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(runner.run(stop), name="jobs")
            tasks.create_task(pump(self._courier, settings.webhooks.poll, settings.jobs.retry, stop), name="webhooks")

    def _table(self) -> Sequence[Job]:
        when, core = self._core.settings.jobs, self._core
        maker = RenderedReports(self._reports, self._source, self._pages)
        folder = core.settings.reports_dir
        deadlines = DeadlineService(core.store, core.tickets)
        weekly = Weekly(when.weekly_on, when.weekly_at)
        monthly = Monthly(when.monthly_on, when.monthly_at)
        return (
            Job("deadlines", Every(when.deadlines_every), DeadlineWork(deadlines, when.deadlines_batch)),
            Job(BRIEF, Daily(when.brief_at), ReportWork(maker, folder, BRIEF, same_day)),
            Job("daily", Daily(when.daily_at), ReportWork(maker, folder, "daily", yesterday), heavy=True),
            Job("weekly", weekly, ReportWork(maker, folder, "weekly", last_week), heavy=True),
            Job("monthly", monthly, ReportWork(maker, folder, "monthly", last_month), heavy=True),
            Job(NOTICES, monthly, ReportWork(maker, folder, NOTICES, last_month), heavy=True),
            Job("retention", Daily(when.retention_at), RetentionWork(self._retention), heavy=True),
        )


@asynccontextmanager
async def open_edges(core: Core) -> AsyncIterator[Edges]:
    hooks = core.settings.webhooks
    async with open_sender(hooks.allowed_networks, hooks.timeout) as sender:
        yield Edges(core, sender, await asyncio.to_thread(ensure_key, _sheet_key(core.settings)))


def _sheet_key(settings: TicketSettings) -> Path:
    return settings.reports.sheet_key_file or settings.attachments_dir.parent / "sheet.key"


def rules(settings: RetentionSettings) -> Rules:
    days = {
        EraseKind.RECORDINGS: settings.recordings_days,
        EraseKind.DOCUMENTS: settings.documents_days,
        EraseKind.CALLERS: settings.callers_days,
        EraseKind.WORDS: settings.words_days,
    }
    return Rules(days, settings.deliveries_days, settings.batch)


def read_taxonomy(path: Path) -> list[Service]:
    """The services in a file that has the shape of `PUT /api/v1/taxonomy`. Raises TaxonomyFileError."""
    try:
        body = TaxonomyBody.model_validate_json(path.read_bytes())
    except OSError as exc:
        raise TaxonomyFileError(f"the taxonomy file {path.name} cannot be read: {exc.strerror}") from exc
    except ValidationError as exc:
        first = json.dumps(field_problems(exc)[0].model_dump(), ensure_ascii=False)
        raise TaxonomyFileError(f"the taxonomy file {path.name} is not of the shape of PUT /taxonomy: {first}") from exc
    return [each.service() for each in body.services]
