"""Figures of jobs and deliveries, in the service's own registry. Labels come from closed lists."""

from prometheus_client import CollectorRegistry, Counter, Histogram


class JobMetrics:
    """Implements JobObserver."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._fired = Counter("tickets_jobs", "Firings by job and outcome", ("job", "outcome"), registry=registry)
        self._seconds = Histogram("tickets_job_seconds", "Time that a firing took", ("job",), registry=registry)

    def job_fired(self, job: str, outcome: str, seconds: float) -> None:
        self._fired.labels(job, outcome).inc()
        self._seconds.labels(job).observe(seconds)
