"""The history of a ticket: events that are only ever appended, each sealed with the hash of the one before.

The hash is SHA-256 over canonical JSON (sorted keys, no spaces, UTF-8), so anybody can verify a chain that the API
printed. Changing, removing or reordering an event breaks every later hash.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from tickets.domain.states import State, Verb

GENESIS: Final = "0" * 64
"""What stands for the hash before the first event."""

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


@dataclass(frozen=True, slots=True)
class Event:
    """One entry. `data` is JSON; `state` is the ticket's state after the event; `hash` seals it and all before it."""

    seq: int
    verb: Verb
    state: State
    at: datetime
    actor: str
    data: Mapping[str, Any]
    previous: str
    hash: str


def canonical(value: Any) -> bytes:
    """JSON with one spelling only. Raises ValueError on NaN and infinities."""
    return _ENCODER.encode(value).encode("utf-8")


def fingerprint(value: Any) -> str:
    """SHA-256 of the canonical JSON, hexadecimal."""
    return hashlib.sha256(canonical(value)).hexdigest()


def seal(
    number: str,
    seq: int,
    verb: Verb,
    state: State,
    at: datetime,
    actor: str,
    data: Mapping[str, Any],
    previous: str,
) -> Event:
    """Makes the next event of the ticket `number`."""
    digest = _digest(number, seq, verb, state, at, actor, data, previous)
    return Event(seq, verb, state, at, actor, data, previous, digest)


def broken_at(number: str, events: Sequence[Event]) -> int | None:
    """The sequence number of the first event that does not fit the chain; None for a whole chain."""
    previous = GENESIS
    for expected, event in enumerate(events, start=1):
        digest = _digest(number, expected, event.verb, event.state, event.at, event.actor, event.data, previous)
        if event.seq != expected or event.previous != previous or event.hash != digest:
            return event.seq
        previous = event.hash
    return None


def _digest(
    number: str,
    seq: int,
    verb: Verb,
    state: State,
    at: datetime,
    actor: str,
    data: Mapping[str, Any],
    previous: str,
) -> str:
    return fingerprint(
        {
            "ticket": number,
            "seq": seq,
            "verb": verb.value,
            "state": state.value,
            "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
            "actor": actor,
            "data": dict(data),
            "previous": previous,
        }
    )
