"""`python -m routing.taxonomy_page [OUT]`: the taxonomy as a page for readers, generated so that it cannot go stale."""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from routing.decision import RequestKind
from routing.errors import DataError
from routing.router import DATA_DIR
from routing.taxonomy import SPECIAL_LISTS, TAGS, Limit, LimitUnit, Problem, Route, Taxonomy

_UNITS: Final = {
    LimitUnit.MINUTES: "min",
    LimitUnit.HOURS: "h",
    LimitUnit.DAYS: "d",
    LimitUnit.WORKING_DAYS: "working d",
}
_ROUTES: Final = {Route.UNIT: "department", Route.LOCAL: "street or town", Route.BOTH: "both at once (双派)"}
_KINDS: Final = {
    RequestKind.COMPLAINT: "投诉",
    RequestKind.ENQUIRY: "咨询",
    RequestKind.HELP: "求助",
    RequestKind.REPORT: "举报报修",
    RequestKind.SUGGESTION: "建议",
    RequestKind.PRAISE: "表扬",
}
_COLUMNS: Final = (
    *("problem", "second level", "usual kind", "goes to", "department", "may be called in", "level", "sign in"),
    "done in",
)
_SAMPLES: Final = 2


def page(taxonomy: Taxonomy) -> str:
    """The whole page in Markdown."""
    return "\n".join((*_head(taxonomy), *_classes(taxonomy), *_tags(taxonomy), *_directory(taxonomy))) + "\n"


def _head(taxonomy: Taxonomy) -> Iterator[str]:
    problems = taxonomy.problems.values()
    classes = {problem.category.l1 for problem in problems}
    sentences = sum(len(problem.exemplars) for problem in problems)
    yield "# What callers call about"
    yield ""
    yield (
        f"Version {taxonomy.version}: {len(problems)} problem types in {len(classes)} first-level classes, taught by "
        f"{sentences} sentences. Generated from `routing/data` by `python -m routing.taxonomy_page`; edit the data, "
        "not this page."
    )
    yield ""
    yield (
        "A matter with a place goes to the street or town of the place, to the department, or to both at once; without "
        "a place, and when the caller only asks, to the department. *May be called in* names the units that a street "
        "can whistle for (吹哨). Levels are response levels: 1 within 2 h, 2 within 24 h, 3 within 7 d, 4 within 15 d."
    )
    yield ""


def _classes(taxonomy: Taxonomy) -> Iterator[str]:
    by_class: dict[str, list[Problem]] = {}
    for problem in taxonomy.problems.values():
        by_class.setdefault(problem.category.l1, []).append(problem)
    for name, problems in by_class.items():
        yield f"## {name}"
        yield ""
        yield f"| {' | '.join(_COLUMNS)} |"
        yield "|---" * len(_COLUMNS) + "|"
        yield from (_row(taxonomy, problem) for problem in problems)
        yield ""
        for problem in problems:
            said = "；".join(problem.exemplars[:_SAMPLES])
            yield f"- **{problem.category.problem}** (`{problem.category.id}`): {said}"
        yield ""


def _row(taxonomy: Taxonomy, problem: Problem) -> str:
    special = f" ({SPECIAL_LISTS[problem.special]})" if problem.special else ""
    cells = (
        problem.category.problem + special,
        problem.category.l2,
        _KINDS[problem.kind],
        _ROUTES[problem.route],
        taxonomy.units[problem.unit].name,
        "、".join(taxonomy.units[unit].name for unit in problem.joint),
        str(problem.level),
        _limit(problem.sign_in),
        _limit(problem.deadline),
    )
    return f"| {' | '.join(cells)} |"


def _limit(limit: Limit) -> str:
    return f"{limit.count} {_UNITS[limit.unit]}"


def _tags(taxonomy: Taxonomy) -> Iterator[str]:
    yield "## 七有 and 五性"
    yield ""
    for tag in TAGS:
        names = [problem.category.problem for problem in taxonomy.problems.values() if tag in problem.tags]
        yield f"- **{tag}**: {'、'.join(names)}"
    yield ""


def _directory(taxonomy: Taxonomy) -> Iterator[str]:
    owned = Counter(problem.unit for problem in taxonomy.problems.values())
    yield "## Units"
    yield ""
    yield "| unit | kind | also called | problem types |"
    yield "|---|---|---|---|"
    for unit in taxonomy.units.values():
        yield f"| {unit.name} | {unit.kind} | {'、'.join(unit.aliases)} | {owned[unit.id] or ''} |"


def main(arguments: list[str]) -> int:
    if len(arguments) > 1 or arguments[:1] in (["-h"], ["--help"]):
        sys.stderr.write("usage: python -m routing.taxonomy_page [OUT.md]\n")
        return 2
    try:
        text = page(Taxonomy.load(DATA_DIR))
    except DataError as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    if arguments:
        Path(arguments[0]).write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
