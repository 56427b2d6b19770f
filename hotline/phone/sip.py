"""SIP messages without input or output: the part of RFC 3261 that a small telephone needs.

`parse` turns one datagram into a `Request` or a `Response`, or raises `SipSyntaxError`; nothing else comes out of it,
whatever bytes go in. Messages are immutable; headers keep their order and are found by their long names, in any case
and also when the peer wrote the compact form. The headers that every message must carry (Via, From, To, Call-ID, CSeq)
are read once while parsing, so later code may rely on them. What we write ourselves is checked for CR and LF, because
a header value is text that a caller may have chosen.
"""

import re
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from hotline.phone.address import NameAddr, SipSyntaxError, Via, split_commas

Headers = tuple[tuple[str, str], ...]

MAX_MESSAGE: Final = 65_535
MAX_HEADERS: Final = 200
MAX_LINE: Final = 8_192

_COMPACT: Final = {
    "c": "content-type",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "s": "subject",
    "t": "to",
    "v": "via",
}
_TOKEN: Final = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+")
_REASONS: Final = {
    100: "Trying",
    180: "Ringing",
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist",
    486: "Busy Here",
    487: "Request Terminated",
    488: "Not Acceptable Here",
    503: "Service Unavailable",
    603: "Decline",
}


def new_tag() -> str:
    return secrets.token_hex(6)


def new_branch() -> str:
    """A branch with the cookie of RFC 3261 section 8.1.1.7."""
    return "z9hG4bK" + secrets.token_hex(8)


def new_call_id() -> str:
    return secrets.token_hex(12)


@dataclass(frozen=True, slots=True)
class _Message(ABC):
    headers: Headers
    body: bytes = b""

    def get(self, name: str) -> str | None:
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def all(self, name: str) -> list[str]:
        """Every value of a list header such as Via or Record-Route, comma lists taken apart."""
        wanted = name.lower()
        return [part for key, value in self.headers if key.lower() == wanted for part in split_commas(value)]

    def require(self, name: str) -> str:
        value = self.get(name)
        if not value:
            raise SipSyntaxError(f"expected a {name} header, got none")
        return value

    @property
    def via(self) -> Via:
        vias = self.all("Via")
        if not vias:
            raise SipSyntaxError("expected a Via header, got none")
        return Via.parse(vias[0])

    @property
    def from_(self) -> NameAddr:
        return NameAddr.parse(self.require("From"))

    @property
    def to(self) -> NameAddr:
        return NameAddr.parse(self.require("To"))

    @property
    def call_id(self) -> str:
        return self.require("Call-ID")

    @property
    def cseq(self) -> tuple[int, str]:
        """Sequence number and method."""
        parts = self.require("CSeq").split()
        if len(parts) != 2 or not (parts[0].isascii() and parts[0].isdigit()) or len(parts[0]) > 10:
            raise SipSyntaxError(f"expected a CSeq like '1 INVITE', got {self.get('CSeq')!r}")
        return int(parts[0]), parts[1]

    @abstractmethod
    def _start_line(self) -> str: ...

    def to_bytes(self) -> bytes:
        """The datagram; Content-Length is added here. Raises ValueError when a value of ours holds CR or LF."""
        lines = [self._start_line(), *(f"{name}: {value}" for name, value in self.headers)]
        for line in lines:
            if "\r" in line or "\n" in line:
                raise ValueError("expected a SIP header on one line, got a value with a line break")
        lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines).encode("utf-8", errors="surrogateescape") + b"\r\n\r\n" + self.body


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(_Message):
    method: str
    uri: str

    def _start_line(self) -> str:
        return f"{self.method} {self.uri} SIP/2.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Response(_Message):
    status: int
    reason: str

    def _start_line(self) -> str:
        return f"SIP/2.0 {self.status} {self.reason}"


def reply(
    request: Request, status: int, *, tag: str | None = None, extra: Iterable[tuple[str, str]] = (), body: bytes = b""
) -> Response:
    """A response with the headers that RFC 3261 section 8.2.6 copies; `tag` is added to To when it has none."""
    headers: list[tuple[str, str]] = [(k, v) for k, v in request.headers if k.lower() in ("via", "record-route")]
    to = request.to
    if tag is not None and to.tag is None:
        to = to.with_tag(tag)
    headers += [("From", request.require("From")), ("To", str(to) if tag is not None else request.require("To"))]
    headers += [("Call-ID", request.call_id), ("CSeq", request.require("CSeq")), *extra]
    return Response(headers=tuple(headers), body=body, status=status, reason=_REASONS.get(status, "Unknown"))


def parse(data: bytes, *, max_size: int = MAX_MESSAGE) -> Request | Response:
    """Reads one datagram. Raises SipSyntaxError and only that."""
    if len(data) > max_size:
        raise SipSyntaxError(f"expected at most {max_size} bytes, got {len(data)}")
    head, blank, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    if not blank:
        raise SipSyntaxError("expected an empty line after the headers, got none")
    lines = head.decode("utf-8", errors="surrogateescape").split("\r\n")
    headers = _parse_headers(lines[1:])
    body = _cut_body(headers, body)
    headers = tuple(pair for pair in headers if pair[0].lower() != "content-length")  # to_bytes adds the true one
    for line in (lines[0], *(value for _, value in headers)):
        if "\r" in line or "\n" in line:
            raise SipSyntaxError("expected lines that end with CR LF, got a lone CR or LF inside one")
    message = _parse_start(lines[0], headers, body)
    _check(message)
    return message


def _parse_start(line: str, headers: Headers, body: bytes) -> Request | Response:
    parts = line.split(" ", 2)
    if len(parts) != 3:
        raise SipSyntaxError(f"expected a start line of three parts, got {line[:60]!r}")
    if parts[0] == "SIP/2.0":
        if not re.fullmatch(r"[1-6][0-9]{2}", parts[1], re.ASCII):
            raise SipSyntaxError(f"expected a status from 100 to 699, got {parts[1][:20]!r}")
        return Response(headers=headers, body=body, status=int(parts[1]), reason=parts[2])
    if parts[2] != "SIP/2.0" or not _TOKEN.fullmatch(parts[0]):
        raise SipSyntaxError(f"expected 'METHOD uri SIP/2.0', got {line[:60]!r}")
    return Request(headers=headers, body=body, method=parts[0], uri=parts[1])


def _parse_headers(lines: list[str]) -> Headers:
    unfolded: list[str] = []
    for line in lines:
        if len(line) > MAX_LINE:
            raise SipSyntaxError(f"expected header lines of at most {MAX_LINE} characters, got {len(line)}")
        if line[:1] in (" ", "\t") and unfolded:
            unfolded[-1] += " " + line.strip()
        else:
            unfolded.append(line)
    if len(unfolded) > MAX_HEADERS:
        raise SipSyntaxError(f"expected at most {MAX_HEADERS} headers, got {len(unfolded)}")
    headers: list[tuple[str, str]] = []
    for line in unfolded:
        name, colon, value = line.partition(":")
        name = name.strip()
        if not colon or not _TOKEN.fullmatch(name) or "\r" in value or "\n" in value:
            raise SipSyntaxError(f"expected 'Name: value', got {line[:60]!r}")
        headers.append((_COMPACT.get(name.lower(), name), value.strip()))
    return tuple(headers)


def _cut_body(headers: Headers, body: bytes) -> bytes:
    """The body as Content-Length gives it; over UDP the header may be missing (RFC 3261 section 18.3)."""
    text = next((value for key, value in headers if key.lower() == "content-length"), None)
    if text is None:
        return body
    if not re.fullmatch(r"[0-9]{1,6}", text, re.ASCII) or int(text) > len(body):
        raise SipSyntaxError(f"expected a Content-Length of at most {len(body)}, got {text[:20]!r}")
    return body[: int(text)]


def _check(message: Request | Response) -> None:
    """Reads the headers that every message must carry, so that reading them later cannot fail."""
    _ = (message.via, message.from_, message.to, message.call_id)
    _, method = message.cseq
    if isinstance(message, Request) and method != message.method:
        raise SipSyntaxError(f"expected CSeq to name {message.method}, got {method[:20]!r}")
