"""The gazetteer's file: a row a place, checked as a whole and refused as a whole.

Columns `id,name,kind,parent,unit,aliases` and, where an organisation has them, `lat,lon` in degrees (WGS 84). `parent`
is the place around it, `unit` the street or town in charge, taken from the parents where empty, `aliases` are
separated by `|`. Two places may share a name or an alias; then the finder asks which one is meant.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from routing.errors import DataError, Fault
from routing.tables import rows
from routing.taxonomy import Unit
from routing.text import LONGEST_NAME

KINDS: Final = ("area", "road", "community", "landmark")
COLUMNS: Final = ("id", "name", "kind", "parent", "unit", "aliases")
COORDINATES: Final = ("lat", "lon")
_SHORTEST_NAME: Final = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """A place of the gazetteer; `at` is latitude and longitude in degrees, where they are known."""

    id: str
    name: str
    kind: str
    parent: str
    unit: str
    aliases: tuple[str, ...]
    at: tuple[float, float] | None = None


def load_entries(path: Path, units: Mapping[str, Unit], known: Mapping[str, Entry] | None = None) -> dict[str, Entry]:
    """Raises `DataError` with every fault: duplicate ids, unknown kinds, units or parents, parents in a circle …

    Parents may also be among the `known` places, which an import is added to.
    """
    faults: list[Fault] = []
    entries: dict[str, Entry] = {}
    lines: dict[str, int] = {}
    for line, row in rows(path, _columns(path), faults):
        if row["id"] in entries:
            faults.append(Fault(path.name, line, f"id {row['id']!r} again; first on line {lines[row['id']]}"))
            continue
        at, wrong = _coordinates(row)
        wrong += _row_faults(row, units)
        faults += [Fault(path.name, line, message) for message in wrong]
        lines[row["id"]] = line
        aliases = tuple(alias.strip() for alias in row["aliases"].split("|") if alias.strip())
        entries[row["id"]] = Entry(row["id"], row["name"], row["kind"], row["parent"], row["unit"], aliases, at)
    every = {**(known or {}), **entries}
    for entry in entries.values():
        if entry.parent and entry.parent not in every:
            faults.append(Fault(path.name, lines[entry.id], f"parent {entry.parent!r} is no place"))
        elif entry.id in ancestors(entry.id, every):
            faults.append(Fault(path.name, lines[entry.id], f"{entry.id!r} is its own parent"))
    if not entries and not faults:
        faults.append(Fault(path.name, 0, "has no places below the heading"))
    if faults:
        raise DataError(faults)
    return entries


def ancestors(place: str, entries: Mapping[str, Entry]) -> tuple[str, ...]:
    """Ids of the places around this one, the nearest first; ends where the parents turn in a circle."""
    found: list[str] = []
    entry = entries.get(place)
    while entry is not None and entry.parent in entries and entry.parent not in found:
        found.append(entry.parent)
        entry = entries[entry.parent]
    return tuple(found)


def unit_of(place: str, entries: Mapping[str, Entry]) -> str:
    """Id of the street or town in charge of a place, or the empty string."""
    around = (place, *ancestors(place, entries)) if place in entries else ()
    return next((entries[name].unit for name in around if entries[name].unit), "")


def save_entries(path: Path, entries: Mapping[str, Entry]) -> None:
    """Writes the file that `load_entries` reads, with coordinates if any place has them."""
    located = any(entry.at for entry in entries.values())
    partial = path.with_name(f"{path.name}.partial")
    with partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow((*COLUMNS, *COORDINATES) if located else COLUMNS)
        for entry in entries.values():
            row = [entry.id, entry.name, entry.kind, entry.parent, entry.unit, "|".join(entry.aliases)]
            if located:
                row += [f"{degrees:.6f}" for degrees in entry.at] if entry.at else ["", ""]
            writer.writerow(row)
    partial.replace(path)


def _columns(path: Path) -> tuple[str, ...]:
    """The heading with coordinates if it has them; every other difference is left to be reported by `rows`."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = next(csv.reader(file), [])
    except (OSError, UnicodeDecodeError, csv.Error):
        return COLUMNS
    return (*COLUMNS, *COORDINATES) if len(head) == len(COLUMNS) + len(COORDINATES) else COLUMNS


def _row_faults(row: dict[str, str], units: Mapping[str, Unit]) -> Iterator[str]:
    if not row["id"] or not _SHORTEST_NAME <= len(row["name"]) <= LONGEST_NAME:
        yield f"needs an id and a name of {_SHORTEST_NAME} to {LONGEST_NAME} characters, found {row['name']!r}"
    for alias in filter(None, row["aliases"].split("|")):
        if not _SHORTEST_NAME <= len(alias.strip()) <= LONGEST_NAME:
            yield f"alias {alias!r} has not {_SHORTEST_NAME} to {LONGEST_NAME} characters"
    if row["kind"] not in KINDS:
        yield f"kind {row['kind']!r} is not one of {', '.join(KINDS)}"
    if row["unit"] and row["unit"] not in units:
        yield f"unit {row['unit']!r} is not in units.csv"


def _coordinates(row: dict[str, str]) -> tuple[tuple[float, float] | None, list[str]]:
    given = [row.get(name, "") for name in COORDINATES]
    if not any(given):
        return None, []
    try:
        lat, lon = (float(degrees) for degrees in given)
    except ValueError:
        return None, [f"lat,lon must be degrees or both empty, found {','.join(given)}"]
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        return None, [f"lat must be -90 to 90 and lon -180 to 180, found {','.join(given)}"]
    return (lat, lon), []
