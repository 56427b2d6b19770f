"""The live-call board: what is happening in each call, as events that operators, tools and tests can follow.

Kept in memory and bounded; a call's events are numbered from 1. Events may carry the caller's words (`text`): the board
is served on loopback behind a token only, and never logged.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

KEPT_CALLS = 500
KEPT_EVENTS = 2000


@dataclass(slots=True)
class CallRecord:
    """One call on the board. Times are seconds since the epoch."""

    id: str
    sip_call_id: str
    started_at: float
    state: str = "new"
    ended_at: float | None = None
    end_reason: str = ""
    tickets: list[str] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "sip_call_id": self.sip_call_id,
            "started_at": self.started_at,
            "state": self.state,
            "ended_at": self.ended_at,
            "end_reason": self.end_reason,
            "tickets": self.tickets,
        }


class Board:
    """All calls of this process, the last ones first to stay. Not shared between threads."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._calls: OrderedDict[str, CallRecord] = OrderedDict()
        self._changed = asyncio.Condition()
        self.dropped_events = 0

    def open(self, call_id: str, sip_call_id: str) -> CallRecord:
        record = CallRecord(call_id, sip_call_id, self._clock())
        self._calls[call_id] = record
        ended = [each.id for each in self._calls.values() if each.ended_at is not None]
        # A live call stays: whether a call is live decides what becomes of what the dialplan left of it.
        for call in ended[: max(0, len(self._calls) - KEPT_CALLS)]:
            del self._calls[call]
        return record

    def live(self) -> list[CallRecord]:
        return [record for record in self._calls.values() if record.ended_at is None]

    def calls(self) -> list[CallRecord]:
        return list(reversed(self._calls.values()))

    def find(self, key: str) -> CallRecord | None:
        """By the call's id or by its SIP Call-ID."""
        record = self._calls.get(key)
        return record or next((each for each in self._calls.values() if each.sip_call_id == key), None)

    async def note(self, record: CallRecord, what: str, **fields: Any) -> None:
        """Add an event and wake whoever follows."""
        if len(record.events) >= KEPT_EVENTS and record.ended_at is None:
            self.dropped_events += 1
            return
        record.events.append({"seq": len(record.events) + 1, "at": self._clock(), "event": what, **fields})
        async with self._changed:
            self._changed.notify_all()

    async def close(self, record: CallRecord, reason: str) -> None:
        record.ended_at = self._clock()
        record.end_reason = reason
        await self.note(record, "ended", reason=reason)

    async def follow(self, record: CallRecord, after: int, wait_seconds: float) -> list[dict[str, Any]]:
        """The events after number `after`; waits up to `wait_seconds` for the first of them."""
        try:
            async with asyncio.timeout(wait_seconds), self._changed:
                await self._changed.wait_for(lambda: len(record.events) > after or record.ended_at is not None)
        except TimeoutError:
            pass
        return record.events[after:]

    async def appear(self, key: str, wait_seconds: float) -> CallRecord | None:
        """`find`, waiting for a call that is just coming in."""
        try:
            async with asyncio.timeout(wait_seconds), self._changed:
                await self._changed.wait_for(lambda: self.find(key) is not None)
        except TimeoutError:
            pass
        return self.find(key)
