"""SIP addresses as text: URIs, the values of From, To and Contact, and Via (RFC 3261 sections 19, 20.20, 20.42).

Parsing raises `SipSyntaxError` for everything else. What is written from our own text is escaped, so that any caller
number and any display name without line breaks can be sent and comes back as it was.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import unquote

_UNRESERVED: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.!~*'()&=+$,;?/")


class SipSyntaxError(ValueError):
    """A message that is not SIP as RFC 3261 writes it; the text says what was expected and what came."""


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


def split_commas(text: str) -> list[str]:
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
