"""SIP messages without input or output: the part of RFC 3261 that a small telephone needs.

`parse` turns one datagram into a `Request` or a `Response`, or raises `SipSyntaxError`; nothing else comes out of it,
whatever bytes go in. Messages are immutable; headers keep their order and are found by their long names, in any case
and also when the peer wrote the compact form. The headers that every message must carry (Via, From, To, Call-ID, CSeq)
are read once while parsing, so later code may rely on them. What we write ourselves is checked for CR and LF, because
a header value is text that a caller may have chosen.
"""

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import unquote

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
_UNRESERVED: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.!~*'()&=+$,;?/")
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


class SipSyntaxError(ValueError):
    """A message that is not SIP as RFC 3261 writes it; the text says what was expected and what came."""


def new_tag() -> str:
    return secrets.token_hex(6)


def new_branch() -> str:
    """A branch with the cookie of RFC 3261 section 8.1.1.7."""
    return "z9hG4bK" + secrets.token_hex(8)


def new_call_id() -> str:
    return secrets.token_hex(12)


def escape_user(text: str) -> str:
    """The user part of a SIP URI, percent-escaped as RFC 3261 section 25.1 asks, any character allowed."""
    return "".join(
        c if c in _UNRESERVED else "".join(f"%{b:02X}" for b in c.encode("utf-8", "surrogateescape")) for c in text
    )


@dataclass(frozen=True, slots=True)
class SipUri:
    """`sip:user@host:port;params`; the user is kept unescaped, `port` is None when not written."""

    user: str | None
    host: str
    port: int | None = None
    params: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Self:
        scheme, colon, rest = text.strip().partition(":")
        if not colon or scheme.lower() != "sip":
            raise SipSyntaxError(f"expected a sip: address, got {text[:40]!r}")
        rest = rest.partition("?")[0] if "@" not in rest.partition("?")[2] else rest
        userinfo, at, hostpart = rest.rpartition("@")
        address, *raw_params = hostpart.split(";")
        host, port = _host_port(address)
        user = unquote(userinfo.partition(":")[0], errors="replace") if at else None
        return cls(user, host, port, _params(raw_params))

    def __str__(self) -> str:
        user = "" if self.user is None else escape_user(self.user) + "@"
        port = "" if self.port is None else f":{self.port}"
        return f"sip:{user}{self.host}{port}{_format_params(self.params)}"


@dataclass(frozen=True, slots=True)
class NameAddr:
    """The value of From, To, Contact or Route: a display name, an address, parameters such as `tag`."""

    uri: str
    display: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> Self:
        text = text.strip()
        start = _outside_quotes(text, "<")
        if start is None:
            uri, *raw = text.split(";")
            if not uri:
                raise SipSyntaxError("expected an address, got an empty value")
            return cls(uri.strip(), None, _params(raw))
        end = text.find(">", start)
        if end < 0:
            raise SipSyntaxError(f"expected '>' after the address, got {text[:60]!r}")
        display = text[:start].strip()
        if len(display) >= 2 and display[0] == display[-1] == '"':
            display = re.sub(r"\\(.)", r"\1", display[1:-1])
        return cls(text[start + 1 : end], display or None, _params(text[end + 1 :].split(";")[1:]))

    @property
    def tag(self) -> str | None:
        return self.params.get("tag")

    def with_tag(self, tag: str) -> Self:
        return type(self)(self.uri, self.display, {**self.params, "tag": tag})

    def __str__(self) -> str:
        quoted = "" if self.display is None else '"' + re.sub(r'(["\\])', r"\\\1", self.display) + '" '
        return f"{quoted}<{self.uri}>{_format_params(self.params)}"


@dataclass(frozen=True, slots=True)
class Via:
    host: str
    port: int
    params: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> Self:
        head, *raw = text.split(";")
        parts = head.split()
        if len(parts) != 2 or not parts[0].upper().startswith("SIP/2.0/"):
            raise SipSyntaxError(f"expected a Via like 'SIP/2.0/UDP host', got {head[:60]!r}")
        host, port = _host_port(parts[1])
        return cls(host, port or 5060, _params(raw))

    @property
    def branch(self) -> str:
        return self.params.get("branch", "")


@dataclass(frozen=True, slots=True)
class _Message:
    headers: Headers
    body: bytes = b""

    def get(self, name: str) -> str | None:
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def all(self, name: str) -> list[str]:
        """Every value of a list header such as Via or Record-Route, comma lists taken apart."""
        wanted = name.lower()
        return [part for key, value in self.headers if key.lower() == wanted for part in _split_commas(value)]

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

    def _start_line(self) -> str:
        raise NotImplementedError

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


def _host_port(text: str) -> tuple[str, int | None]:
    text = text.strip()
    host, port = text, ""
    if text.startswith("["):
        host, _, port = text.partition("]")
        host, port = host + "]", port.removeprefix(":")
    elif ":" in text:
        host, _, port = text.partition(":")
    if not host or (port and not (re.fullmatch(r"[0-9]{1,5}", port, re.ASCII) and 0 < int(port) < 65_536)):
        raise SipSyntaxError(f"expected host:port, got {text[:60]!r}")
    return host, int(port) if port else None


def _params(raw: Iterable[str]) -> dict[str, str]:
    pairs = (item.strip().partition("=") for item in raw if item.strip())
    return {key.strip().lower(): value.strip().strip('"') for key, _, value in pairs}


def _format_params(params: Mapping[str, str]) -> str:
    return "".join(f";{key}={value}" if value else f";{key}" for key, value in params.items())


def _outside_quotes(text: str, wanted: str) -> int | None:
    quoted = escaped = False
    for index, char in enumerate(text):
        if escaped:
            escaped = False
        elif char == "\\" and quoted:
            escaped = True
        elif char == '"':
            quoted = not quoted
        elif char == wanted and not quoted:
            return index
    return None


def _split_commas(text: str) -> list[str]:
    parts: list[str] = []
    depth, quoted, start = 0, False, 0
    for index, char in enumerate(text):
        if char == '"' and text[index - 1 : index] != "\\":
            quoted = not quoted
        elif not quoted and char in "<>":
            depth += 1 if char == "<" else -1
        elif char == "," and not quoted and depth <= 0:
            parts.append(text[start:index].strip())
            start = index + 1
    parts.append(text[start:].strip())
    return [part for part in parts if part]
