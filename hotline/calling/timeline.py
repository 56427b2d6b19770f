"""What happened in one call, in milliseconds since its INVITE: from the caller's ear, the board and the stand-ins."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any


@dataclass(slots=True)
class Bridged:
    """Who was put through. Levels are dBFS of RTP audio: what they heard of the caller, and the caller of them."""

    to: str
    answered_ms: int | None = None
    they_heard_dbfs: float | None = None
    caller_heard_dbfs: float | None = None
    packets_to_them: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "to": self.to,
            "answered_ms": self.answered_ms,
            "they_heard_dbfs": self.they_heard_dbfs,
            "caller_heard_dbfs": self.caller_heard_dbfs,
            "packets_to_them": self.packets_to_them,
        }


@dataclass(slots=True)
class Timeline:
    """Filled while the call lasts. `invited_at` is seconds since the epoch."""

    from_number: str
    dialled: str
    invited_at: float = 0.0
    sip_call_id: str = ""
    ringing_ms: int | None = None
    answered_ms: int | None = None
    ended_ms: int | None = None
    ended_by: str = ""
    end_code: int | None = None
    board: str = "ok"
    events: list[dict[str, Any]] = field(default_factory=list)
    bridged: list[Bridged] = field(default_factory=list)
    longest_silence_seconds: float | None = None
    """In which neither could be heard."""
    longest_unexplained_silence_seconds: float | None = None
    """The same, leaving out the times in which the hotline had asked and waited for an answer."""
    did: list[dict[str, Any]] = field(default_factory=list)

    def ms(self, at: float) -> int:
        """A wall-clock time as milliseconds since the INVITE."""
        return round((at - self.invited_at) * 1000)

    def add(self, event: dict[str, Any]) -> None:
        """Take over one event of the board."""
        fields = {name: value for name, value in event.items() if name not in ("at", "seq")}
        self.events.append({"ms": self.ms(event["at"]), **fields})

    def waits(self) -> list[tuple[float, float]]:
        """Wall-clock spans in which the hotline waited for the caller: from a turn given to whatever came next."""
        spans: list[tuple[float, float]] = []
        for event, following in pairwise(self.events):
            if event["event"] == "your-turn":
                spans.append((self.invited_at + event["ms"] / 1000, self.invited_at + following["ms"] / 1000))
        return spans

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == kind]

    def as_json(self) -> dict[str, Any]:
        """The document of `hotline call --json`."""
        finals, tickets = self.of("final"), self.of("ticket")
        handovers = self.of("handover")
        decisions = [each["decision"] for each in finals if each.get("decision")]
        return {
            "from": self.from_number,
            "dialled": self.dialled,
            "sip_call_id": self.sip_call_id,
            "ringing_ms": self.ringing_ms,
            "answered_ms": self.answered_ms,
            "prompts": [{"ms": each["ms"], "prompts": each["prompts"]} for each in self.of("prompt")],
            "partials": [{"ms": each["ms"], "text": each["text"]} for each in self.of("partial")],
            "final": finals[0]["text"] if finals else None,
            "finals": [{"ms": each["ms"], "text": each["text"]} for each in finals],
            "decision": decisions[0] if decisions else None,
            "ticket": tickets[-1]["number"] if tickets else None,
            "tickets": [each["number"] for each in tickets],
            "handover": handovers[-1] if handovers else None,
            "bridged": [each.as_json() for each in self.bridged],
            "did": self.did,
            "longest_silence_seconds": self.longest_silence_seconds,
            "longest_unexplained_silence_seconds": self.longest_unexplained_silence_seconds,
            "ended": {"ms": self.ended_ms, "by": self.ended_by, "code": self.end_code},
            "board": self.board,
            "events": self.events,
        }
