"""What may stand in an AMI action: checks that raise before a byte is sent, and reading rows that cannot be trusted.

AMI has no escaping: a CR or LF in a value is a new header, so it is refused, and names that Asterisk resolves
(channels, variables, extensions) are held to their own alphabets.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from ivr.ami.ports import LiveChannel
from ivr.errors import LocalFault

_FORBIDDEN: Final = re.compile(r"[\r\n\x00]")
_KEY: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_CHANNEL: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./@:;+-]{0,159}")
_VARIABLE: Final = re.compile(r"_{0,2}[A-Za-z][A-Za-z0-9_]*(?:\([a-z]+\))?")
_EXTENSION: Final = re.compile(r"[a-z0-9*#][a-z0-9*#-]{0,31}")
_CALLER: Final = re.compile(r"\+?[0-9]{0,20}")


def checked(fields: Mapping[str, str | list[str]]) -> dict[str, str | list[str]]:
    """The action's headers. Raises `LocalFault` on CR, LF or NUL in any of them, or a name that is none."""
    for key, value in fields.items():
        if not _KEY.fullmatch(key):
            raise LocalFault("expected an AMI header's name, got something else")
        for item in [value] if isinstance(value, str) else value:
            if _FORBIDDEN.search(item):
                raise LocalFault(f"expected one line in the AMI header {key}, got a CR, LF or NUL in it")
    return dict(fields)


def channel_name(text: str) -> str:
    """Raises `LocalFault` when `text` has not the shape of a channel name."""
    return _matched(_CHANNEL, text, "a channel name")


def variable_name(text: str) -> str:
    """Raises `LocalFault` when `text` has not the shape of a channel variable's name."""
    return _matched(_VARIABLE, text, "a channel variable's name")


def checked_extension(text: str) -> str:
    """Raises `LocalFault` when `text` is not one of the short extensions of our own contexts."""
    return _matched(_EXTENSION, text, "an extension of lower-case letters, digits, * and #")


def caller_number(text: str) -> str:
    """Raises `LocalFault` when `text` is not a number or empty."""
    return _matched(_CALLER, text, "a telephone number of digits, or none")


def live_channel(row: Mapping[str, Any]) -> LiveChannel | None:
    """One row of `CoreShowChannels`, or None when a header is missing or doubled: somebody's number wrote into it.

    `row` is panoramisk's message, which is untyped; a doubled header is a list there.
    """
    names = ("Uniqueid", "Linkedid", "Channel", "ChannelStateDesc", "Context", "Exten", "Duration", "CallerIDNum")
    values = [row.get(name) for name in names]
    if not all(isinstance(value, str) for value in values):
        return None
    unique_id, linked_id, channel, state, context, exten, duration, caller = (str(value) for value in values)
    return LiveChannel(
        unique_id=unique_id,
        linked_id=linked_id,
        channel=channel,
        state=state,
        context=context,
        extension=exten,
        seconds=_seconds(duration),
        pii_caller=re.sub(r"[^0-9+]", "", caller),
    )


def _seconds(duration: str) -> int:
    """Asterisk writes HH:MM:SS."""
    parts = duration.split(":")
    if not all(part.isascii() and part.isdigit() for part in parts):
        return 0
    seconds = 0
    for part in parts:
        seconds = seconds * 60 + int(part)
    return seconds


def _matched(pattern: re.Pattern[str], text: str, what: str) -> str:
    if not pattern.fullmatch(text):
        raise LocalFault(f"expected {what}, got something else")
    return text
