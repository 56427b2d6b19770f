"""`knowledge.toml`: answers to common questions, checked as a whole and refused as a whole.

An entry has several ways to ask, one answer short enough to be read in half a minute, the office it comes from and the
last day it may be told. TOML's parser keeps no positions, so a fault names the entry and the line where it begins.
"""

import re
import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from routing.errors import DataError, Fault
from routing.tables import sections
from routing.text import read

LONGEST_ANSWER: Final = 130
"""Characters, punctuation included: 30 s at the 4.5 characters a second of a clear reading voice."""
FEWEST_QUESTIONS: Final = 3
_KEYS: Final = {"id", "category", "keys", "area", "questions", "answer", "source", "valid_until", "published"}
_ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Entry:
    """An answer. `category` is a problem type, `area` the place it is limited to or empty; `valid_until` inclusive.

    Only a published one is recorded and told to callers; the others are drafts. `keys` are groups of words, of each of
    which one belongs to the question.
    """

    id: str
    category: str
    keys: tuple[tuple[str, ...], ...]
    area: str
    questions: tuple[str, ...]
    answer: str
    source: str
    valid_until: date
    published: bool = False


@dataclass(frozen=True, slots=True)
class KnowledgeData:
    """The whole file; `sample` marks invented answers that must not be given to real callers."""

    version: str
    sample: bool
    entries: tuple[Entry, ...]


def load_knowledge(
    path: Path, problems: Collection[str] | None = None, areas: Collection[str] | None = None
) -> KnowledgeData:
    """Raises `DataError` with every fault. Categories and areas are checked only against what is given."""
    try:
        text = path.read_text(encoding="utf-8")
        raw = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as exc:
        raise DataError([Fault(path.name, 0, f"cannot be read: {exc}")]) from exc
    except tomllib.TOMLDecodeError as exc:
        where = re.search(r"line (\d+)", str(exc))
        raise DataError([Fault(path.name, int(where[1]) if where else 0, f"is no TOML: {exc}")]) from exc
    starts = [number for number, line in enumerate(text.splitlines(), 1) if line.strip() == "[[entry]]"]
    faults: list[Fault] = []
    entries: list[Entry] = []
    asked: dict[str, str] = {}
    tables = raw.get("entry", [])
    if not isinstance(tables, list) or not tables:
        raise DataError([Fault(path.name, 0, "has no [[entry]]")])
    for number, table in enumerate(tables):
        line = starts[number] if number < len(starts) else 0
        wrong = list(_faults(table))
        faults += [Fault(path.name, line, f"{table.get('id', '?')}: {message}") for message in wrong]
        if wrong:
            continue
        entry = _entry(table)
        faults += [Fault(path.name, line, f"{entry.id}: {m}") for m in _clashes(entry, entries, asked, problems, areas)]
        entries.append(entry)
    if faults:
        raise DataError(faults)
    return KnowledgeData(str(raw.get("version", "")), bool(raw.get("sample", False)), tuple(entries))


def load_outside(path: Path) -> tuple[str, ...]:
    """Questions known to have no answer, from `NAME_outside.txt` beside the knowledge file `NAME.toml`, if it is there.

    Raises `DataError`.
    """
    beside = path.with_name(f"{path.stem}_outside.txt")
    if not beside.exists():
        return ()
    faults: list[Fault] = []
    found = tuple(line for _, _, lines in sections(beside, faults) for line in lines)
    if faults:
        raise DataError(faults)
    return found


def _entry(table: dict[str, Any]) -> Entry:
    keys = tuple(tuple(word.strip() for word in group.split("|") if word.strip()) for group in table["keys"])
    return Entry(
        id=table["id"],
        category=table["category"],
        keys=keys,
        area=table.get("area", ""),
        questions=tuple(table["questions"]),
        answer=table["answer"],
        source=table["source"],
        valid_until=table["valid_until"],
        published=table.get("published", False),
    )


def _faults(table: dict[str, Any]) -> Iterator[str]:
    if unknown := sorted(table.keys() - _KEYS):
        yield f"unknown keys {', '.join(unknown)}; known are {', '.join(sorted(_KEYS))}"
    for key in ("id", "category", "answer", "source"):
        if not isinstance(table.get(key), str) or not table[key].strip():
            yield f"{key} must be a text"
    if isinstance(table.get("id"), str) and not _ID.fullmatch(table["id"]):
        yield "id is not ascii-kebab"
    if not isinstance(table.get("area", ""), str):
        yield "area must be a text"
    if isinstance(answer := table.get("answer"), str) and len(answer) > LONGEST_ANSWER:
        yield f"the answer has {len(answer)} characters; at most {LONGEST_ANSWER} can be read in 30 seconds"
    if not isinstance(table.get("published", False), bool):
        yield "published must be true or false"
    if type(table.get("valid_until")) is not date:
        yield "valid_until must be a date such as 2026-12-31"
    keys = table.get("keys")
    if (
        not isinstance(keys, list)
        or not keys
        or not all(isinstance(group, str) and group.strip(" |") for group in keys)
    ):
        yield "keys must be a list of groups such as 身份证 or 丢|掉|遗失"
    questions = table.get("questions")
    if not isinstance(questions, list) or not all(isinstance(asked, str) and asked.strip() for asked in questions):
        yield "questions must be a list of texts"
    elif len(questions) < FEWEST_QUESTIONS:
        yield f"has {len(questions)} questions; at least {FEWEST_QUESTIONS} ways to ask are needed"


def _clashes(
    entry: Entry,
    before: list[Entry],
    asked: dict[str, str],
    problems: Collection[str] | None,
    areas: Collection[str] | None,
) -> Iterator[str]:
    if any(other.id == entry.id for other in before):
        yield "id is used twice"
    if problems is not None and entry.category not in problems:
        yield f"category {entry.category!r} is no id in problems.csv"
    if areas is not None and entry.area and entry.area not in areas:
        yield f"area {entry.area!r} is no id in places.csv"
    for question in entry.questions:
        chars = read(question).chars
        if chars in asked:
            yield f"question {question!r} is asked again; first under {asked[chars]}"
        asked.setdefault(chars, entry.id)
