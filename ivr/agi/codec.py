"""AGI as pure bytes in, events out: the environment block, replies and the hang-up notice.

Strategy: bytes are cut at LF (no byte of a UTF-8 sequence is LF, so a line is always decoded whole, with replacement),
and each line is read in one of two phases. Invariants: (1) the environment is untrusted where it follows caller data:
a duplicate or misshapen line marks the whole block hostile, the first value of a key wins, and the caller's number
becomes unknown; (2) a block that ends before its last known key was cut short by somebody and is refused; (3) in the
second phase a line is `HANGUP`, a `ddd` reply to a command that was really sent, or a desync: a reply nobody asked for
can never be taken for success; (4) every length is bounded by an argument. After an error the decoder stays failed.

Source: Asterisk 22.10 `res/res_agi.c`, `setup_env`, `agi_handle_command`, `run_agi`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from ivr.errors import AgiDesync

REQUIRED_KEYS: Final = ("agi_request", "agi_channel", "agi_uniqueid", "agi_callerid", "agi_threadid")
"""`agi_threadid` is the last line that Asterisk writes before script arguments: without it the block is cut short."""

_ENVIRONMENT_LINE: Final = re.compile(r"(agi_[a-z0-9_]{1,40}):(?: (.*))?")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_REPLY: Final = re.compile(r"([0-9]{3})([ -])(.*)", re.DOTALL)
_RESULT: Final = re.compile(r"result=(\S*)(?: +(.*))?", re.DOTALL)
_UNKNOWN: Final = frozenset({"", "unknown"})


@dataclass(frozen=True, slots=True)
class CodecLimits:
    """Bytes and lines. A reply line carries at most one channel variable; usage texts have some twenty lines."""

    header_bytes: int = 8_192
    header_lines: int = 64
    reply_line_bytes: int = 65_536
    usage_lines: int = 200


@dataclass(frozen=True, slots=True)
class Environment:
    """What Asterisk said about the channel. `hostile` says that a line was forged into the block."""

    values: Mapping[str, str]
    hostile: bool

    @property
    def request(self) -> str:
        """The AGI URL; written before any caller data, so it cannot be pre-empted."""
        return self.values.get("agi_request", "")

    @property
    def channel(self) -> str:
        return self.values.get("agi_channel", "")

    @property
    def unique_id(self) -> str:
        return self.values.get("agi_uniqueid", "")

    @property
    def caller_number(self) -> str:
        """The caller's number, or the empty string when unknown or not to be believed. Personal data."""
        return "" if self.hostile else self._known("agi_callerid")

    @property
    def caller_name(self) -> str:
        """The caller's own name for himself, or the empty string. Personal data, and free text."""
        return "" if self.hostile else self._known("agi_calleridname")

    @property
    def dialled(self) -> str:
        """The extension that the call came in on."""
        return self.values.get("agi_extension", "")

    def _known(self, key: str) -> str:
        value = self.values.get(key, "")
        return "" if value in _UNKNOWN else value


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to one command. `result` is as Asterisk wrote it; `data` is what stood in brackets, if anything."""

    code: int
    result: str
    data: str | None
    text: str


@dataclass(frozen=True, slots=True)
class HangupNotice:
    """The caller hung up; never the answer to a command."""


Event = Environment | Reply | HangupNotice


class AgiDecoder:
    """The receiving half of one AGI session."""

    def __init__(self, limits: CodecLimits | None = None) -> None:
        self._limits = limits or CodecLimits()
        self._buffer = bytearray()
        self._searched = 0
        self._in_header = True
        self._header_bytes = 0
        self._header_lines = 0
        self._values: dict[str, str] = {}
        self._hostile = False
        self._usage: list[str] | None = None
        self._expected = 0
        self._failure: str | None = None

    def expect_reply(self) -> None:
        """A command is about to be written: one more reply is legitimate."""
        self._expected += 1

    def feed(self, data: bytes) -> Iterator[Event]:
        """Take bytes; iterate over the result for the events that are complete.

        Raises `AgiDesync` from the iteration at the very place where the bytes stop being AGI, so every event
        before that place is delivered, however the bytes were cut.
        """
        self._buffer += data
        return self._events()

    def _events(self) -> Iterator[Event]:
        if self._failure is not None:
            raise AgiDesync(self._failure)
        while (line := self._next_line()) is not None:
            event = self._header_line(line) if self._in_header else self._session_line(line)
            if event is not None:
                yield event

    def _next_line(self) -> bytes | None:
        end = self._buffer.find(b"\n", self._searched)
        length = len(self._buffer) if end < 0 else end + 1
        if self._in_header:
            if self._header_bytes + length > self._limits.header_bytes:
                raise self._fail(f"expected an environment of at most {self._limits.header_bytes} bytes, got more")
        elif length > self._limits.reply_line_bytes:
            raise self._fail(f"expected a reply line of at most {self._limits.reply_line_bytes} bytes, got more")
        if end < 0:
            self._searched = len(self._buffer)
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._searched = 0
        return line

    def _header_line(self, raw: bytes) -> Environment | None:
        self._header_bytes += len(raw) + 1
        self._header_lines += 1
        if self._header_lines > self._limits.header_lines:
            raise self._fail(f"expected an environment of at most {self._limits.header_lines} lines, got more")
        if not raw:
            return self._end_of_header()
        match = _ENVIRONMENT_LINE.fullmatch(raw.decode("utf-8", "replace"))
        if match is None:
            self._hostile = True
            return None
        key, value = match.group(1), match.group(2) or ""
        if key in self._values or _CONTROL.search(value):
            self._hostile, value = True, ""
        self._values.setdefault(key, value)
        return None

    def _end_of_header(self) -> Environment:
        missing = [key for key in REQUIRED_KEYS if key not in self._values]
        if missing:
            raise self._fail(f"expected a whole environment, got one that ends before {missing[0]}")
        self._in_header = False
        return Environment(MappingProxyType(dict(self._values)), self._hostile)

    def _session_line(self, raw: bytes) -> Event | None:
        line = raw.decode("utf-8", "replace")
        if self._usage is not None:
            return self._usage_line(line)
        if line == "HANGUP":
            return HangupNotice()
        match = _REPLY.fullmatch(line)
        if match is None:
            raise self._fail("expected a reply with a three-digit code, got something else")
        code, separator, text = int(match.group(1)), match.group(2), match.group(3)
        if not self._expected:
            raise self._fail("expected silence between commands, got a reply that nobody asked for")
        if separator == "-":
            if code != 520:
                raise self._fail(f"expected a one-line reply, got a continued {code}")
            self._usage = [text]
            return None
        if code < 200:
            return None  # "100 Trying...": the real reply follows
        self._expected -= 1
        return self._reply(code, text)

    def _usage_line(self, line: str) -> Reply | None:
        usage = self._usage or []
        usage.append(line)
        if len(usage) > self._limits.usage_lines:
            raise self._fail(f"expected a usage text of at most {self._limits.usage_lines} lines, got more")
        if not line.startswith("520 "):
            return None
        self._usage = None
        self._expected -= 1
        return Reply(520, "", None, "\n".join(usage))

    def _reply(self, code: int, text: str) -> Reply:
        match = _RESULT.fullmatch(text)
        if match is None:
            if code == 200:
                raise self._fail("expected 'result=' in a 200 reply, got none")
            return Reply(code, "", None, text)
        rest = match.group(2) or ""
        opening, closing = rest.find("("), rest.rfind(")")
        data = rest[opening + 1 : closing] if 0 <= opening < closing else None
        return Reply(code, match.group(1), data, text)

    def _fail(self, message: str) -> AgiDesync:
        self._failure = message
        return AgiDesync(message)
