"""Signed messages over HTTP, both ways, after the Standard Webhooks specification.

Signed is `id.timestamp.body` with HMAC-SHA256; the secret is `whsec_` and base64 of 32 random bytes. A receiver
refuses what is older or newer than 300 s, what was changed, and what it has seen before (F81).
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from typing import ClassVar, Final

from tickets.domain.errors import TicketError
from tickets.ports import Clock

ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"
SIGNATURE: Final = "webhook-signature"
TOLERANCE: Final = 300.0
"""Seconds that a message may be away from the receiver's clock."""

_PREFIX: Final = "whsec_"
_ID: Final = re.compile(r"[\x21-\x2d\x2f-\x7e]{1,128}", re.ASCII)
_DIGITS: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_LEAST_KEY: Final = 24
_MOST_REMEMBERED: Final = 65536


class BadSignature(TicketError):
    """The message is not from who knows the secret, or not from now, or not as it was sent."""

    code: ClassVar[str] = "bad_signature"
    title = "The message is not signed as agreed"


class Replayed(TicketError):
    """This very message came before."""

    code: ClassVar[str] = "replayed"
    title = "This message was received before"


class ReplaysUnknown(TicketError):
    """Too many messages at once to know which came before; the sender shall try again."""

    code: ClassVar[str] = "replay_memory_full"
    title = "Too many messages at once"


def new_secret() -> str:
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode("ascii")


def key_of(secret: str) -> bytes:
    """The key in a secret. Raises ValueError, without the secret in its words."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise ValueError("a webhook secret is whsec_ and base64; something else came") from exc
    if not secret.startswith(_PREFIX) or len(key) < _LEAST_KEY:
        raise ValueError(f"a webhook secret is whsec_ and base64 of at least {_LEAST_KEY} bytes")
    return key


def signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode("ascii")


def signed_headers(key: bytes, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    return {ID: message_id, TIMESTAMP: str(timestamp), SIGNATURE: signature(key, message_id, timestamp, body)}


class Verifier:
    """Checks incoming messages under one key. What was accepted is remembered until it would be too old anyway."""

    def __init__(self, key: bytes, clock: Clock, tolerance: float = TOLERANCE) -> None:
        self._key = key
        self._clock = clock
        self._tolerance = tolerance
        self._seen: OrderedDict[str, float] = OrderedDict()

    def verify(self, headers: Mapping[str, str], body: bytes) -> str:
        """The message's id. Raises BadSignature, Replayed, ReplaysUnknown. `headers` in lower case or insensitive."""
        message_id, sent = headers.get(ID, ""), headers.get(TIMESTAMP, "")
        if not _ID.fullmatch(message_id) or not _DIGITS.fullmatch(sent):
            raise BadSignature(f"send {ID}, {TIMESTAMP} and {SIGNATURE} as Standard Webhooks says")
        expected = signature(self._key, message_id, int(sent), body)
        presented = headers.get(SIGNATURE, "")[:4096].split(" ")
        # All are compared, so that the time taken says nothing of which one fits.
        fits = [hmac.compare_digest(each.encode("utf-8", "surrogateescape"), expected.encode()) for each in presented]
        if not any(fits):
            raise BadSignature("the signature does not fit the message: wrong secret, or the body was changed")
        now = self._clock.now().timestamp()
        if abs(now - int(sent)) > self._tolerance:
            raise BadSignature(f"the message is more than {self._tolerance:g} s away from now; check both clocks")
        self._remember(message_id, now)
        return message_id

    def _remember(self, message_id: str, now: float) -> None:
        while self._seen and next(iter(self._seen.values())) < now:
            self._seen.popitem(last=False)
        if message_id in self._seen:
            raise Replayed("this message was received before; it is not acted on again")
        if len(self._seen) >= _MOST_REMEMBERED:
            raise ReplaysUnknown("too many messages within minutes; send this one again later")
        # A message may be dated up to the tolerance ahead, so it can come again for twice as long.
        self._seen[message_id] = now + 2 * self._tolerance
