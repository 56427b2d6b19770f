"""Reads the held-out sentences: four CSV files, and under `recognised/` the same sentences as a recogniser heard them.

A plain set is always whole; a recognised one may be a sample and may be missing. Each of its rows must be a row of the
plain set, so that a twin whose sentence was changed or taken away is found out. Every fault of every file is collected
before `DataError` is raised.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from routing.errors import DataError, Fault
from routing.taxonomy import Taxonomy

__all__ = ["COLUMNS", "SERVICES", "Example", "HeldOut", "read_held_out", "read_recognised"]

SERVICES: Final = frozenset({"110", "119", "120", "122", "gas"})
COLUMNS: Final = {
    "emergencies": ("situation", "service", "text"),
    "possible": ("situation", "text"),
    "traps": ("situation", "text"),
    "categories": ("problem", "text"),
}
_HEARD: Final = ("heard", "others")


@dataclass(frozen=True, slots=True)
class Example:
    """A held-out sentence. `group` is its situation or problem id; `service` is empty except for emergencies.

    `text` is what is decided on and `alternatives` are the recogniser's lower readings of it. Of a recognised sentence
    `said` is what it was before, and of one that was corrected `heard` what the recogniser had heard.
    """

    group: str
    text: str
    service: str = ""
    alternatives: tuple[str, ...] = ()
    said: str = ""
    heard: str = ""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The four sets, in the files' order."""

    emergencies: tuple[Example, ...]
    possible: tuple[Example, ...]
    traps: tuple[Example, ...]
    categories: tuple[Example, ...]

    def plain(self) -> "HeldOut":
        """The same sentences as they were said."""
        return HeldOut(*(tuple(_as_said(example) for example in each) for each in self.sets().values()))

    def sets(self) -> dict[str, tuple[Example, ...]]:
        return {name: getattr(self, name) for name in COLUMNS}


def read_held_out(folder: Path, taxonomy: Taxonomy) -> HeldOut:
    """Raises `DataError` naming every missing file, wrong header, short row, unknown service and unknown problem."""
    faults: list[Fault] = []
    sets = {name: tuple(_plain(folder / f"{name}.csv", columns, faults)) for name, columns in COLUMNS.items()}
    for line, example in enumerate(sets["emergencies"], 2):
        if example.service not in SERVICES:
            faults.append(Fault("emergencies.csv", line, f"service {example.service!r} is none of {sorted(SERVICES)}"))
    for line, example in enumerate(sets["categories"], 2):
        if example.group not in taxonomy.problems:
            faults.append(Fault("categories.csv", line, f"problem {example.group!r} is not in problems.csv"))
    if faults:
        raise DataError(faults)
    return HeldOut(**sets)


def read_recognised(folder: Path, held_out: HeldOut) -> HeldOut | None:
    """The recognised twins below `folder`, None when there are none.

    Raises `DataError` for wrong headers and rows, and for a twin of no sentence of `held_out`.
    """
    below = folder / "recognised"
    if not below.is_dir():
        return None
    faults: list[Fault] = []
    sets = {
        name: tuple(_recognised(below / f"{name}.csv", COLUMNS[name], held_out.sets()[name], faults))
        for name in COLUMNS
        if (below / f"{name}.csv").exists()
    }
    if faults:
        raise DataError(faults)
    return HeldOut(**(dict.fromkeys(COLUMNS, ()) | sets))


def _as_said(example: Example) -> Example:
    return Example(example.group, example.said or example.text, example.service)


def _plain(path: Path, columns: tuple[str, ...], faults: list[Fault]) -> Iterator[Example]:
    for _, row in _rows(path, columns, columns, faults):
        yield Example(row[columns[0]], row["text"], row.get("service", ""))


def _recognised(
    path: Path, columns: tuple[str, ...], known: Sequence[Example], faults: list[Fault]
) -> Iterator[Example]:
    sentences = {(example.group, example.text, example.service) for example in known}
    for line, row in _rows(path, (*columns, *_HEARD), columns, faults):
        group, service = row[columns[0]], row.get("service", "")
        if (group, row["text"], service) not in sentences:
            faults.append(Fault(f"recognised/{path.name}", line, f"no row of {path.name} says this under {group!r}"))
            continue
        others = tuple(filter(None, row["others"].split("|")))
        yield Example(group, row["heard"], service, others, row["text"])


def _rows(
    path: Path, columns: tuple[str, ...], filled: tuple[str, ...], faults: list[Fault]
) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Line number and cells by name of every row in which the cells of `filled` are not empty."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        faults.append(Fault(path.name, 0, f"expected a UTF-8 CSV file, but it cannot be read: {error}"))
        return
    if not rows or tuple(rows[0]) != columns:
        faults.append(Fault(path.name, 1, f"expected the header {','.join(columns)}, found {rows[:1]}"))
        return
    for line, cells in enumerate(rows[1:], 2):
        row = dict(zip(columns, cells, strict=False))
        if len(cells) != len(columns) or not all(row[name].strip() for name in filled):
            faults.append(Fault(path.name, line, f"expected {','.join(columns)}, found {cells}"))
            continue
        yield line, row
