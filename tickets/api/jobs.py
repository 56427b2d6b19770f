"""`/api/v1/jobs`: what falls due by itself, who does it, and how it went."""

from typing import Self

from aiohttp import web
from pydantic import AwareDatetime

from tickets.api.fields import Answer
from tickets.api.operations import PREFIX, Operation
from tickets.domain.roles import Permission
from tickets.service.jobs import JobLine, JobStore
from tickets.service.webhooks import WebhookStore


class JobOut(Answer):
    """`fence` counts the leases that were ever given on the job."""

    name: str
    schedule: str
    next_slot: AwareDatetime
    fence: int
    lease_owner: str | None
    lease_until: AwareDatetime | None
    last_slot: AwareDatetime | None
    last_finished: AwareDatetime | None
    last_outcome: str | None
    failures: int

    @classmethod
    def of(cls, line: JobLine) -> Self:
        return cls.model_validate(line)


class Backlog(Answer):
    """Deliveries to subscribers by how they stand."""

    pending: int
    delivered: int
    dead: int


class JobList(Answer):
    items: list[JobOut]
    deliveries: Backlog


class JobHandlers:
    def __init__(self, jobs: JobStore, webhooks: WebhookStore) -> None:
        self._jobs = jobs
        self._webhooks = webhooks

    async def listed(self, _request: web.Request) -> web.Response:
        lines = await self._jobs.lines()
        counts = await self._webhooks.counts()
        backlog = Backlog(**{status.value: count for status, count in counts.items()})
        answer = JobList(items=[JobOut.of(each) for each in lines], deliveries=backlog)
        return web.Response(body=answer.model_dump_json(), content_type="application/json")

    def operations(self) -> list[Operation]:
        return [
            Operation(
                "GET",
                f"{PREFIX}/jobs",
                "listJobs",
                "Every job with its schedule, its next slot, its lease and its last outcome.",
                self.listed,
                Permission.JOBS,
                {200: JobList},
                (503,),
            )
        ]
