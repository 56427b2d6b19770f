"""`/api/v1/taxonomy`: the services that can be asked for, read and replaced as a whole."""

from http import HTTPStatus
from typing import Annotated, Self

from aiohttp import web
from pydantic import AwareDatetime, Field

from tickets.api.fields import NO_NUL, Answer, Body
from tickets.api.operations import PREFIX, Operation
from tickets.api.reading import read_json
from tickets.api.security import PRINCIPAL
from tickets.domain.roles import Permission
from tickets.domain.ticket import RequestKind
from tickets.service import taxonomy as domain

_LONGEST = 8 * 1024 * 1024
_PATH = f"{PREFIX}/taxonomy"

Name = Annotated[str, Field(min_length=1, max_length=128, pattern=NO_NUL)]
Group = Annotated[str, Field(min_length=1, max_length=64, pattern=NO_NUL)]


class ServiceBody(Body):
    """A service. `name` is the problem type, below `l1` and `l2` of the national scheme."""

    code: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    name: Name
    description: Annotated[str, Field(max_length=1000, pattern=NO_NUL)]
    l1: Group
    l2: Group
    kind: RequestKind
    level: Annotated[int, Field(ge=1, le=4)]
    unit_id: Group | None = None
    unit: Name | None = None
    needs_place: bool = False
    keywords: Annotated[list[Group], Field(max_length=100, default_factory=list)]

    def service(self) -> domain.Service:
        return domain.Service(**{**self.model_dump(), "kind": self.kind, "keywords": tuple(self.keywords)})

    @classmethod
    def of(cls, service: domain.Service) -> Self:
        return cls(**{**domain.service_json(service), "kind": service.kind})


class TaxonomyBody(Body):
    services: Annotated[list[ServiceBody], Field(min_length=1, max_length=5000)]


class TaxonomyOut(Answer):
    version: int
    at: AwareDatetime
    actor: str
    services: list[ServiceBody]

    @classmethod
    def of(cls, taxonomy: domain.Taxonomy) -> Self:
        services = [ServiceBody.of(each) for each in taxonomy.services]
        return cls(version=taxonomy.version, at=taxonomy.at, actor=taxonomy.actor, services=services)


class TaxonomyHandlers:
    def __init__(self, service: domain.TaxonomyService, seconds: float) -> None:
        self._service = service
        self._seconds = seconds

    async def get(self, _request: web.Request) -> web.Response:
        return _answer(await self._service.current())

    async def put(self, request: web.Request) -> web.Response:
        body = await read_json(request, TaxonomyBody, limit=_LONGEST, seconds=self._seconds)
        services = [each.service() for each in body.services]
        return _answer(await self._service.put(services, request[PRINCIPAL].name))

    def operations(self) -> list[Operation]:
        return [
            Operation(
                "GET",
                _PATH,
                "getTaxonomy",
                "The services that can be asked for, newest version.",
                self.get,
                Permission.READ,
                {HTTPStatus.OK: TaxonomyOut},
                (404, 503),
            ),
            Operation(
                "PUT",
                _PATH,
                "putTaxonomy",
                "Replace the services; the version stays the same when nothing changed.",
                self.put,
                Permission.TAXONOMY,
                {HTTPStatus.OK: TaxonomyOut},
                (400, 408, 413, 415, 422, 503),
                body=TaxonomyBody,
            ),
        ]


def _answer(taxonomy: domain.Taxonomy) -> web.Response:
    return web.Response(body=TaxonomyOut.of(taxonomy).model_dump_json(), content_type="application/json")
