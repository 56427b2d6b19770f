"""Calls as their tickets tell of them: one call may state several requests."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tickets.domain.states import State
from tickets.domain.ticket import EmergencyLevel


@dataclass(frozen=True, slots=True)
class CallQuery:
    """`before` is the cursor of the last line of the page before."""

    call_id: str | None = None
    before: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class CallLine:
    """`id` is Asterisk's UNIQUEID on `node`; `emergency_level` is the highest of its tickets."""

    cursor: str
    id: str
    node: int
    linkedid: str | None
    started_at: datetime
    emergency_level: EmergencyLevel
    tickets: tuple[tuple[str, State], ...]


class CallStore(Protocol):
    async def calls(self, query: CallQuery) -> list[CallLine]:
        """Newest first. Raises StoreUnavailable."""
        ...
