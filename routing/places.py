"""Finds the gazetteer's places in words: by name, by alias, and by sound where a recogniser wrote other characters.

Longer names win over names inside them. A house number or building right after the name belongs to what was said.
Names of two characters are never matched by sound alone: too much of ordinary speech sounds like them.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from routing.decision import Place
from routing.errors import DataError, Fault
from routing.taxonomy import Unit, rows
from routing.text import LONGEST_NAME, Utterance, read, sounds

KINDS = ("area", "road", "community", "landmark")
_SCORE_NAME, _SCORE_ALIAS, _SCORE_SOUND = 1.0, 0.95, 0.8
_SHORTEST_BY_SOUND = 3
_NUMBER = re.compile(
    r"[0零一二三四五六七八九十百]{1,5}(?:号楼|号院|号|栋|幢|组|弄|单元)|[东南西北]?(?:门口|路口|交叉口)"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A place of the gazetteer; `unit` is the street or town in charge, taken from the parents where empty."""

    id: str
    name: str
    kind: str
    parent: str
    unit: str
    aliases: tuple[str, ...]


class Gazetteer:
    """Immutable after `load`; `find` costs one dictionary look-up a position and length."""

    def __init__(self, entries: dict[str, Entry]) -> None:
        self.entries = entries
        self._names: dict[str, tuple[str, float]] = {}
        self._sounds: dict[str, tuple[str, float]] = {}
        for entry in entries.values():
            for alias in entry.aliases:
                self._learn(alias, entry.id, _SCORE_ALIAS)
        for entry in entries.values():
            self._learn(entry.name, entry.id, _SCORE_NAME)

    @classmethod
    def load(cls, path: Path, units: dict[str, Unit]) -> "Gazetteer":
        """Raises `DataError`: duplicate ids, unknown units or parents, parents in a circle."""
        faults: list[Fault] = []
        entries: dict[str, Entry] = {}
        lines: dict[str, int] = {}
        for line, row in rows(path, ("id", "name", "kind", "parent", "unit", "aliases"), faults):
            if row["id"] in entries:
                faults.append(Fault(path.name, line, f"id {row['id']!r} again; first on line {lines[row['id']]}"))
                continue
            if not row["id"] or not row["name"] or len(row["name"]) > LONGEST_NAME:
                faults.append(Fault(path.name, line, f"needs an id and a name of 1 to {LONGEST_NAME} characters"))
            if row["kind"] not in KINDS:
                faults.append(Fault(path.name, line, f"kind {row['kind']!r} is not one of {', '.join(KINDS)}"))
            if row["unit"] and row["unit"] not in units:
                faults.append(Fault(path.name, line, f"unit {row['unit']!r} is not in units.csv"))
            lines[row["id"]] = line
            aliases = tuple(filter(None, row["aliases"].split("|")))
            entries[row["id"]] = Entry(row["id"], row["name"], row["kind"], row["parent"], row["unit"], aliases)
        for entry in entries.values():
            if entry.parent and entry.parent not in entries:
                faults.append(Fault(path.name, lines[entry.id], f"parent {entry.parent!r} is no place"))
            elif entry.id in _parents(entry, entries):
                faults.append(Fault(path.name, lines[entry.id], f"{entry.id!r} is its own parent"))
        if faults:
            raise DataError(faults)
        return cls(entries)

    def find(self, utterance: Utterance) -> tuple[Place, ...]:
        """In the order they were said, each place once; a narrow and a wide one both, when both were said."""
        found: list[Place] = []
        at = 0
        while at < len(utterance.chars):
            hit = self._longest(utterance, at)
            if hit is None:
                at += 1
                continue
            end, entry, score = hit
            number = _NUMBER.match(utterance.chars, end)
            said_to = number.end() if number else end
            if all(place.id != entry.id for place in found):
                found.append(Place(entry.id, entry.name, entry.kind, utterance.span(at, said_to), score))
            at = said_to
        return tuple(found)

    def unit_of(self, place: Place) -> str:
        """Id of the street or town in charge, or the empty string."""
        entry = self.entries.get(place.id)
        while entry is not None and not entry.unit:
            entry = self.entries.get(entry.parent)
        return entry.unit if entry else ""

    def _longest(self, utterance: Utterance, at: int) -> tuple[int, Entry, float] | None:
        for size in range(min(LONGEST_NAME, len(utterance.chars) - at), 1, -1):
            hit = self._names.get(utterance.chars[at : at + size])
            if hit is None and size >= _SHORTEST_BY_SOUND:
                hit = self._sounds.get(utterance.sounds[at : at + size])
            if hit is not None:
                return at + size, self.entries[hit[0]], hit[1]
        return None

    def _learn(self, name: str, place: str, score: float) -> None:
        chars = read(name).chars
        self._names[chars] = (place, score)
        self._sounds[sounds(chars)] = (place, _SCORE_SOUND)


def _parents(entry: Entry, entries: dict[str, Entry]) -> set[str]:
    seen: set[str] = set()
    parent = entry.parent
    while parent in entries and parent not in seen:
        seen.add(parent)
        parent = entries[parent].parent
    return seen
