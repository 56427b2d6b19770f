"""Takes places from a table: the gazetteer's own columns, or names of OpenStreetMap as Overpass prints them.

A road is many ways in OpenStreetMap and a school a building and its grounds: rows of one name and kind under one parent
become one place, at the middle of theirs. What cannot be used is counted by reason, never silently dropped.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from routing.errors import DataError, Fault
from routing.gazetteer import Entry, load_entries
from routing.taxonomy import Unit
from routing.text import LONGEST_NAME, read

OSM_COLUMNS: Final = ("@type", "@id", "name")
"""What an Overpass table must have; `docs/routing.md` has the query that prints all columns used here."""
_AREAS: Final = frozenset({"country", "state", "province", "region", "county", "city", "district", "town", "township"})
_COMMUNITIES: Final = frozenset({"village", "hamlet", "isolated_dwelling", "neighbourhood", "suburb", "quarter"})
_LANDMARKS: Final = (
    *(
        "amenity",
        "shop",
        "leisure",
        "railway",
        "public_transport",
        "tourism",
        "office",
        "bridge",
        "waterway",
        "natural",
    ),
    *("man_made", "historic", "aeroway", "landuse", "building"),
)
_HOMES: Final = frozenset({"residential", "apartments", "dormitory"})
_NAMES: Final = ("alt_name", "short_name", "old_name", "official_name", "loc_name")
_HAN: Final = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Import:
    """The gazetteer with the new places in it; `skipped` counts rows left out, by reason."""

    entries: dict[str, Entry]
    added: tuple[str, ...]
    changed: tuple[str, ...]
    skipped: Mapping[str, int]

    @property
    def shared_names(self) -> dict[str, tuple[str, ...]]:
        """Names that several places have: callers will be asked which one they mean."""
        owners: dict[str, list[str]] = {}
        for entry in self.entries.values():
            owners.setdefault(entry.name, []).append(entry.id)
        return {name: tuple(ids) for name, ids in owners.items() if len(ids) > 1}


def import_places(path: Path, known: Mapping[str, Entry], units: Mapping[str, Unit], parent: str = "") -> Import:
    """Adds a table's places to the `known` ones; those of a known id replace it. `parent` is around all OpenStreetMap
    rows, which name none. Raises `DataError` with every fault by file and line."""
    head, delimiter = _head(path)
    skipped: Counter[str] = Counter()
    if set(OSM_COLUMNS) <= set(head):
        if parent not in known:
            message = f"the place around these rows is needed: parent {parent!r} is no place of the gazetteer"
            raise DataError([Fault(path.name, 0, message)])
        fresh = _merged(_osm_entries(path, delimiter, parent, skipped))
    else:
        fresh = load_entries(path, units, known)
    entries = {**known, **fresh}
    added = tuple(name for name in fresh if name not in known)
    changed = tuple(name for name in fresh if name in known and known[name] != fresh[name])
    return Import(entries, added, changed, dict(skipped))


def _head(path: Path) -> tuple[list[str], str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            line = file.readline()
    except (OSError, UnicodeDecodeError) as exc:
        raise DataError([Fault(path.name, 0, f"cannot be read: {exc}")]) from exc
    delimiter = "\t" if "\t" in line else ","
    return next(csv.reader([line], delimiter=delimiter), []), delimiter


def _osm_entries(path: Path, delimiter: str, parent: str, skipped: Counter[str]) -> Iterator[Entry]:
    faults: list[Fault] = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, delimiter=delimiter, quoting=csv.QUOTE_NONE if delimiter == "\t" else 0)
        for row in reader:
            if None in row or None in row.values():
                faults.append(Fault(path.name, reader.line_num, f"expected {len(reader.fieldnames or ())} cells"))
                continue
            cells = {name: cell.strip() for name, cell in row.items()}
            name = next((n for n in (cells["name"], cells.get("name:zh", "")) if _HAN.search(n)), "")
            kind = _kind(cells)
            if not name:
                skipped["no Chinese name"] += 1
            elif not 2 <= len(read(name).chars) <= LONGEST_NAME:
                skipped[f"name not of 2 to {LONGEST_NAME} characters"] += 1
            elif kind is None:
                skipped["of no kind that callers name"] += 1
            elif not cells["@id"].isdigit() or not cells["@type"]:
                faults.append(Fault(path.name, reader.line_num, f"@type,@id expected, found {cells['@id']!r}"))
            else:
                id_ = f"osm-{cells['@type'][0]}{cells['@id']}"
                yield Entry(id_, name, kind, parent, "", _aliases(cells, name), _at(cells))
    if faults:
        raise DataError(faults)


def _kind(cells: Mapping[str, str]) -> str | None:
    """The gazetteer's kind of OpenStreetMap's tags, or None."""
    place = cells.get("place", "")
    if place in _AREAS or cells.get("boundary") == "administrative":
        return "area"
    if place in _COMMUNITIES or cells.get("landuse") == "residential" or cells.get("building") in _HOMES:
        return "community"
    if cells.get("highway") and cells["highway"] not in ("bus_stop", "traffic_signals", "crossing"):
        return "road"
    if any(cells.get(tag) for tag in _LANDMARKS) or place in ("square", "locality"):
        return "landmark"
    return None


def _aliases(cells: Mapping[str, str], name: str) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for tag in _NAMES:
        for alias in re.split(r"[;/；]", cells.get(tag, "")):
            plain = alias.strip().replace("|", "")
            if _HAN.search(plain) and plain != name and 2 <= len(plain) <= LONGEST_NAME:
                found[plain] = None
    return tuple(found)


def _at(cells: Mapping[str, str]) -> tuple[float, float] | None:
    try:
        return float(cells.get("@lat", "")), float(cells.get("@lon", ""))
    except ValueError:
        return None


def _merged(entries: Iterator[Entry]) -> dict[str, Entry]:
    groups: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in entries:
        groups.setdefault((entry.name, entry.kind, entry.parent), []).append(entry)
    found: dict[str, Entry] = {}
    for group in groups.values():
        first = min(group, key=lambda entry: (len(entry.id), entry.id))
        points = [entry.at for entry in group if entry.at]
        middle = (sum(p[0] for p in points) / len(points), sum(p[1] for p in points) / len(points)) if points else None
        aliases = tuple(dict.fromkeys(alias for entry in group for alias in entry.aliases))
        found[first.id] = replace(first, aliases=aliases, at=middle)
    return found
