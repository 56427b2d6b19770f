"""Work that falls due by itself: what the runner needs of a store, and what may be asked about jobs."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from tickets.service.outbox import Notice


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job as kept. `fence` grows with every lease that is given; `lease_until` is None when nobody holds it."""

    name: str
    schedule: str
    next_slot: datetime
    fence: int
    lease_owner: str | None
    lease_until: datetime | None
    last_slot: datetime | None
    last_finished: datetime | None
    last_outcome: str | None
    failures: int


@dataclass(frozen=True, slots=True)
class Firing:
    """A lease on one slot of one job. Whoever holds a lower `fence` than the row's has lost it."""

    job: str
    slot: datetime
    fence: int
    owner: str


@dataclass(frozen=True, slots=True)
class Finished:
    """What a firing did. `detail` holds counts and names of files, nothing personal; `notices` go to subscribers in
    the transaction that closes the firing, so that they are told exactly when the firing counts."""

    detail: dict[str, Any] = field(default_factory=dict)
    notices: tuple[Notice, ...] = ()


class LeaseLost(Exception):
    """Another instance has taken the slot over: what this one still does for it must stop and does not count."""


class JobStore(Protocol):
    """Raises StoreUnavailable from every method when the database does not answer."""

    async def ensure(self, name: str, schedule: str, first_slot: datetime) -> None:
        """Makes the row when there is none; a changed schedule gets `first_slot` as its next one."""
        ...

    async def due(self, now: datetime) -> list[str]:
        """Jobs with a slot at or before `now` that nobody holds a live lease on."""
        ...

    async def claim(self, name: str, owner: str, now: datetime, until: datetime, latest: datetime) -> Firing | None:
        """A lease on the job's next slot, or None when it is not due or another instance was faster.

        `latest` is the newest slot that has come: older ones that nobody fired are passed over for it.
        """
        ...

    async def renew(self, firing: Firing, until: datetime) -> None:
        """Raises LeaseLost."""
        ...

    async def finish(self, firing: Firing, at: datetime, following: datetime, done: Finished) -> None:
        """Records the firing and gives the row its following slot, in one transaction. Raises LeaseLost."""
        ...

    async def fail(self, firing: Firing, at: datetime, retry_at: datetime, error: str) -> None:
        """Gives the lease back; the same slot is tried again from `retry_at` on. Raises LeaseLost."""
        ...

    async def lines(self) -> list[JobLine]: ...
