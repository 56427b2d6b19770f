"""The routing taxonomy as the file that the ticket service reads: services that can be asked for, with their units.

The ticket service knows no routing and reads no package of it; this is where the two meet. A unit or level that routing
leaves to the place of the matter is left open here too.
"""

import json
import os
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from routing.taxonomy import Problem, Taxonomy

_EXAMPLES = 2
_MOST_KEYWORDS = 100
"""The ticket service takes no more of a service; they are for searching, the classifier has them all."""


def export_taxonomy(path: Path, folder: Path | None = None) -> int:
    """Writes the file whole and says how many services it has. `folder` holds routing's CSV files; default: its own.

    Raises routing's DataError for data that is not right.
    """
    if folder is None:
        with as_file(files("routing") / "data") as own:
            taxonomy = Taxonomy.load(own)
    else:
        taxonomy = Taxonomy.load(folder)
    services = [_service(code, problem, taxonomy) for code, problem in taxonomy.problems.items()]
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps({"services": services}, ensure_ascii=False, indent=1), "utf-8")
    temporary.replace(path)
    return len(services)


def _service(code: str, problem: Problem, taxonomy: Taxonomy) -> dict[str, Any]:
    category = problem.category
    unit = taxonomy.units.get(problem.unit)
    return {
        "code": code,
        "name": category.problem,
        "description": ("例如：" + "；".join(problem.exemplars[:_EXAMPLES]))[:1000],
        "l1": category.l1,
        "l2": category.l2,
        "kind": str(problem.kind),
        "level": problem.level,
        # A local matter goes to the street or town of its place, which the reviewer picks.
        "unit_id": None if problem.local or unit is None else unit.id,
        "unit": None if problem.local or unit is None else unit.name,
        "needs_place": problem.needs_place,
        "keywords": list(problem.words)[:_MOST_KEYWORDS],
    }
