"""How a call ended, kept on disk: the closed list of reasons, and the journal by which later finds are joined.

The dialplan leaves notes and recordings of calls that the application did not finish. Whether such a note is news or
already dealt with is answered by this journal, also after a restart.
"""

import asyncio
import json
from enum import StrEnum
from pathlib import Path
from typing import Any

from ivr.outbox import durable


class EndReason(StrEnum):
    """Every call ends for one of these."""

    GOODBYE = "goodbye"
    EMERGENCY = "emergency"
    AGENTS = "agents"
    ONESHOT = "oneshot"
    FALLBACK = "fallback"
    HANGUP = "hangup"
    ERROR = "error"


class Journal:
    """One small file for each call that this node has ended properly."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    async def close(self, call_id: str, reason: EndReason, tickets: list[str]) -> None:
        """Keep how a call ended. Raises OSError when the disk refuses."""
        entry = {"call": call_id, "reason": reason.value, "tickets": tickets}
        await asyncio.to_thread(durable.write_json, self._folder / f"{call_id}.json", entry)

    def find(self, call_id: str) -> dict[str, Any] | None:
        """How a call ended, or None when this node never ended it."""
        try:
            entry: dict[str, Any] = json.loads((self._folder / f"{call_id}.json").read_text())
        except (FileNotFoundError, ValueError):
            return None
        return entry
