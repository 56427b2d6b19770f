"""The services that can be asked for, as data that somebody else owns: a file read at the start, or a PUT.

Every change is a new version; the newest one counts. A file is taken when it differs from the last file that was taken,
so that what a person has put since is not undone by a restart.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from tickets.domain.errors import InvalidValue, TicketError
from tickets.domain.history import fingerprint
from tickets.domain.ticket import Category, RequestKind
from tickets.ports import Clock

FROM_FILE: Final = "taxonomy-file"
"""The actor of versions that came from the file."""


_FRESH: Final = 5.0


class NoTaxonomy(TicketError):
    code = "no_taxonomy"
    title = "No services are known yet"


@dataclass(frozen=True, slots=True)
class Service:
    """Something that a citizen can ask for. `unit_id` and `unit` propose who does it; `level` 1 (2 h) to 4 (15 d)."""

    code: str
    name: str
    description: str
    l1: str
    l2: str
    kind: RequestKind
    level: int
    unit_id: str | None = None
    unit: str | None = None
    needs_place: bool = False
    keywords: tuple[str, ...] = ()

    @property
    def category(self) -> Category:
        return Category(self.l1, self.l2, self.name)


@dataclass(frozen=True, slots=True)
class Taxonomy:
    version: int
    fingerprint: str
    at: datetime
    actor: str
    services: tuple[Service, ...]

    def find(self, code: str) -> Service | None:
        return next((each for each in self.services if each.code == code), None)


class TaxonomyStore(Protocol):
    """Raises StoreUnavailable from every method."""

    async def current(self) -> Taxonomy | None: ...

    async def last_by(self, actor: str) -> str | None:
        """The fingerprint of the actor's last version."""
        ...

    async def put(self, services: Sequence[Service], digest: str, at: datetime, actor: str) -> Taxonomy:
        """A new version; the current one when it is the same already."""
        ...


class TaxonomyService:
    """Remembers the current version for `_FRESH` seconds; another instance's change is seen after that."""

    def __init__(self, store: TaxonomyStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: tuple[float, Taxonomy] | None = None

    async def current(self) -> Taxonomy:
        """Raises NoTaxonomy."""
        now = self._clock.monotonic()
        if self._known is not None and now - self._known[0] < _FRESH:
            return self._known[1]
        found = await self._store.current()
        if found is None:
            raise NoTaxonomy("put a taxonomy first: PUT /api/v1/taxonomy, or taxonomy_file in the settings")
        self._known = (now, found)
        return found

    async def put(self, services: Sequence[Service], actor: str) -> Taxonomy:
        """Raises InvalidValue when a code comes twice."""
        codes = [each.code for each in services]
        twice = sorted({code for code in codes if codes.count(code) > 1})
        if twice:
            raise InvalidValue(f"each service code may come once; these come again: {', '.join(twice[:10])}")
        taken = await self._store.put(services, digest_of(services), self._clock.now(), actor)
        self._known = (self._clock.monotonic(), taken)
        return taken

    async def adopt(self, services: Sequence[Service]) -> bool:
        """Takes what a file holds unless this file was taken before; says whether it was taken now."""
        if await self._store.last_by(FROM_FILE) == digest_of(services):
            return False
        await self.put(services, FROM_FILE)
        return True


def service_json(service: Service) -> dict[str, Any]:
    return {**asdict(service), "kind": service.kind.value, "keywords": list(service.keywords)}


def service_from(value: dict[str, Any]) -> Service:
    return Service(**{**value, "kind": RequestKind(value["kind"]), "keywords": tuple(value["keywords"])})


def digest_of(services: Sequence[Service]) -> str:
    return fingerprint([service_json(each) for each in services])
