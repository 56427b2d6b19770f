"""Reads the hand-edited data files: CSV with a fixed head, and text in sections. Faults are collected, not raised."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

from routing.errors import Fault

_HEADING = re.compile(r"\[([^\]]+)\]")


def rows(path: Path, columns: tuple[str, ...], faults: list[Fault]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells of every well-formed row of a UTF-8 CSV with exactly these columns."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file)
            head = next(reader, [])
            if tuple(head) != columns:
                faults.append(Fault(path.name, 1, f"expected the columns {','.join(columns)}, found {','.join(head)}"))
                return
            for cells in reader:
                if not cells:
                    continue
                if len(cells) != len(columns):
                    faults.append(
                        Fault(path.name, reader.line_num, f"expected {len(columns)} cells, found {len(cells)}")
                    )
                else:
                    yield reader.line_num, dict(zip(columns, (cell.strip() for cell in cells), strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as exc:
        faults.append(Fault(path.name, 0, f"cannot be read: {exc}"))


def sections(path: Path, faults: list[Fault]) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Line of the heading, heading and sentences of a text file; `#` starts a comment line."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        faults.append(Fault(path.name, 0, f"cannot be read: {exc}"))
        return
    found: list[tuple[int, str, list[str]]] = []
    headings: dict[str, int] = {}
    for number, raw in enumerate(lines, 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if heading := _HEADING.fullmatch(line):
            name = heading[1].strip()
            if name in headings:
                faults.append(Fault(path.name, number, f"[{name}] again; first on line {headings[name]}"))
            headings.setdefault(name, number)
            found.append((number, name, []))
        elif not found:
            faults.append(Fault(path.name, number, "a sentence before the first [heading]"))
        elif line in found[-1][2]:
            faults.append(Fault(path.name, number, f"the same sentence twice under [{found[-1][1]}]"))
        else:
            found[-1][2].append(line)
    yield from ((number, name, tuple(sentences)) for number, name, sentences in found)
