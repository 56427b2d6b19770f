"""The service's own metrics, in a registry of its own: nothing in them is personal, labels come from closed lists."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from tickets.domain.calendar import WorkingCalendar


class Metrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "tickets_http_requests", "Requests by operation and status", ("operation", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "tickets_http_seconds", "Time to answer, by operation", ("operation",), registry=self.registry
        )
        # Looking a label up takes longer than counting; there are few operations and few statuses.
        self._known: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        self._calendar = Gauge(
            "tickets_calendar_last_year", "Last year whose days off are known; 0 for none", registry=self.registry
        )
        self._estimated = Counter(
            "tickets_deadlines_estimated", "Requests with a limit reckoned without a calendar", registry=self.registry
        )
        self._group = Histogram(
            "tickets_commit_group_size",
            "Requests that shared one durable commit",
            registry=self.registry,
            buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512),
        )

    def observe_group(self, size: int) -> None:
        self._group.observe(size)

    def observe_calendar(self, calendar: WorkingCalendar) -> None:
        self._calendar.set(max(calendar.years, default=0))

    def observe_estimated(self) -> None:
        self._estimated.inc()

    def observe_request(self, operation: str, status: int, seconds: float) -> None:
        key = (operation, status)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = (
                self._requests.labels(operation, str(status)),
                self._seconds.labels(operation),
            )
        known[0].inc()
        known[1].observe(seconds)

    def handler(self) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def metrics(_request: web.Request) -> web.StreamResponse:
            return web.Response(body=generate_latest(self.registry), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

        return metrics
