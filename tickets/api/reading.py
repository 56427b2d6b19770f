"""Reads requests within limits: size, time, media type, headers. Every limit comes from the settings (F87)."""

import asyncio
import base64
import binascii
import re
from collections.abc import AsyncIterator
from typing import Final, TypeVar

from aiohttp import ClientPayloadError, web
from pydantic import BaseModel, ValidationError

from tickets.api.problems import (
    BrokenBody,
    InvalidBody,
    InvalidQuery,
    MalformedBody,
    MissingHeader,
    SlowBody,
    UnsupportedType,
    field_problems,
)
from tickets.domain.errors import InvalidValue, TooLarge

_Model = TypeVar("_Model", bound=BaseModel)
_KEY: Final = re.compile(r"[\x21-\x7e]{1,128}", re.ASCII)
_SHA256: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_ROW_ID: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)


async def read_json(request: web.Request, model: type[_Model], *, limit: int, seconds: float) -> _Model:
    """The body as `model`. Raises 400 for no JSON, 408, 413, 415, and 422 with a pointer for every wrong field."""
    if request.content_type != "application/json":
        raise UnsupportedType("send Content-Type: application/json")
    _refuse_encoding(request)
    body = _arrived(request, limit)
    if body is None:
        body = b"".join([piece async for piece in body_chunks(request, limit=limit, seconds=seconds)])
    try:
        return model.model_validate_json(body)
    except ValidationError as exc:
        problems = field_problems(exc)
        if any(error["type"] == "json_invalid" for error in exc.errors(include_url=False, include_input=False)):
            raise MalformedBody("the body could not be read as JSON in UTF-8", problems) from exc
        raise InvalidBody("see errors for each field that is wrong", problems) from exc


def _arrived(request: web.Request, limit: int) -> bytes | None:
    """The body when it has arrived whole, as it mostly has: no waiting, so no clock. None when it has not, or when
    something about it is wrong."""
    content = request.content
    if not content.is_eof() or content.exception() is not None or content.total_bytes > limit:
        return None
    return content.read_nowait()


async def body_chunks(request: web.Request, *, limit: int, seconds: float) -> AsyncIterator[bytes]:
    """The body in pieces. Raises TooLarge as soon as the limit is known to be passed, SlowBody after `seconds`."""
    _refuse_encoding(request)
    message = f"a body may have {limit} bytes here; this one has more"
    if request.content_length is not None and request.content_length > limit:
        raise TooLarge(message)
    size = 0
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                piece = await request.content.readany()
        except TimeoutError as exc:
            raise SlowBody(f"the body must arrive within {seconds:g} seconds") from exc
        except (web.RequestPayloadError, ClientPayloadError, ConnectionError) as exc:
            raise BrokenBody("the connection or its chunks broke off; send the whole body again") from exc
        if not piece:
            return
        size += len(piece)
        if size > limit:
            raise TooLarge(message)
        yield piece


def read_query(request: web.Request, model: type[_Model]) -> _Model:
    """The query as `model`. A field given twice is refused, like one that is not known."""
    if len(request.query) != len(set(request.query)):
        raise InvalidQuery("a query field is given more than once")
    try:
        return model.model_validate(dict(request.query))
    except ValidationError as exc:
        raise InvalidQuery("see errors for each field that is wrong", field_problems(exc)) from exc


def idempotency_key(request: web.Request) -> str:
    values = request.headers.getall("Idempotency-Key", [])
    if len(values) != 1 or not _KEY.fullmatch(values[0]):
        raise MissingHeader("send one Idempotency-Key of 1 to 128 visible ASCII characters")
    return values[0]


def content_sha256(request: web.Request) -> str:
    value = request.headers.get("X-Content-SHA256", "").lower()
    if not _SHA256.fullmatch(value):
        raise MissingHeader("send X-Content-SHA256 with the body's SHA-256 in 64 hexadecimal digits")
    return value


def encode_cursor(row_id: str) -> str:
    return base64.urlsafe_b64encode(bytes.fromhex(row_id)).decode("ascii").rstrip("=")


def decode_cursor(text: str | None) -> str | None:
    """The row id in a cursor. Raises InvalidValue for anything that `encode_cursor` did not make."""
    if text is None:
        return None
    try:
        value = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).hex()
    except (binascii.Error, ValueError) as exc:
        raise InvalidValue("this cursor is not one that a list gave; begin again without it") from exc
    if not _ROW_ID.fullmatch(value):
        raise InvalidValue("this cursor is not one that a list gave; begin again without it")
    return value


def _refuse_encoding(request: web.Request) -> None:
    """Compressed bodies are refused: nobody needs them here, and they can be bombs."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedType("send the body without Content-Encoding")
