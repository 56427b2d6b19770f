"""What subscribers are told: notices, written in the transaction of what they tell of, and sent later.

A notice holds no personal data and none of the words of a request: the kind, the ticket's number, its state and the
hash of the event. Who needs more reads the ticket with a token of its own. The body is made once and kept, so that a
delivery sent again is the same to the byte and carries the same id.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tickets.domain.history import Event, canonical, fingerprint


@dataclass(frozen=True, slots=True)
class Notice:
    """`kind` is like `ticket.sign` or `report.daily`; `identity` is what makes it one and the same notice."""

    kind: str
    identity: str
    at: datetime
    data: Mapping[str, Any]

    def body(self) -> str:
        """JSON in the shape that Standard Webhooks proposes: type, timestamp, data."""
        at = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        return canonical({"type": self.kind, "timestamp": at, "data": dict(self.data)}).decode("utf-8")

    def delivery_id(self, webhook_id: str) -> str:
        """The same for the same notice and subscriber, whoever computes it."""
        return fingerprint([webhook_id, self.kind, self.identity])[:32]


def ticket_notice(number: str, event: Event) -> Notice:
    data = {
        "number": number,
        "seq": event.seq,
        "verb": event.verb.value,
        "state": event.state.value,
        "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "hash": event.hash,
    }
    return Notice(f"ticket.{event.verb.value}", f"{number}/{event.seq}", event.at, data)


def wants(patterns: tuple[str, ...], kind: str) -> bool:
    """Patterns are kinds, `ticket.*`-like families, or `*`."""
    return any(each in ("*", kind) or (each.endswith(".*") and kind.startswith(each[:-1])) for each in patterns)
