"""The history of a ticket: events that are only ever appended, each sealed with the hash of the one before.

The hash is SHA-256 over canonical JSON (sorted keys, no spaces, UTF-8), so anybody can verify a chain that the API
printed. Changing, removing or reordering an event breaks every later hash. An event's data goes into its hash as a
digest of its own, so that words which must be erased one day can be, and the chain still holds: `erased` data is that
digest alone.
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

ERASED: Final = "erased"
"""The one key of data that is erased. No verb has a field of this name."""

_ENCODER: Final = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False, check_circular=False
)


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


def erased(data: Mapping[str, Any]) -> dict[str, Any]:
    """What stays of data whose words are erased: their digest. Erasing again changes nothing."""
    return {ERASED: _data_digest(data)}


def is_erased(data: Mapping[str, Any]) -> bool:
    return data.keys() == {ERASED}


def _data_digest(data: Mapping[str, Any]) -> str:
    return str(data[ERASED]) if is_erased(data) else fingerprint(dict(data))


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
            "data_sha256": _data_digest(data),
            "previous": previous,
        }
    )
