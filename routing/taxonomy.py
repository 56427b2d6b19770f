"""The taxonomy and the unit directory as data: read from CSV and plain text, checked as a whole, refused as a whole.

`problems.csv` has a row a problem type, `units.csv` a row a unit, `exemplars*.txt` the callers' sentences and
`words.txt` further words and `phrases.txt` (if there is one) parts of sentences under `[id]` headings,
`taxonomy.toml` the version. Every fault of every file is collected before `DataError` is raised, so that an editor
mends them in one go.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from routing.decision import Category, RequestKind
from routing.errors import DataError, Fault
from routing.tables import rows, sections

__all__ = (
    *("FEWEST_EXEMPLARS", "FIRST_LEVELS", "SPECIAL_LISTS", "TAGS", "Limit", "LimitUnit", "Problem", "Route"),
    *("Taxonomy", "Unit", "rows", "sections"),
)

FEWEST_EXEMPLARS: Final = 12
FIRST_LEVELS: Final = frozenset(
    (
        *("城乡建设", "党务政务", "国土资源", "环境保护", "纪检监察", "交通运输", "经济管理", "科技与信息产业"),
        *("民政", "农村农业", "商贸旅游", "卫生计生", "政法", "教育文体", "劳动和社会保障"),
    )
)
SPECIAL_LISTS: Final = {
    "environment": "环境保护",
    "poverty": "脱贫帮扶",
    "hygiene": "卫生创建",
    "city-appearance": "市容市貌",
    "sudden": "突发事件",
}
"""The lists whose matters are dispatched and handled at once, under the eyes of a unit's deputy head."""
TAGS: Final = (
    *("幼有所育", "学有所教", "劳有所得", "病有所医", "老有所养", "住有所居", "弱有所扶"),
    *("便利性", "宜居性", "多样性", "公正性", "安全性"),
)
"""七有 and 五性, by which matters of all classes are counted."""
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LIMIT = re.compile(r"([1-9]\d{0,2})([mhdw])")


class LimitUnit(StrEnum):
    """Minutes and hours run round the clock, days are calendar days, working days follow the holiday calendar."""

    MINUTES = "m"
    HOURS = "h"
    DAYS = "d"
    WORKING_DAYS = "w"


@dataclass(frozen=True, slots=True)
class Limit:
    """A time limit as the data writes it: `15m`, `24h`, `15d` or `5w` (working days)."""

    count: int
    unit: LimitUnit

    def __str__(self) -> str:
        return f"{self.count}{self.unit.value}"


class Route(StrEnum):
    """Who gets the matter: the unit, the street or town of the place, or both at once (双派) with the latter first."""

    UNIT = "unit"
    LOCAL = "local"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Unit:
    """A responsible unit; `kind` is department, company, street or town."""

    id: str
    name: str
    kind: str
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem type. `route` says who gets a matter that has a place; without one, and for enquiries, `unit` does.

    `joint` are the units a street may call in (吹哨); `level` is the response level 1 (2 h) to 4 (15 d), `sign_in` the
    time to accept the order and `deadline` the time to complete it; `special` names the special list or is empty;
    `words` are further words callers use for it, taught to the classifier beside the exemplars; `phrases` are taught
    to it too, but are no words that recognised text should be corrected to.
    """

    category: Category
    kind: RequestKind
    unit: str
    route: Route
    joint: tuple[str, ...]
    needs_place: bool
    level: int
    sign_in: Limit
    deadline: Limit
    special: str
    tags: tuple[str, ...]
    words: tuple[str, ...]
    phrases: tuple[str, ...]
    exemplars: tuple[str, ...]

    @property
    def local(self) -> bool:
        """Whether the street or town of the place comes first."""
        return self.route is not Route.UNIT


@dataclass(frozen=True, slots=True)
class Taxonomy:
    problems: dict[str, Problem]
    units: dict[str, Unit]
    version: str = field(default="")

    @classmethod
    def load(cls, folder: Path) -> "Taxonomy":
        """Raises `DataError` with every fault found."""
        faults: list[Fault] = []
        version = _version(folder / "taxonomy.toml", faults)
        units = _units(folder / "units.csv", faults)
        texts = _Texts.read(folder, faults)
        problems, known = _problems(folder / "problems.csv", texts, units, faults)
        if known:
            for fault_file, line, name in texts.headings:
                if name not in known:
                    faults.append(Fault(fault_file, line, f"[{name}] is no id in problems.csv"))
        if faults:
            raise DataError(faults)
        return cls(problems, units, version)


@dataclass(frozen=True, slots=True)
class _Texts:
    """Sentences and words by problem id, and every heading with its file and line."""

    exemplars: Mapping[str, tuple[str, ...]]
    words: Mapping[str, tuple[str, ...]]
    phrases: Mapping[str, tuple[str, ...]]
    headings: tuple[tuple[str, int, str], ...]

    @classmethod
    def read(cls, folder: Path, faults: list[Fault]) -> "_Texts":
        exemplars: dict[str, list[str]] = {}
        first: dict[str, str] = {}
        headings: list[tuple[str, int, str]] = []
        for path in sorted(folder.glob("exemplars*.txt")):
            for line, name, sentences in sections(path, faults):
                headings.append((path.name, line, name))
                exemplars.setdefault(name, []).extend(sentences)
                for sentence in sentences:
                    if sentence in first:
                        message = f"{sentence!r} under [{name}] again; first under [{first[sentence]}]"
                        faults.append(Fault(path.name, line, message))
                    first.setdefault(sentence, name)
        words = _words(folder / "words.txt", headings, faults)
        phrases = folder / "phrases.txt"
        found = _words(phrases, headings, faults) if phrases.exists() else {}
        return cls({name: tuple(lines) for name, lines in exemplars.items()}, words, found, tuple(headings))


def _words(path: Path, headings: list[tuple[str, int, str]], faults: list[Fault]) -> dict[str, tuple[str, ...]]:
    """What stands under each heading, apart by spaces."""
    words: dict[str, tuple[str, ...]] = {}
    for line, name, lines in sections(path, faults):
        headings.append((path.name, line, name))
        words[name] = tuple(dict.fromkeys(word for text in lines for word in text.split()))
    return words


def _version(path: Path, faults: list[Fault]) -> str:
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8")).get("version")
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        faults.append(Fault(path.name, 0, f"cannot be read: {exc}"))
        return ""
    if not isinstance(found, str) or not re.fullmatch(r"\d+\.\d+\.\d+", found):
        faults.append(Fault(path.name, 1, f'expected version = "1.2.3", found {found!r}'))
        return ""
    return found


def _units(path: Path, faults: list[Fault]) -> dict[str, Unit]:
    units: dict[str, Unit] = {}
    for line, row in rows(path, ("id", "name", "kind", "aliases"), faults):
        if not _ID.fullmatch(row["id"]) or row["id"] in units:
            faults.append(Fault(path.name, line, f"id {row['id']!r} is not ascii-kebab or is used twice"))
            continue
        if not row["name"]:
            faults.append(Fault(path.name, line, "a unit needs a name"))
        if row["kind"] not in ("department", "company", "street", "town"):
            faults.append(Fault(path.name, line, f"kind {row['kind']!r} is not department, company, street or town"))
        aliases = tuple(filter(None, row["aliases"].split("|")))
        units[row["id"]] = Unit(row["id"], row["name"], row["kind"], aliases)
    return units


_PROBLEM_COLUMNS = (
    *("id", "l1", "l2", "problem", "kind", "unit", "route", "joint", "needs_place", "level", "sign_in", "deadline"),
    *("special", "tags"),
)


def _problems(
    path: Path, texts: _Texts, units: dict[str, Unit], faults: list[Fault]
) -> tuple[dict[str, Problem], set[str]]:
    """The sound problem types, and every id that has a row."""
    problems: dict[str, Problem] = {}
    names: dict[str, str] = {}
    known: set[str] = set()
    for line, row in rows(path, _PROBLEM_COLUMNS, faults):
        wrong = list(_problem_faults(row, known, texts.exemplars, units))
        known.add(row["id"])
        if other := names.get(row["problem"]):
            wrong.append(f"problem name {row['problem']!r} is already that of {other!r}")
        names.setdefault(row["problem"], row["id"])
        faults.extend(Fault(path.name, line, message) for message in wrong)
        if not wrong:
            problems[row["id"]] = _problem(row, texts)
    return problems, known


def _problem(row: Mapping[str, str], texts: _Texts) -> Problem:
    return Problem(
        category=Category(row["id"], row["l1"], row["l2"], row["problem"]),
        kind=RequestKind(row["kind"]),
        unit=row["unit"],
        route=Route(row["route"]),
        joint=tuple(row["joint"].split()),
        needs_place=row["needs_place"] == "yes",
        level=int(row["level"]),
        sign_in=_limit(row["sign_in"]),
        deadline=_limit(row["deadline"]),
        special=row["special"],
        tags=tuple(row["tags"].split()),
        words=texts.words.get(row["id"], ()),
        phrases=texts.phrases.get(row["id"], ()),
        exemplars=texts.exemplars[row["id"]],
    )


def _limit(text: str) -> Limit:
    return Limit(int(text[:-1]), LimitUnit(text[-1]))


def _problem_faults(
    row: Mapping[str, str], known: set[str], exemplars: Mapping[str, tuple[str, ...]], units: Mapping[str, Unit]
) -> Iterator[str]:
    if not _ID.fullmatch(row["id"]):
        yield f"id {row['id']!r} is not ascii-kebab"
    if row["id"] in known:
        yield f"id {row['id']!r} is used twice"
    if row["l1"] not in FIRST_LEVELS:
        yield f"first level {row['l1']!r} is not one of the 15 official names"
    if not row["l2"] or not row["problem"]:
        yield "second level and problem name are needed"
    for unit in (row["unit"], *row["joint"].split()):
        if unit not in units:
            yield f"unit {unit!r} is not in units.csv"
    for column, allowed in _ALLOWED.items():
        if row[column] not in allowed:
            yield f"{column} {row[column]!r} is not one of {', '.join(filter(None, allowed))}"
    for column in ("sign_in", "deadline"):
        if not _LIMIT.fullmatch(row[column]):
            yield f"{column} {row[column]!r} is not a limit such as 15m, 24h, 15d or 5w (working days)"
    for tag in row["tags"].split():
        if tag not in TAGS:
            yield f"tag {tag!r} is not one of {', '.join(TAGS)}"
    if (count := len(exemplars.get(row["id"], ()))) < FEWEST_EXEMPLARS:
        yield f"{row['id']!r} has {count} sentences in exemplars*.txt, at least {FEWEST_EXEMPLARS} are needed"


_ALLOWED: Final = {
    "kind": tuple(kind.value for kind in RequestKind),
    "route": tuple(route.value for route in Route),
    "needs_place": ("yes", "no"),
    "level": ("1", "2", "3", "4"),
    "special": ("", *SPECIAL_LISTS),
}
