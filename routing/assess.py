"""How well routing does on sentences it has never seen: a folder of held-out CSV files in, one JSON report out.

The folder holds `emergencies.csv` (situation,service,text), `possible.csv` and `traps.csv` (situation,text) and
`categories.csv` (problem,text). Nothing is fitted here and nothing may be: a sentence that has steered the training
data or a threshold measures nothing any more. An abstention counts as a wrong category everywhere except in the
abstention curve, which shows what answering less would buy. Run: `python -m routing.assess FOLDER [--misses]`.
"""

import argparse
import csv
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from routing.decision import Decision, EmergencyLevel
from routing.errors import DataError, Fault
from routing.router import Router
from routing.taxonomy import Taxonomy

SERVICES: Final = frozenset({"110", "119", "120", "122", "gas"})
CURVE: Final = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
COLUMNS: Final = {
    "emergencies": ("situation", "service", "text"),
    "possible": ("situation", "text"),
    "traps": ("situation", "text"),
    "categories": ("problem", "text"),
}


class Decider(Protocol):
    """What is assessed; `routing.router.Router` is one."""

    def decide(self, text: str) -> Decision: ...


@dataclass(frozen=True, slots=True)
class Example:
    """A held-out sentence. `group` is its situation or problem id; `service` is empty except for emergencies."""

    group: str
    text: str
    service: str = ""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The four sets, in the files' order."""

    emergencies: tuple[Example, ...]
    possible: tuple[Example, ...]
    traps: tuple[Example, ...]
    categories: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Miss:
    """A sentence that went wrong: what was `expected` and what routing said instead."""

    set: str
    group: str
    expected: str
    got: str
    text: str

    def as_json(self) -> dict[str, str]:
        return {"set": self.set, "group": self.group, "expected": self.expected, "got": self.got, "text": self.text}


@dataclass(frozen=True, slots=True)
class Assessment:
    """`figures` is ready for JSON: shares are 0..1, rounded to four places, beside the counts they come from."""

    figures: dict[str, Any]
    misses: tuple[Miss, ...]


def read_held_out(folder: Path, taxonomy: Taxonomy) -> HeldOut:
    """Raises `DataError` naming every missing file, wrong header, short row, unknown service and unknown problem."""
    faults: list[Fault] = []
    sets = {name: tuple(_read(folder / f"{name}.csv", columns, faults)) for name, columns in COLUMNS.items()}
    for line, example in enumerate(sets["emergencies"], 2):
        if example.service not in SERVICES:
            faults.append(Fault("emergencies.csv", line, f"service {example.service!r} is none of {sorted(SERVICES)}"))
    for line, example in enumerate(sets["categories"], 2):
        if example.group not in taxonomy.problems:
            faults.append(Fault("categories.csv", line, f"problem {example.group!r} is not in problems.csv"))
    if faults:
        raise DataError(faults)
    return HeldOut(**sets)


def assess(decider: Decider, held_out: HeldOut, taxonomy: Taxonomy) -> Assessment:
    """Decides every sentence once."""
    misses: list[Miss] = []
    figures = {
        "emergencies": _emergencies(decider, held_out.emergencies, misses),
        "possible": _possible(decider, held_out.possible, misses),
        "traps": _traps(decider, held_out.traps, misses),
        "categories": _categories(decider, held_out.categories, taxonomy, misses),
    }
    return Assessment(figures, tuple(misses))


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the report; 2 for wrong use or unusable data."""
    parser = argparse.ArgumentParser(prog="python -m routing.assess", description="Measure routing on held-out CSVs.")
    parser.add_argument("folder", type=Path, help="folder with emergencies, possible, traps and categories .csv")
    parser.add_argument("--misses", action="store_true", help="also list every sentence that went wrong")
    given = parser.parse_args(arguments)
    try:
        router = Router.load()
        held_out = read_held_out(given.folder, router.taxonomy)
    except DataError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    result = assess(router, held_out, router.taxonomy)
    report = dict(result.figures)
    if given.misses:
        report["misses"] = [miss.as_json() for miss in result.misses]
    sys.stdout.write(json.dumps(report, ensure_ascii=False, indent=1) + "\n")
    return 0


def _emergencies(decider: Decider, examples: Sequence[Example], misses: list[Miss]) -> dict[str, Any]:
    levels, right_service, of_service = [], 0, {name: [0, 0] for name in sorted(SERVICES)}
    for example in examples:
        found = decider.decide(example.text).emergency
        noticed = found.level is not EmergencyLevel.NONE
        levels.append(found.level)
        of_service[example.service][0] += noticed
        of_service[example.service][1] += 1
        right_service += noticed and found.service == example.service
        if not noticed or found.service != example.service:
            got = f"{found.level.value} {found.service}".strip()
            misses.append(Miss("emergencies", example.group, example.service, got, example.text))
    noticed_all = sum(level is not EmergencyLevel.NONE for level in levels)
    return {
        "sentences": len(examples),
        "situations": len({example.group for example in examples}),
        "recall": _share(noticed_all, len(examples)),
        "certain": _share(sum(level is EmergencyLevel.CERTAIN for level in levels), len(examples)),
        # Of the noticed ones: a missed emergency has no service to be right about.
        "service_accuracy": _share(right_service, noticed_all),
        "recall_by_service": {name: _share(*counts) for name, counts in of_service.items()},
    }


def _possible(decider: Decider, examples: Sequence[Example], misses: list[Miss]) -> dict[str, Any]:
    levels = []
    for example in examples:
        level = decider.decide(example.text).emergency.level
        levels.append(level)
        if level is EmergencyLevel.NONE:
            misses.append(Miss("possible", example.group, "possible", level.value, example.text))
    return {
        "sentences": len(examples),
        "noticed": _share(sum(level is not EmergencyLevel.NONE for level in levels), len(examples)),
        "certain": _share(sum(level is EmergencyLevel.CERTAIN for level in levels), len(examples)),
    }


def _traps(decider: Decider, examples: Sequence[Example], misses: list[Miss]) -> dict[str, Any]:
    levels = []
    for example in examples:
        found = decider.decide(example.text).emergency
        levels.append(found.level)
        if found.level is not EmergencyLevel.NONE:
            got = f"{found.level.value} {found.service}".strip()
            misses.append(Miss("traps", example.group, "none", got, example.text))
    certain = sum(level is EmergencyLevel.CERTAIN for level in levels)
    possible = sum(level is EmergencyLevel.POSSIBLE for level in levels)
    return {
        "sentences": len(examples),
        "false_certain": _share(certain, len(examples)),
        "false_certain_count": certain,
        "false_possible": _share(possible, len(examples)),
        "false_possible_count": possible,
    }


def _categories(
    decider: Decider, examples: Sequence[Example], taxonomy: Taxonomy, misses: list[Miss]
) -> dict[str, Any]:
    judged: list[tuple[Example, Decision]] = []
    for example in examples:
        decision = decider.decide(example.text)
        judged.append((example, decision))
        if decision.category is None or decision.category.id != example.group:
            likeliest = decision.candidates[0].category.id if decision.candidates else ""
            got = decision.category.id if decision.category else f"abstained ({likeliest})"
            misses.append(Miss("categories", example.group, example.group, got, example.text))

    def first_level(example: Example) -> str:
        return taxonomy.problems[example.group].category.l1

    def count(is_right: Callable[[Example, Decision], bool]) -> float | None:
        return _share(sum(is_right(example, decision) for example, decision in judged), len(judged))

    return {
        "sentences": len(examples),
        "problems": len({example.group for example in examples}),
        "l1": count(lambda e, d: d.category is not None and d.category.l1 == first_level(e)),
        "problem": count(lambda e, d: d.category is not None and d.category.id == e.group),
        # Offered by name when the classifier abstains, so an abstention does not spoil these two.
        "top3_l1": count(lambda e, d: first_level(e) in {c.category.l1 for c in d.candidates}),
        "top3_problem": count(lambda e, d: e.group in {c.category.id for c in d.candidates}),
        "abstained": count(lambda _, d: d.category is None),
        # Everyday matters, no traps: what the detector's caution costs ordinary callers.
        "flagged_certain": count(lambda _, d: d.emergency.level is EmergencyLevel.CERTAIN),
        "flagged_possible": count(lambda _, d: d.emergency.level is EmergencyLevel.POSSIBLE),
        "curve": [_curve_point(least, judged, first_level) for least in CURVE],
    }


def _curve_point(
    least: float, judged: Iterable[tuple[Example, Decision]], first_level: Callable[[Example], str]
) -> dict[str, float | None]:
    """The likeliest candidate taken at its word from probability `least` upwards, whatever the shipped threshold."""
    total = answered = right_l1 = right_problem = 0
    for example, decision in judged:
        total += 1
        if not decision.candidates or decision.candidates[0].probability < least:
            continue
        best = decision.candidates[0].category
        answered += 1
        right_l1 += best.l1 == first_level(example)
        right_problem += best.id == example.group
    return {
        "least": least,
        "answered": _share(answered, total),
        "l1": _share(right_l1, answered),
        "problem": _share(right_problem, answered),
    }


def _share(part: int, whole: int) -> float | None:
    """None, JSON's null, where there is nothing to take a share of."""
    return round(part / whole, 4) if whole else None


def _read(path: Path, columns: tuple[str, ...], faults: list[Fault]) -> Iterable[Example]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError) as error:
        faults.append(Fault(path.name, 0, f"expected a UTF-8 CSV file, but it cannot be read: {error}"))
        return
    if not rows or tuple(rows[0]) != columns:
        faults.append(Fault(path.name, 1, f"expected the header {','.join(columns)}, found {rows[:1]}"))
        return
    for line, row in enumerate(rows[1:], 2):
        if len(row) != len(columns) or not all(cell.strip() for cell in row):
            faults.append(Fault(path.name, line, f"expected {len(columns)} filled cells, found {row}"))
            continue
        yield Example(row[0], row[-1], row[1] if len(columns) == 3 else "")


if __name__ == "__main__":
    sys.exit(main())
