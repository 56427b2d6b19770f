"""SDP offers and answers for one audio stream: PCMA or PCMU, and telephone-event at 8 kHz (RFC 4566, 3264, 4733).

An answer takes the first codec of the offer that we know and repeats the payload numbers of the offer. `parse` raises
`SdpError` when there is no audio stream that we could take part in.
"""

import ipaddress
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from typing import Final, Self

MAX_LINES: Final = 500
DEFAULT_EVENT_PAYLOAD: Final = 101


class SdpError(ValueError):
    """A session description without audio that we can send and hear."""


class Codec(IntEnum):
    """G.711, by its static payload number (RFC 3551 table 4)."""

    PCMU = 0
    PCMA = 8


@dataclass(frozen=True, slots=True)
class Sdp:
    """One audio stream: where it is received, the codecs in order of preference, the payload number of key events."""

    host: str
    port: int
    codecs: tuple[Codec, ...] = (Codec.PCMA, Codec.PCMU)
    event_payload: int | None = DEFAULT_EVENT_PAYLOAD
    direction: str = "sendrecv"

    @classmethod
    def parse(cls, body: bytes) -> Self:
        lines = body.decode("utf-8", errors="replace").splitlines()
        if len(lines) > MAX_LINES:
            raise SdpError(f"expected at most {MAX_LINES} lines, got {len(lines)}")
        session, media = _audio_section(lines)
        port, payloads = _media_line(media[0])
        address = _value("c=", media) or _value("c=", session)
        parts = (address or "").split()
        if len(parts) != 3 or parts[1] not in ("IP4", "IP6"):
            raise SdpError(f"expected a line like 'c=IN IP4 address', got {address!r}")
        host = _ip(parts[2].partition("/")[0])
        events = {number for number, name in _rtpmap(media).items() if name.lower() == "telephone-event/8000"}
        codecs = tuple(Codec(number) for number in payloads if number in (Codec.PCMU, Codec.PCMA))
        if not codecs:
            raise SdpError(f"expected PCMA or PCMU, got payload numbers {payloads[:10]}")
        event = next((number for number in payloads if number in events), None)
        return cls(host, port, codecs, event, _direction([*session, *media]))

    def answer(self, host: str, port: int) -> Self:
        """Our answer to this offer, receiving at `host:port`."""
        mirror = {"sendonly": "recvonly", "recvonly": "sendonly"}
        return type(self)(host, port, self.codecs[:1], self.event_payload, mirror.get(self.direction, self.direction))

    def to_bytes(self, session: int) -> bytes:
        payloads = [int(codec) for codec in self.codecs]
        family = "IP6" if ":" in self.host else "IP4"
        lines = [
            "v=0",
            f"o=- {session} {session} IN {family} {self.host}",
            "s=-",
            f"c=IN {family} {self.host}",
            "t=0 0",
        ]
        events: list[str] = []
        if self.event_payload is not None:
            payloads.append(self.event_payload)
            events = [f"a=rtpmap:{self.event_payload} telephone-event/8000", f"a=fmtp:{self.event_payload} 0-16"]
        lines.append(f"m=audio {self.port} RTP/AVP " + " ".join(map(str, payloads)))
        lines += [f"a=rtpmap:{int(codec)} {codec.name}/8000" for codec in self.codecs] + events
        lines += ["a=ptime:20", f"a={self.direction}"]
        return "\r\n".join(lines).encode() + b"\r\n"


def _audio_section(lines: list[str]) -> tuple[list[str], list[str]]:
    starts = [index for index, line in enumerate(lines) if line.startswith("m=")]
    for start, end in pairwise([*starts, len(lines)]):
        if lines[start].startswith("m=audio "):
            return lines[: starts[0]], lines[start:end]
    raise SdpError("expected an audio stream ('m=audio …'), got none")


def _media_line(line: str) -> tuple[int, list[int]]:
    parts = line.removeprefix("m=audio ").split()
    if len(parts) < 3 or parts[1] != "RTP/AVP":
        raise SdpError(f"expected 'm=audio port RTP/AVP payloads', got {line[:60]!r}")
    port = _number(parts[0].partition("/")[0], 65_535)
    return port, [_number(part, 127) for part in parts[2:]]


def _number(text: str, highest: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= highest):
        raise SdpError(f"expected a number up to {highest}, got {text[:20]!r}")
    return int(text)


def _ip(text: str) -> str:
    """Names are refused: looking one up would stop the event loop with every packet sent."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as exc:
        raise SdpError(f"expected an IP address to send audio to, got {text[:60]!r}") from exc


def _value(prefix: str, lines: list[str]) -> str | None:
    return next((line[len(prefix) :].strip() for line in lines if line.startswith(prefix)), None)


def _rtpmap(lines: list[str]) -> dict[int, str]:
    found: dict[int, str] = {}
    for line in lines:
        if line.startswith("a=rtpmap:"):
            number, _, name = line.removeprefix("a=rtpmap:").partition(" ")
            found[_number(number.strip(), 127)] = name.strip()
    return found


def _direction(lines: list[str]) -> str:
    known = ("a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive")
    found = [line.strip().removeprefix("a=") for line in lines if line.strip() in known]
    return found[-1] if found else "sendrecv"
