"""Refusals as RFC 9457 problem+json. One table says which status each refusal has; nothing else makes error bodies."""

from http import HTTPStatus
from typing import ClassVar, Final

from aiohttp import web
from pydantic import ValidationError

from tickets.api.answers import FieldProblem, Problem
from tickets.domain import errors
from tickets.reports.service import UnknownReport
from tickets.service.public import NotShown
from tickets.service.sheets import NotPrinted
from tickets.service.signing import BadSignature, Replayed, ReplaysUnknown
from tickets.service.taxonomy import NoTaxonomy
from tickets.service.webhooks import TargetRefused, WebhookNotFound

MEDIA_TYPE: Final = "application/problem+json"


class HttpRefusal(errors.TicketError):
    """A refusal that only exists at the HTTP edge."""

    status: ClassVar[int] = 400

    def __init__(self, detail: str, errors: list[FieldProblem] | None = None) -> None:
        super().__init__(detail)
        self.errors = errors


class MalformedBody(HttpRefusal):
    code = "malformed_json"
    title = "The body is not JSON"


class InvalidBody(HttpRefusal):
    status = 422
    code = "invalid_body"
    title = "The body does not have the documented shape"


class InvalidQuery(HttpRefusal):
    status = 422
    code = "invalid_query"
    title = "The query does not have the documented shape"


class MissingHeader(HttpRefusal):
    code = "header_missing"
    title = "A required header is missing or malformed"


class UnsupportedType(HttpRefusal):
    status = 415
    code = "unsupported_media_type"
    title = "This kind of content is not taken here"


class BrokenBody(HttpRefusal):
    code = "body_incomplete"
    title = "The body ended before it was whole"


class SlowBody(HttpRefusal):
    status = 408
    code = "body_too_slow"
    title = "The body did not arrive in time"


class Unauthorized(HttpRefusal):
    status = 401
    code = "unauthorized"
    title = "A valid bearer token is needed"


class Forbidden(HttpRefusal):
    status = 403
    code = "forbidden"
    title = "This token's role may not do that"


class TooManyFailures(HttpRefusal):
    status = 429
    code = "too_many_failures"
    title = "Too many wrong tokens from this address"


class PlainHttp(HttpRefusal):
    """A status that the HTTP library itself gave: no such route, method not allowed."""

    code = "http"

    def __init__(self, status: int, code: str, title: str, detail: str) -> None:
        super().__init__(detail)
        self.plain = (status, code, title)


_STATUS: Final[dict[type[errors.TicketError], int]] = {
    errors.TicketNotFound: 404,
    errors.AttachmentNotFound: 404,
    errors.TokenNotFound: 404,
    errors.InvalidValue: 422,
    errors.IllegalMove: 409,
    errors.NotAllowed: 403,
    errors.UnknownUnit: 422,
    errors.NothingDue: 409,
    errors.KeyReused: 409,
    errors.NumberTaken: 409,
    errors.CallRequestTaken: 409,
    errors.NumbersExhausted: 503,
    errors.DigestMismatch: 422,
    errors.AttachmentAltered: 409,
    errors.TooLarge: 413,
    errors.StoreUnavailable: 503,
    errors.StoreFull: 503,
    errors.StoreFailed: 503,
    NotShown: 404,
    BadSignature: 401,
    Replayed: 409,
    ReplaysUnknown: 503,
    NoTaxonomy: 404,
    TargetRefused: 422,
    WebhookNotFound: 404,
    UnknownReport: 404,
    NotPrinted: 409,
}


def status_of(refusal: errors.TicketError) -> int:
    if isinstance(refusal, HttpRefusal):
        return refusal.status
    return _STATUS.get(type(refusal), 500)


def problem_response(refusal: errors.TicketError, retry_after: int) -> web.Response:
    """The response to a refusal; 503 and 429 say when to come again."""
    status, code, title = status_of(refusal), refusal.code, refusal.title
    if isinstance(refusal, PlainHttp):
        status, code, title = refusal.plain
    number = getattr(refusal, "number", None)
    fields = refusal.errors if isinstance(refusal, HttpRefusal) else None
    moves = list(refusal.allowed) if isinstance(refusal, errors.IllegalMove) else None
    body = Problem(
        type=f"urn:hotline-12345:problem:{code}",
        title=title,
        status=status,
        detail=str(refusal),
        code=code,
        number=number,
        allowed=moves,
        errors=fields,
    )
    response = web.Response(body=body.model_dump_json(exclude_none=True), status=status, content_type=MEDIA_TYPE)
    if status in (429, 503):
        response.headers["Retry-After"] = str(retry_after)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="tickets"'
    if status in (408, 413):
        # What is left of the body would be read as the next request.
        response.force_close()
    return response


def plain_refusal(exc: web.HTTPException) -> PlainHttp:
    phrase = HTTPStatus(exc.status).phrase
    code = phrase.lower().replace(" ", "_").replace("-", "_")
    return PlainHttp(exc.status, code, phrase, f"{phrase}: see /api/v1/openapi.json for what this service answers")


def field_problems(exc: ValidationError) -> list[FieldProblem]:
    """Where and why, never what was sent: a body is personal data."""
    problems = []
    for error in exc.errors(include_url=False, include_context=False, include_input=False):
        pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in error["loc"])
        problems.append(FieldProblem(pointer=pointer, message=error["msg"]))
    return problems[:20]
