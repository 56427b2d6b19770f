"""AGI commands as values, and the one place where they become bytes.

Every argument is sent in double quotes with `"` and `\\` escaped, which Asterisk's `parse_args` (`res/res_agi.c`,
22.10) undoes. CR, LF and NUL cannot be escaped: a raw newline is a second command, so they are refused before a byte
is made, and so is a line longer than Asterisk's command buffer.
"""

import re
from dataclasses import dataclass
from typing import Final, Self

from ivr.errors import LocalFault

MAX_LINE_BYTES: Final = 8_191
"""`AGI_BUF_LEN` of 8,192 less its terminating NUL; Asterisk would read the rest as another command."""

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\([A-Za-z0-9_,.:/-]*\))?")
_APPLICATION: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_FORBIDDEN: Final = re.compile(r"[\r\n\x00]")


@dataclass(frozen=True, slots=True)
class Command:
    """One command: its fixed words and its quoted arguments."""

    verb: str
    arguments: tuple[str, ...] = ()

    @classmethod
    def get_variable(cls, name: str) -> Self:
        return cls("GET VARIABLE", (_checked_name(name),))

    @classmethod
    def get_full_variable(cls, expression: str) -> Self:
        """`expression` in dialplan syntax, `${...}`; it is evaluated by Asterisk, so it must never hold caller text."""
        return cls("GET FULL VARIABLE", (expression,))

    @classmethod
    def set_variable(cls, name: str, value: str) -> Self:
        return cls("SET VARIABLE", (_checked_name(name), value))

    @classmethod
    def execute(cls, application: str, *arguments: str) -> Self:
        """`arguments` are joined by commas, so none of them may hold one."""
        if not _APPLICATION.fullmatch(application):
            raise LocalFault("expected a dialplan application's name, got something else")
        if any("," in argument for argument in arguments):
            raise LocalFault(f"expected arguments of {application} without commas, got one with: pass it as two")
        return cls("EXEC", (application, ",".join(arguments)))

    def encode(self) -> bytes:
        """The line with its LF. Raises `LocalFault` when it must not be sent."""
        line = " ".join((self.verb, *(quote(argument) for argument in self.arguments)))
        try:
            encoded = line.encode("utf-8")
        except UnicodeEncodeError as exc:
            raise LocalFault(f"expected text in {self.verb}, got a lone surrogate") from exc
        if len(encoded) > MAX_LINE_BYTES:
            raise LocalFault(f"expected at most {MAX_LINE_BYTES} bytes in {self.verb}, got {len(encoded)}")
        return encoded + b"\n"


def quote(text: str) -> str:
    """`text` as one AGI argument. Raises `LocalFault` on CR, LF and NUL."""
    if _FORBIDDEN.search(text):
        raise LocalFault("expected an AGI argument on one line, got a CR, LF or NUL in it")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise LocalFault("expected a channel variable's or function's name, got something else")
    return name
