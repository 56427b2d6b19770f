"""The taxonomy and the unit directory as data: read from CSV and plain text, checked as a whole, refused as a whole.

`problems.csv` has a row a problem type, `units.csv` a row a unit, `exemplars.txt` the callers' sentences under `[id]`
headings. Every fault of every file is collected before `DataError` is raised, so that an editor mends them in one go.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from routing.decision import Category, RequestKind
from routing.errors import DataError, Fault

FEWEST_EXEMPLARS = 12
FIRST_LEVELS = frozenset(
    (
        *("城乡建设", "党务政务", "国土资源", "环境保护", "纪检监察", "交通运输", "经济管理", "科技与信息产业"),
        *("民政", "农村农业", "商贸旅游", "卫生计生", "政法", "教育文体", "劳动和社会保障"),
    )
)
_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_HEADING = re.compile(r"\[([^\]]+)\]")


@dataclass(frozen=True, slots=True)
class Unit:
    """A responsible unit; `kind` is department, company, street or town."""

    id: str
    name: str
    kind: str
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem type. `local` matters go straight to the street or town of the place, else to `unit`.

    `level` is the response level 1 (2 h) to 4 (15 d); `special` names the special list or is empty; `words` are
    further words callers use for it, taught to the classifier beside the exemplars.
    """

    category: Category
    kind: RequestKind
    unit: str
    local: bool
    needs_place: bool
    level: int
    special: str
    words: tuple[str, ...]
    exemplars: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Taxonomy:
    problems: dict[str, Problem]
    units: dict[str, Unit]

    @classmethod
    def load(cls, folder: Path) -> "Taxonomy":
        """Raises `DataError` with every fault found."""
        faults: list[Fault] = []
        units = _units(folder / "units.csv", faults)
        exemplars = {name: lines for _, name, lines in sections(folder / "exemplars.txt", faults)}
        problems = _problems(folder / "problems.csv", exemplars, units, faults)
        for number, name, _ in sections(folder / "exemplars.txt", []):
            if problems and name not in problems:
                faults.append(Fault("exemplars.txt", number, f"sentences for {name!r}, which is no id in problems.csv"))
        if faults:
            raise DataError(faults)
        return cls(problems, units)


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
    *("id", "l1", "l2", "problem", "kind", "unit", "route", "needs_place", "level", "special", "words"),
)


def _problems(
    path: Path, exemplars: dict[str, tuple[str, ...]], units: dict[str, Unit], faults: list[Fault]
) -> dict[str, Problem]:
    problems: dict[str, Problem] = {}
    for line, row in rows(path, _PROBLEM_COLUMNS, faults):
        wrong = list(_problem_faults(row, problems, exemplars, units))
        faults.extend(Fault(path.name, line, message) for message in wrong)
        if wrong:
            continue
        problems[row["id"]] = Problem(
            Category(row["id"], row["l1"], row["l2"], row["problem"]),
            RequestKind(row["kind"]),
            row["unit"],
            row["route"] == "local",
            row["needs_place"] == "yes",
            int(row["level"]),
            row["special"],
            tuple(row["words"].split()),
            exemplars[row["id"]],
        )
    return problems


def _problem_faults(
    row: dict[str, str], known: dict[str, Problem], exemplars: dict[str, tuple[str, ...]], units: dict[str, Unit]
) -> Iterator[str]:
    if not _ID.fullmatch(row["id"]):
        yield f"id {row['id']!r} is not ascii-kebab"
    if row["id"] in known:
        yield f"id {row['id']!r} is used twice"
    if row["l1"] not in FIRST_LEVELS:
        yield f"first level {row['l1']!r} is not one of the 15 official names"
    if not row["l2"] or not row["problem"]:
        yield "second level and problem name are needed"
    if row["kind"] not in {kind.value for kind in RequestKind}:
        yield f"kind {row['kind']!r} is not one of {', '.join(kind.value for kind in RequestKind)}"
    if row["unit"] not in units:
        yield f"unit {row['unit']!r} is not in units.csv"
    if row["route"] not in ("unit", "local"):
        yield f"route {row['route']!r} is not unit or local"
    if row["needs_place"] not in ("yes", "no"):
        yield f"needs_place {row['needs_place']!r} is not yes or no"
    if row["level"] not in ("1", "2", "3", "4"):
        yield f"level {row['level']!r} is not 1 to 4"
    if (count := len(exemplars.get(row["id"], ()))) < FEWEST_EXEMPLARS:
        yield f"{row['id']!r} has {count} sentences in exemplars.txt, at least {FEWEST_EXEMPLARS} are needed"
