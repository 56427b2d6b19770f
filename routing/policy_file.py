"""`policy.toml`: levels, special lists, rules and service counters, checked as a whole and refused as a whole.

TOML's parser keeps no positions, so a fault names the table and its number in the file, and the line where that
table begins.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from routing.assignment import Limits, Window
from routing.decision import RequestKind
from routing.errors import DataError, Fault
from routing.taxonomy import FIRST_LEVELS, Taxonomy

T = TypeVar("T")

LEVELS: Final = (1, 2, 3, 4)
_RULES: Final = ("joint", "assist", "whistle", "confidential")
_TABLES: Final = frozenset({"version", "hours", "level", "special", "window", "confidential_phrases", *_RULES})
_KEYS: Final = {
    "hours": {"zone", "days", "spans"},
    "level": {"level", "sign_minutes", "contact_minutes", "answer_hours", "answer_days", "working_days"},
    "special": {"id", "name", "owner", "level", "supervised"},
    "window": {"id", "name", "unit", "number", "problems"},
    "rule": {"reason", "units", "problems", "l1", "l2", "special", "kinds", "local"},
}


class Matched(Protocol):
    """What a rule looks at."""

    @property
    def problem(self) -> str | None: ...
    @property
    def l1(self) -> str: ...
    @property
    def l2(self) -> str: ...
    @property
    def special(self) -> str: ...
    @property
    def kind(self) -> RequestKind: ...
    @property
    def local(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Rule:
    """Fits a request that is in one of the problems, classes or lists, and of one of the kinds if any is named."""

    reason: str
    units: tuple[str, ...]
    problems: frozenset[str]
    l1: frozenset[str]
    l2: frozenset[str]
    special: frozenset[str]
    kinds: frozenset[str]
    local: bool | None

    def fits(self, request: Matched) -> bool:
        named = request.problem in self.problems or request.l1 in self.l1 or request.l2 in self.l2
        if not (named or request.special in self.special):
            return False
        return (not self.kinds or request.kind.value in self.kinds) and self.local in (None, request.local)


@dataclass(frozen=True, slots=True)
class Special:
    """A special list (专项清单): who owns its requests, the level they have at least, and if they are supervised."""

    name: str
    owner: str
    level: int
    supervised: bool


@dataclass(frozen=True, slots=True)
class Desk:
    """A service counter and the problem types it answers; all of its unit's where none is named."""

    window: Window
    problems: frozenset[str]


@dataclass(frozen=True, slots=True)
class PolicyData:
    """The whole file; `rules` by what they add: joint, assist, whistle or confidential."""

    version: str
    zone: ZoneInfo
    days: frozenset[int]
    hours: tuple[tuple[time, time], ...]
    levels: Mapping[int, Limits]
    specials: Mapping[str, Special]
    rules: Mapping[str, tuple[Rule, ...]]
    confidential_phrases: tuple[str, ...]
    windows: tuple[Desk, ...]


def load_policy(path: Path, taxonomy: Taxonomy) -> PolicyData:
    """Raises `DataError` with every fault: unknown units, problems, levels or keys, limits that are no time, …"""
    try:
        text = path.read_text(encoding="utf-8")
        raw = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as exc:
        raise DataError([Fault(path.name, 0, f"cannot be read: {exc}")]) from exc
    except tomllib.TOMLDecodeError as exc:
        line = re.search(r"line (\d+)", str(exc))
        raise DataError([Fault(path.name, int(line[1]) if line else 0, f"is no TOML: {exc}")]) from exc
    reader = _Reader(path.name, text, taxonomy)
    data = reader.read(raw)
    if reader.faults or data is None:
        raise DataError(reader.faults)
    return data


class _Reader:
    """Reads one file; every fault is kept and reading goes on with the next table."""

    def __init__(self, file: str, text: str, taxonomy: Taxonomy) -> None:
        self.faults: list[Fault] = []
        self._file = file
        self._lines = text.splitlines()
        self._taxonomy = taxonomy

    def read(self, raw: dict[str, Any]) -> PolicyData | None:
        for name in sorted(raw.keys() - _TABLES):
            self._fault(name, 0, f"unknown entry {name!r}; known are {', '.join(sorted(_TABLES))}")
        hours = self._each(raw, "hours", self._hours)
        levels = dict(self._each(raw, "level", self._level))
        if not self.faults and sorted(levels) != list(LEVELS):
            self._fault("level", 0, f"needs each level 1 to 4 once, found {sorted(levels)}")
        specials = dict(self._each(raw, "special", self._special))
        rules = {name: tuple(self._each(raw, name, self._rule(set(specials)))) for name in _RULES}
        windows = tuple(self._each(raw, "window", self._desk))
        phrases = raw.get("confidential_phrases", [])
        if not isinstance(phrases, list) or not all(isinstance(phrase, str) and phrase for phrase in phrases):
            self._fault("confidential_phrases", 0, "must be a list of texts")
        if len(hours) != 1:
            self._fault("hours", 0, "needs one table [hours]")
        if self.faults:
            return None
        zone, days, spans = hours[0]
        version = str(raw.get("version", ""))
        return PolicyData(version, zone, days, spans, levels, specials, rules, tuple(phrases), windows)

    def _each(self, raw: dict[str, Any], name: str, read: Callable[[dict[str, Any]], T]) -> list[T]:
        tables = raw.get(name, [])
        tables = [tables] if isinstance(tables, dict) else tables
        found: list[T] = []
        known = _KEYS["rule" if name in _RULES else name]
        for number, table in enumerate(tables if isinstance(tables, list) else [None]):
            if not isinstance(table, dict):
                self._fault(name, number, f"must be a table, found {table!r}")
                continue
            for key in sorted(table.keys() - known):
                self._fault(name, number, f"unknown key {key!r}; known are {', '.join(sorted(known))}")
            try:
                found.append(read(table))
            except KeyError as exc:
                self._fault(name, number, f"{exc.args[0]!r} is missing")
            except (TypeError, ValueError) as exc:
                self._fault(name, number, str(exc))
        return found

    def _hours(self, table: dict[str, Any]) -> tuple[ZoneInfo, frozenset[int], tuple[tuple[time, time], ...]]:
        try:
            zone = ZoneInfo(table["zone"])
        except ZoneInfoNotFoundError as exc:
            raise ValueError(f"zone {table['zone']!r} is no time zone") from exc
        spans = tuple((time.fromisoformat(start), time.fromisoformat(end)) for start, end in table["spans"])
        if any(start >= end for start, end in spans):
            raise ValueError("each of spans must end after it starts")
        days = frozenset(table["days"])
        if not days or not days <= set(range(1, 8)):
            raise ValueError(f"days must be 1 (Monday) to 7, found {sorted(days)}")
        return zone, days, spans

    def _level(self, table: dict[str, Any]) -> tuple[int, Limits]:
        hours, days = table.get("answer_hours", 0), table.get("answer_days", 0)
        numbers = (table["level"], table["sign_minutes"], table["contact_minutes"], hours, days)
        if not all(type(number) is int and number >= 0 for number in numbers) or bool(hours) == bool(days):
            raise ValueError("needs whole minutes, and either answer_hours or answer_days above 0")
        limits = Limits(
            timedelta(minutes=table["sign_minutes"]),
            timedelta(minutes=table["contact_minutes"]),
            timedelta(hours=hours, days=days),
            bool(table.get("working_days", False)),
        )
        if limits.answer < limits.sign:
            raise ValueError("the answer is due before the sign-in")
        return table["level"], limits

    def _special(self, table: dict[str, Any]) -> tuple[str, Special]:
        level = table.get("level", max(LEVELS))
        if level not in LEVELS:
            raise ValueError(f"level must be 1 to 4, found {level!r}")
        return table["id"], Special(table["name"], table["owner"], level, bool(table["supervised"]))

    def _rule(self, specials: set[str]) -> Callable[[dict[str, Any]], Rule]:
        known = {
            "units": set(self._taxonomy.units),
            "problems": set(self._taxonomy.problems),
            "l1": set(FIRST_LEVELS),
            "l2": {problem.category.l2 for problem in self._taxonomy.problems.values()},
            "special": specials,
            "kinds": {kind.value for kind in RequestKind},
        }

        def read(table: dict[str, Any]) -> Rule:
            unknown = [f"{key} {name!r}" for key in known for name in table.get(key, []) if name not in known[key]]
            if unknown:
                raise ValueError(f"unknown: {', '.join(unknown)}")
            named = {key: frozenset(table.get(key, [])) for key in known}
            if not (named["problems"] or named["l1"] or named["l2"] or named["special"]):
                raise ValueError("names no problems, l1, l2 or special")
            local = table.get("local")
            if local is not None and not isinstance(local, bool):
                raise ValueError("local must be true or false")
            units = tuple(table.get("units", []))
            classes = (named["l1"], named["l2"], named["special"])
            return Rule(table["reason"], units, named["problems"], *classes, named["kinds"], local)

        return read

    def _desk(self, table: dict[str, Any]) -> Desk:
        problems = frozenset(table.get("problems", []))
        wrong = sorted(problems - self._taxonomy.problems.keys())
        if table["unit"] not in self._taxonomy.units or wrong:
            raise ValueError(f"unknown unit or problems: {', '.join([table['unit'], *wrong])}")
        if not re.fullmatch(r"[0-9+*#]{2,20}", table["number"]):
            raise ValueError(f"number must be what is dialled, found {table['number']!r}")
        return Desk(Window(table["id"], table["name"], table["unit"], table["number"]), problems)

    def _fault(self, table: str, number: int, message: str) -> None:
        heading = re.compile(rf"\[+{re.escape(table)}\]+|{re.escape(table)}\s*=")
        lines = [line for line, text in enumerate(self._lines, 1) if heading.match(text.strip())]
        line = lines[number] if number < len(lines) else 0
        self.faults.append(Fault(self._file, line, f"{table} {number + 1}: {message}"))
