"""The framing between the parent and a recogniser worker, sans-IO: kind (1 byte), stream (4), length (4), payload.

Both ends feed bytes and take messages. Lengths are limited, so a confused peer costs an error and not memory. JSON
payloads are UTF-8; audio payloads are raw PCM.
"""

import json
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from speech.errors import WireError

__all__ = ["HEARTBEAT_SECONDS", "MAX_PAYLOAD", "Kind", "Message", "MessageReader", "encode", "encode_json"]

MAX_PAYLOAD: Final = 1 << 20
HEARTBEAT_SECONDS: Final = 0.5
"""A worker says at least so often that it lives."""

_HEADER: Final = struct.Struct(">BII")


class Kind(IntEnum):
    """What a message is; below 16 to the worker, from 16 on to the parent."""

    # parent to worker
    CONFIG = 1
    OPEN = 2
    AUDIO = 3
    FINISH = 4
    CLOSE = 5
    # worker to parent
    READY = 16
    REFUSED = 17
    HEARTBEAT = 18
    PARTIAL = 19
    FINAL = 20
    FAILED = 21


_KINDS: Final = frozenset(int(kind) for kind in Kind)


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `stream` is 0 for those that concern the worker as a whole."""

    kind: Kind
    stream: int
    payload: bytes

    def json(self) -> dict[str, Any]:
        """The payload as a JSON object; raises `WireError` for anything else."""
        try:
            value = json.loads(self.payload)
        except ValueError as exc:
            raise WireError(f"{self.kind.name} should carry JSON; got {len(self.payload)} other bytes") from exc
        if not isinstance(value, dict):
            raise WireError(f"{self.kind.name} should carry a JSON object; got {type(value).__name__}")
        return value


def encode(kind: Kind, stream: int = 0, payload: bytes = b"") -> bytes:
    """The bytes of one message. Raises ValueError for our own payload that is too long."""
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"payload of {len(payload)} bytes; at most {MAX_PAYLOAD}")
    return _HEADER.pack(kind, stream, len(payload)) + payload


def encode_json(kind: Kind, stream: int, value: dict[str, Any]) -> bytes:
    return encode(kind, stream, json.dumps(value, ensure_ascii=False).encode())


class MessageReader:
    """Feed bytes as they come, take whole messages."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> list[Message]:
        """The messages that are complete now. Raises `WireError` on an unknown kind or an excessive length."""
        self._data += data
        found: list[Message] = []
        while len(self._data) >= _HEADER.size:
            kind, stream, length = _HEADER.unpack_from(self._data)
            if kind not in _KINDS or length > MAX_PAYLOAD:
                raise WireError(f"not a worker message: kind {kind}, length {length}")
            end = _HEADER.size + length
            if len(self._data) < end:
                break
            found.append(Message(Kind(kind), stream, bytes(self._data[_HEADER.size : end])))
            del self._data[:end]
        return found
