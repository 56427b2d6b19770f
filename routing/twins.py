"""Reads what a recogniser made of training sentences: the CSV files that `hotline route twins` writes.

A twin belongs to the sentence it was made of by that sentence's exact words: when a sentence is changed or taken away,
its twins count no more, so that a file of them never has to be edited by hand.
"""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from routing.errors import Fault

_COLUMNS: Final = ("text", "heard")


def read_twins(paths: Iterable[Path], faults: list[Fault]) -> dict[str, list[str]]:
    """What was heard, by the sentence as written; columns besides `text` and `heard` are passed over."""
    heard: dict[str, list[str]] = {}
    for path in sorted(paths):
        try:
            rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            faults.append(Fault(path.name, 0, f"expected a UTF-8 CSV file, but it cannot be read: {error}"))
            continue
        for line, row in enumerate(rows, 2):
            if not set(_COLUMNS) <= set(row) or row["text"] is None or row["heard"] is None:
                faults.append(Fault(path.name, line, f"expected the columns {','.join(_COLUMNS)}, found {row}"))
                break
            if row["heard"].strip():
                heard.setdefault(row["text"], []).append(row["heard"])
    return heard
