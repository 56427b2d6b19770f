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
from ivr.outbox.outbox import CallFacts


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
    """One small file for each call that this node has ended properly, and one for each that is under way.

    A file `<call>.open` that a new process finds belongs to a call that the last one did not live to end.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def open(self, facts: CallFacts) -> None:
        """Note that a call is under way. Not synced: it guards against a crash of this process, not of the machine."""
        note = {
            "call": facts.id,
            "event": "abandoned",
            "at": facts.started_at.isoformat(),
            "caller": facts.caller,
            "dialled": facts.source_line,
            "recording": None,
            "reason": "interrupted",
        }
        path = self._folder / f"{facts.id}.open"
        path.touch(mode=0o600)
        path.write_text(json.dumps(note))

    def hand_in_interrupted(self, inbox: Path) -> int:
        """At start: give the inbox a note of every call that the last process did not end. Returns how many."""
        left = sorted(self._folder.glob("*.open"))
        for path in left:
            note = inbox / f"{path.stem}.json"
            if not note.exists():
                durable.write(note, path.read_bytes())
            path.unlink()
        return len(left)

    async def close(self, call_id: str, reason: EndReason, tickets: list[str]) -> None:
        """Keep how a call ended. Raises OSError when the disk refuses."""
        entry = {"call": call_id, "reason": reason.value, "tickets": tickets}
        await asyncio.to_thread(durable.write_json, self._folder / f"{call_id}.json", entry)
        (self._folder / f"{call_id}.open").unlink(missing_ok=True)

    def find(self, call_id: str) -> dict[str, Any] | None:
        """How a call ended, or None when this node never ended it."""
        try:
            entry: dict[str, Any] = json.loads((self._folder / f"{call_id}.json").read_text())
        except (FileNotFoundError, ValueError):
            return None
        return entry
