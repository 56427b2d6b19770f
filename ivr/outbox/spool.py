"""The spool: one file for each thing the ticket service must still be told, and a ledger of what it has taken.

`pending/` holds items, `sent/` the same items with the service's answer, `quarantine/` what cannot be read or was
refused for good, each with its reason beside it (F28: quarantined, never dropped). An item's key is the call's id and
the request's index, so writing the same request twice is one item and the service sees one idempotency key (P2).
"""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from ivr.outbox import durable

_KEY = re.compile(r"[\w.:-]{1,120}")
_TYPES = {
    **dict.fromkeys(("key", "number", "recording", "recording_kind"), str),
    **dict.fromkeys(("body", "event", "answer"), dict),
}


class BadItem(Exception):
    """A spool file that does not hold an item."""


@dataclass(frozen=True, slots=True)
class Item:
    """A ticket to open, an `event` that happened to one, or a recording to attach (`recording` is its file's path)."""

    key: str
    number: str
    body: dict[str, Any] = field(default_factory=dict)
    recording: str = ""
    recording_kind: str = "recording"
    event: dict[str, Any] = field(default_factory=dict)
    attempts: int = 0
    answer: dict[str, Any] = field(default_factory=dict)

    @property
    def is_ticket(self) -> bool:
        return not self.recording and not self.event

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read an item back. Raises BadItem naming what is wrong."""
        try:
            fields = json.loads(data)
            item = cls(**fields)
        except (ValueError, TypeError) as exc:
            raise BadItem(f"not a spool item: {exc}") from exc
        for name, expected in _TYPES.items():
            if not isinstance(getattr(item, name), expected):
                raise BadItem(f"{name} of a spool item should be {expected.__name__}")
        if not _KEY.fullmatch(item.key) or not item.number.isdigit():
            raise BadItem("a spool item needs a key of letters, digits, . : - and a ticket number")
        return item


class Spool:
    """The folders of one node. Only one process may use them at a time."""

    def __init__(self, folder: Path) -> None:
        self._pending = folder / "pending"
        self._sent = folder / "sent"
        self._quarantine = folder / "quarantine"
        for each in (self._pending, self._sent, self._quarantine):
            each.mkdir(parents=True, exist_ok=True)

    def put(self, item: Item) -> None:
        """Keep an item; durable when this returns. An item already pending or sent under the key is left as it is."""
        if not _KEY.fullmatch(item.key):
            raise ValueError("a spool key is 1 to 120 letters, digits, . : -")
        if self.find(item.key) is None:
            durable.write_json(self._pending / _name(item.key), asdict(item))

    def find(self, key: str) -> Item | None:
        """The item under a key, pending or sent."""
        for folder in (self._pending, self._sent):
            try:
                return Item.parse((folder / _name(key)).read_bytes())
            except FileNotFoundError:
                continue
            except BadItem:
                return None
        return None

    def pending(self) -> Iterator[Item]:
        """What is still to be sent, tickets first, oldest first. Files that are no items go to quarantine."""
        found: list[tuple[bool, float, Item]] = []
        for path in self._pending.glob("*.json"):
            try:
                item = Item.parse(path.read_bytes())
                found.append((not item.is_ticket, path.stat().st_mtime, item))
            except BadItem as exc:
                self._quarantine_file(path, str(exc))
            except FileNotFoundError:
                continue
        for _, _, item in sorted(found, key=lambda entry: entry[:2]):
            yield item

    def count(self) -> int:
        """How many items are pending."""
        return sum(1 for _ in self._pending.glob("*.json"))

    def quarantined(self) -> int:
        return sum(1 for _ in self._quarantine.glob("*.json"))

    def sent(self, item: Item, answer: dict[str, Any]) -> None:
        """The service has taken it."""
        durable.write_json(self._pending / _name(item.key), asdict(replace(item, answer=answer)))
        durable.move(self._pending / _name(item.key), self._sent / _name(item.key))

    def refuse(self, item: Item, reason: str) -> None:
        """The service will never take it as it is: a person must look."""
        self._quarantine_file(self._pending / _name(item.key), reason)

    def _quarantine_file(self, path: Path, reason: str) -> None:
        durable.write(self._quarantine / f"{path.name}.reason", reason.encode())
        durable.move(path, self._quarantine / path.name)


def _name(key: str) -> str:
    return key.replace(":", "_") + ".json"
