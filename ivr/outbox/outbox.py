"""What a call uses to be rid of a request: give it a number, make it durable, wake the relay."""

import asyncio
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ivr.dialogue.request import Completeness, Request
from ivr.outbox.numbering import Numbering, NumbersUsedUp
from ivr.outbox.relay import Relay
from ivr.outbox.spool import Item, Spool
from routing.decision import EmergencyLevel

LONGEST_WORDS = 400
"""Characters of the caller's words that a summary holds; of more the first and the last."""
FIRST_WORDS = 240
LAST_WORDS = 150


class CannotSave(Exception):
    """The request could not be made durable; the caller must be told and given a person (F25)."""


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What a ticket says of its call. `started_at` has a time zone; `caller` is empty when unknown."""

    id: str
    linkedid: str
    node: int
    started_at: datetime
    caller: str
    source_line: str


class Outbox:
    """Saving returns when the request is on disk; the service hears of it afterwards."""

    def __init__(self, spool: Spool, numbering: Numbering, relay: Relay) -> None:
        self._spool = spool
        self._numbering = numbering
        self._relay = relay
        self._lock = asyncio.Lock()

    async def save(self, call: CallFacts, request: Request, completeness: Completeness, note: str = "") -> str:
        """The ticket's number, once the request is durable. Saving the same request again gives the same number."""
        key = f"{call.id}:{request.index}"
        async with self._lock:
            try:
                number = await asyncio.to_thread(self._save, key, call, request, completeness, note)
            except (OSError, NumbersUsedUp, ValueError) as exc:
                raise CannotSave(f"{type(exc).__name__}: the request could not be written down") from exc
        self._relay.poke()
        return number

    async def tell(self, number: str, call_id: str, event: dict[str, Any], about: str = "") -> None:
        """Send one of the lifecycle's verbs after its ticket; at most one of each verb for a ticket of this call, or
        one about each thing that is named."""
        key = ":".join(filter(None, (call_id, number, event["verb"], about)))
        item = Item(key=key, number=number, event=event)
        async with self._lock:
            await asyncio.to_thread(self._spool.put, item)
        self._relay.poke()

    async def attach(self, number: str, call_id: str, path: Path, kind: str) -> None:
        """Send a recording after its ticket, as soon as its file is whole."""
        item = Item(key=f"{call_id}:{number}:{kind}", number=number, recording=str(path), recording_kind=kind)
        async with self._lock:
            await asyncio.to_thread(self._spool.put, item)
        self._relay.poke()

    def next_index(self, call_id: str) -> int:
        """The first request index that is free: a call comes back to the dialogue from a bridge that was taken back."""
        index = 1
        while self._spool.find(f"{call_id}:{index}") is not None:
            index += 1
        return index

    def ticket_of(self, call_id: str, index: int = 1) -> str | None:
        """The number under which a call's request was saved, if it was."""
        item = self._spool.find(f"{call_id}:{index}")
        return item.number if item else None

    def _save(self, key: str, call: CallFacts, request: Request, completeness: Completeness, note: str) -> str:
        known = self._spool.find(key)
        if known:
            return known.number
        number = self._numbering.next()
        self._spool.put(Item(key=key, number=number, body=body(number, call, request, completeness, note)))
        return number


def body(number: str, call: CallFacts, request: Request, completeness: Completeness, note: str) -> dict[str, Any]:
    """The body of `POST /api/v1/tickets`."""
    decision = request.decision
    category = request.category.as_json() if request.category else {"l1": None, "l2": None, "problem": None}
    places = list(decision.places) if decision else []
    if request.place and request.place not in places:
        places.insert(0, request.place)
    said_place = {"id": "", "name": request.place_words, "kind": "as-said", "text": request.place_words, "score": 0.0}
    endangered = request.emergency.level is not EmergencyLevel.NONE
    assigned = decision.assignment if decision else None
    # What was answered on the spot goes to no unit.
    unit = decision if decision and completeness is not Completeness.ANSWERED else None
    joint = assigned.joint if assigned and unit else ()
    return {
        "number": number,
        "channel": "phone",
        "source_line": call.source_line,
        "call": {
            "id": call.id,
            "linkedid": call.linkedid or None,
            "started_at": call.started_at.isoformat(),
            "node": call.node,
        },
        "request_index": request.index,
        "kind": decision.kind.value if decision else "help",
        "category": category,
        "confidence": decision.confidence if decision else None,
        "unit": unit.unit or None if unit else None,
        "unit_id": unit.unit_id or None if unit else None,
        "places": [place.as_json() for place in places]
        + ([said_place] if request.place_words and not request.place else []),
        "level": 1 if endangered else (decision.level if decision else 2),
        "summary": summary(request),
        "transcript": [
            {
                "text": piece.text,
                "start": round(piece.start, 2),
                "end": round(piece.end, 2),
                "confidence": piece.confidence,
                "alternatives": list(piece.alternatives),
                "corrections": [asdict(change) for change in piece.changes],
            }
            for piece in request.spoken
        ],
        "emergency": request.emergency.as_json() if endangered else None,
        "caller": {"number": call.caller or None, "confidential": bool(assigned and assigned.confidential)},
        "completeness": completeness.value,
        "reasons": list(decision.reasons) if decision else [],
        "note": note or None,
        # Only where there are any: a ticket service of an older version refuses what it does not know.
        **({"joint_unit_ids": list(joint)} if joint else {}),
    }


def summary(request: Request) -> str:
    """One line for the person who opens the ticket: what, where, and the caller's own words."""
    where = request.place.name if request.place else request.place_words
    what = request.category.problem if request.category else "未分类"
    words = request.matter or request.text or "（未识别到文字，请听录音）"
    return "｜".join(part for part in (what, where, _first_and_last(words)) if part)[:500]


def _first_and_last(words: str) -> str:
    """A long story by its beginning and its end: what happened comes first, what is wanted comes last (F60)."""
    return words if len(words) <= LONGEST_WORDS else f"{words[:FIRST_WORDS]}……{words[-LAST_WORDS:]}"
