"""Files of a ticket: the list, the bytes in whole or in ranges, and who was handed what.

Every way to the bytes goes through the same check: the id must be one of this very ticket, and the file must still have
the SHA-256 that it had when it came, whichever range of it is asked for.
"""

from pathlib import Path
from typing import Annotated, Self

import structlog
from aiohttp import web
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from tickets.api.answers import AttachmentOut
from tickets.api.fields import Answer
from tickets.api.handlers import MEDIA_TYPES
from tickets.api.operations import PREFIX, Operation
from tickets.api.reading import read_query
from tickets.api.security import PRINCIPAL
from tickets.domain.errors import TicketNotFound
from tickets.domain.roles import Permission
from tickets.service.files import Access, FileService

log = structlog.get_logger()

_PATH = f"{PREFIX}/tickets/{{number}}/attachments"


class AttachmentList(Answer):
    items: list[AttachmentOut]


class AccessOut(Answer):
    at: AwareDatetime
    actor: str
    role: str
    attachment_id: str
    part: str | None

    @classmethod
    def of(cls, access: Access) -> Self:
        return cls(**{name: getattr(access, name) for name in cls.model_fields})


class AccessList(Answer):
    items: list[AccessOut]


class AccessQuery(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Annotated[int, Field(ge=1, le=500)] = 100


class AttachmentHandlers:
    def __init__(self, files: FileService) -> None:
        self._files = files

    async def listed(self, request: web.Request) -> web.Response:
        number = _number(request)
        found = await self._files.listed(number, request[PRINCIPAL])
        answer = AttachmentList(items=[AttachmentOut.of(number, each) for each in found])
        return web.Response(body=answer.model_dump_json(), content_type="application/json")

    async def get(self, request: web.Request) -> web.StreamResponse:
        number, who = _number(request), request[PRINCIPAL]
        part = request.headers.get("Range")
        attachment, path = await self._files.open(number, request.match_info["id"], part, who)
        log.info("attachment_read", number=number, attachment=attachment.id, actor=who.name, ranged=part is not None)
        suffix = MEDIA_TYPES.get(attachment.media_type, ("", "bin"))[1]
        return _file(path, attachment.media_type, f"{number}-{attachment.id}.{suffix}")

    async def accesses(self, request: web.Request) -> web.Response:
        found = await self._files.accesses(_number(request), read_query(request, AccessQuery).limit)
        answer = AccessList(items=[AccessOut.of(each) for each in found])
        return web.Response(body=answer.model_dump_json(), content_type="application/json")

    def operations(self) -> list[Operation]:
        return [
            Operation(
                "GET",
                _PATH,
                "listAttachments",
                "The files of a ticket.",
                self.listed,
                Permission.READ,
                {200: AttachmentList},
                (403, 404, 503),
            ),
            Operation(
                "GET",
                f"{_PATH}/{{id}}",
                "getAttachment",
                "The bytes of a file or ranges of them, after its SHA-256 was checked; the reading is written down.",
                self.get,
                Permission.LISTEN,
                {200: None, 206: None},
                (404, 409, 503),
                answer_types=tuple(MEDIA_TYPES),
                bare=(304, 412, 416),
            ),
            Operation(
                "GET",
                f"{PREFIX}/tickets/{{number}}/accesses",
                "listAccesses",
                "Who was handed files of this ticket, latest first.",
                self.accesses,
                Permission.ACCESSES,
                {200: AccessList},
                (404, 422, 503),
                query=AccessQuery,
            ),
        ]


def _number(request: web.Request) -> str:
    number = request.match_info["number"]
    if len(number) != 12 or not number.isdecimal() or not number.isascii():
        raise TicketNotFound("there is no such ticket: a ticket number has twelve digits")
    return number


def _file(path: Path, media_type: str, name: str) -> web.FileResponse:
    return web.FileResponse(
        path,
        headers={
            "Content-Type": media_type,
            "Content-Disposition": f'attachment; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )
