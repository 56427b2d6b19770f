"""Requests that come from civic apps: filed for a service of the taxonomy, reviewed before they are dispatched (IN-4).

What an app says of the person goes into a table of its own, apart from the ticket. Everybody may follow where a request
stands; its words and its place are shown to the app that filed it and to staff.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from tickets.domain.history import fingerprint
from tickets.domain.roles import Permission, Principal
from tickets.domain.states import State
from tickets.domain.ticket import Caller, Channel, Completeness, Place, TicketDraft
from tickets.ports import Clock
from tickets.service.taxonomy import Service
from tickets.service.tickets import TicketService

SOURCE_LINE = "open311"
_SAME_WITHIN = 600
"""Seconds within which the same words from the same app are the same request, when the app sends no key."""


@dataclass(frozen=True, slots=True)
class Reporter:
    """Personal data, and where the matter is. Coordinates are WGS84 degrees."""

    first_name: str | None = None
    last_name: str | None = None
    phone: str | None = None
    email: str | None = None
    device_id: str | None = None
    account_id: str | None = None
    address: str | None = None
    address_id: str | None = None
    lat: float | None = None
    long: float | None = None
    media_url: str | None = None

    @property
    def name(self) -> str | None:
        """Family name first, as it is said here."""
        parts = [part for part in (self.last_name, self.first_name) if part]
        spaced = any(part.isascii() for part in parts)
        return (" " if spaced else "").join(parts) or None


@dataclass(frozen=True, slots=True)
class Filing:
    service: Service
    description: str
    reporter: Reporter
    attributes: tuple[tuple[str, str], ...] = ()
    key: str | None = None


@dataclass(frozen=True, slots=True)
class FiledRequest:
    """A filed request as it stands. `filed_by` is the name of the app's token."""

    id: str
    number: str
    state: State
    service_code: str
    summary: str
    category: str | None
    unit: str | None
    taken_at: datetime
    updated_at: datetime
    due_at: datetime | None
    address: str | None
    address_id: str | None
    lat: float | None
    long: float | None
    media_url: str | None
    filed_by: str

    def open_to(self, who: Principal | None) -> bool:
        """May `who` see its words and place?"""
        return who is not None and (who.name == self.filed_by or who.may(Permission.READ))


@dataclass(frozen=True, slots=True)
class FiledQuery:
    """Empty tuples mean any. `numbers` overrides all else."""

    numbers: tuple[str, ...] = ()
    service_codes: tuple[str, ...] = ()
    finished: bool | None = None
    taken_from: datetime | None = None
    taken_to: datetime | None = None
    limit: int = 1000
    offset: int = 0


class FilingStore(Protocol):
    """Raises StoreUnavailable from every method."""

    async def keep_reporter(self, number: str, service_code: str, filed_by: str, reporter: Reporter) -> None:
        """Safe to repeat."""
        ...

    async def filed(self, query: FiledQuery) -> list[FiledRequest]:
        """Newest first."""
        ...

    async def by_token(self, token: str) -> str | None:
        """The ticket number that a token stands for."""
        ...


@dataclass(frozen=True, slots=True)
class Filed:
    number: str
    token: str
    fresh: bool = field(default=True)


class FilingService:
    def __init__(self, tickets: TicketService, store: FilingStore, clock: Clock) -> None:
        self._tickets = tickets
        self._store = store
        self._clock = clock

    async def file(self, filing: Filing, who: Principal) -> Filed:
        """Raises what taking a ticket raises."""
        draft = _draft(filing)
        key = filing.key or self._key(filing, who)
        created = await self._tickets.take(draft, f"open311-{fingerprint([who.name, key])}", who)
        number = created.record.number
        await self._store.keep_reporter(number, filing.service.code, who.name, filing.reporter)
        return Filed(number, created.record.id, created.fresh)

    async def filed(self, query: FiledQuery) -> list[FiledRequest]:
        return await self._store.filed(query)

    async def by_token(self, token: str) -> str | None:
        return await self._store.by_token(token)

    def _key(self, filing: Filing, who: Principal) -> str:
        window = int(self._clock.now().timestamp()) // _SAME_WITHIN
        reporter: dict[str, Any] = {name: getattr(filing.reporter, name) for name in Reporter.__slots__}
        words = [filing.service.code, filing.description, reporter, [list(each) for each in filing.attributes]]
        return fingerprint([who.name, window, words])


def _draft(filing: Filing) -> TicketDraft:
    service, reporter = filing.service, filing.reporter
    where = reporter.address or reporter.address_id or f"{reporter.lat:.6f},{reporter.long:.6f}"
    place = Place(reporter.address_id or "", where, "address", where, 1.0)
    note = "\n".join(f"{name}: {value}" for name, value in filing.attributes)
    return TicketDraft(
        number=None,
        channel=Channel.OPEN311,
        source_line=SOURCE_LINE,
        call=None,
        request_index=1,
        kind=service.kind,
        category=service.category,
        confidence=None,
        unit=service.unit,
        unit_id=service.unit_id,
        places=(place,),
        level=service.level,
        summary=filing.description or service.name,
        transcript=(),
        emergency=None,
        caller=Caller(reporter.phone, confidential=False),
        completeness=Completeness.COMPLETE,
        reasons=("open311",),
        note=note or None,
    )
