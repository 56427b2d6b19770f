"""Routing's units as the file that the ticket service begins its directory with.

The file has the shape of `PUT /api/v1/units`. It is read once, when the directory is empty: whoever imports a directory
of their own, with people and phone lists, is not overruled by it.
"""

import json
import os
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, Final

from routing.taxonomy import Taxonomy, Unit

_LEVELS: Final = {"town": "town", "street": "town"}
"""The level of a kind of unit; every other kind is the county's."""
_KINDS: Final = frozenset(("department", "town", "street", "company"))


def export_directory(path: Path, folder: Path | None = None) -> int:
    """Writes the file whole and says how many units it has. `folder` holds routing's CSV files; default: its own.

    Raises routing's DataError for data that is not right.
    """
    if folder is None:
        with as_file(files("routing") / "data") as own:
            taxonomy = Taxonomy.load(own)
    else:
        taxonomy = Taxonomy.load(folder)
    units = [_unit(each) for each in taxonomy.units.values()]
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(json.dumps({"units": units}, ensure_ascii=False, indent=1), "utf-8")
    temporary.replace(path)
    return len(units)


def _unit(unit: Unit) -> dict[str, Any]:
    kind = str(unit.kind)
    return {
        "id": unit.id,
        "name": unit.name,
        "level": _LEVELS.get(kind, "county"),
        "kind": kind if kind in _KINDS else "office",
    }
