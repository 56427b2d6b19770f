"""Routes of what tickets refer to: the directory of units, the working calendar, and tokens."""

from typing import Final

import structlog
from aiohttp import web
from pydantic import BaseModel

from tickets.api import directory as bodies
from tickets.api.operations import PREFIX, Operation
from tickets.api.problems import InvalidBody
from tickets.api.reading import read_json
from tickets.api.security import PRINCIPAL
from tickets.domain.errors import TokenNotFound
from tickets.domain.roles import Permission, Role
from tickets.domain.units import Unit
from tickets.service.reference import Reference
from tickets.service.tokens import Tokens

log = structlog.get_logger()

_WRITING: Final = (400, 408, 413, 415, 422, 503)


class ReferenceHandlers:
    """`import_limit` in bytes, `body_timeout` in seconds."""

    def __init__(self, reference: Reference, tokens: Tokens, import_limit: int, body_timeout: float) -> None:
        self._reference = reference
        self._tokens = tokens
        self._limit = import_limit
        self._seconds = body_timeout

    def operations(self) -> list[Operation]:
        return [*self._directory(), *self._calendar(), *self._token_operations()]

    async def units(self, request: web.Request) -> web.Response:
        known = (await self._reference.snapshot()).units
        phones = request[PRINCIPAL].role is not Role.LEADER
        return _json(bodies.DirectoryOut(items=[_unit_out(each, phones=phones) for each in known.values()]))

    async def put_units(self, request: web.Request) -> web.Response:
        body = await read_json(request, bodies.DirectoryIn, limit=self._limit, seconds=self._seconds)
        units = [each.unit() for each in body.units]
        count = await self._reference.put_units(units, replace=body.replace)
        people = sum(len(each.people) for each in units)
        log.info("directory_imported", units=count, people=people, actor=request[PRINCIPAL].name)
        return _json(bodies.DirectoryTaken(units=count, people=people))

    async def calendar(self, _request: web.Request) -> web.Response:
        return _json(await self._years())

    async def put_calendar(self, request: web.Request) -> web.Response:
        body = await read_json(request, bodies.CalendarIn, limit=self._limit, seconds=self._seconds)
        years = [each.checked() for each in body.years]
        if len({each.year for each in years}) != len(years):
            raise InvalidBody("a year is in the import twice; nothing was taken")
        await self._reference.put_years(years)
        log.info("calendar_imported", years=[each.year for each in years], actor=request[PRINCIPAL].name)
        return _json(await self._years())

    async def tokens(self, _request: web.Request) -> web.Response:
        return _json(bodies.TokenList(items=[bodies.TokenOut.of(each) for each in await self._tokens.all()]))

    async def make_token(self, request: web.Request) -> web.Response:
        body = await read_json(request, bodies.TokenCreate, limit=self._limit, seconds=self._seconds)
        if (body.role is Role.UNIT) != (body.unit_id is not None):
            raise InvalidBody("a token of the role unit names its unit_id, and no other token does")
        minted = await self._tokens.mint(body.name, body.role, unit_id=body.unit_id)
        log.info("token_made", token=minted.stored.id, role=body.role.value, actor=request[PRINCIPAL].name)
        return _json(bodies.TokenMade(token=minted.text, made=bodies.TokenOut.of(minted.stored)), 201)

    async def revoke_token(self, request: web.Request) -> web.Response:
        revoked = await self._tokens.revoke(request.match_info["token"])
        if revoked is None:
            raise TokenNotFound("there is no such token")
        log.info("token_revoked", token=revoked.id, actor=request[PRINCIPAL].name)
        return _json(bodies.TokenOut.of(revoked))

    async def _years(self) -> bodies.CalendarOut:
        years = await self._reference.years()
        return bodies.CalendarOut(years=[bodies.CalendarYearOut.model_validate(each) for each in years])

    def _directory(self) -> list[Operation]:
        path = f"{PREFIX}/units"
        return [
            Operation(
                "GET",
                path,
                "listUnits",
                "The directory of units, with their people and 24-hour phone lists.",
                self.units,
                Permission.READ,
                {200: bodies.DirectoryOut},
                (503,),
            ),
            Operation(
                "PUT",
                path,
                "importUnits",
                "Import a directory, whole or not at all.",
                self.put_units,
                Permission.MANAGE,
                {200: bodies.DirectoryTaken},
                _WRITING,
                body=bodies.DirectoryIn,
            ),
        ]

    def _calendar(self) -> list[Operation]:
        path = f"{PREFIX}/calendar"
        return [
            Operation(
                "GET",
                path,
                "getCalendar",
                "The years whose days off and make-up working days are known.",
                self.calendar,
                Permission.READ,
                {200: bodies.CalendarOut},
                (503,),
            ),
            Operation(
                "PUT",
                path,
                "importCalendar",
                "Import years, all or none; a wrong table changes nothing.",
                self.put_calendar,
                Permission.MANAGE,
                {200: bodies.CalendarOut},
                _WRITING,
                body=bodies.CalendarIn,
            ),
        ]

    def _token_operations(self) -> list[Operation]:
        path = f"{PREFIX}/tokens"
        return [
            Operation(
                "GET",
                path,
                "listTokens",
                "Every token, without its secret.",
                self.tokens,
                Permission.MANAGE,
                {200: bodies.TokenList},
                (503,),
            ),
            Operation(
                "POST",
                path,
                "makeToken",
                "Make a token; its secret is shown this once.",
                self.make_token,
                Permission.MANAGE,
                {201: bodies.TokenMade},
                _WRITING,
                body=bodies.TokenCreate,
            ),
            Operation(
                "DELETE",
                f"{path}/{{token}}",
                "revokeToken",
                "Revoke a token; it ends within the time that tokens are remembered.",
                self.revoke_token,
                Permission.MANAGE,
                {200: bodies.TokenOut},
                (404, 503),
            ),
        ]


def _unit_out(unit: Unit, *, phones: bool) -> bodies.UnitOut:
    people = unit.people if phones else ()
    values = {name: getattr(unit, name) for name in bodies.UnitOut.model_fields if name != "people"}
    return bodies.UnitOut(**values, people=people)


def _json(answer: BaseModel, status: int = 200) -> web.Response:
    return web.Response(body=answer.model_dump_json(), status=status, content_type="application/json")
