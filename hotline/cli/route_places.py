"""`hotline route places`: the gazetteer, and taking an organisation's own places or OpenStreetMap's into it."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from hotline.cli.common import AsJson, in_user_words, print_json, say
from hotline.errors import WrongUse

group = typer.Typer(help="The gazetteer: import and check.", no_args_is_help=True, rich_markup_mode=None)

Into = Annotated[
    Path | None, typer.Option("--into", help="gazetteer that the places are added to; default: the shipped sample")
]
Out = Annotated[Path | None, typer.Option("--out", help="where the whole gazetteer is written")]
Parent = Annotated[str, typer.Option("--parent", help="id of the place around all rows of an OpenStreetMap table")]
Alone = Annotated[bool, typer.Option("--alone", help="add to nothing: the file is a whole gazetteer")]


@group.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="CSV with the gazetteer's columns, or an Overpass table")],
    check: Annotated[bool, typer.Option("--check", help="only say what would be taken")] = False,
    into: Into = None,
    out: Out = None,
    parent: Parent = "",
    alone: Alone = False,
    json_: AsJson = False,
) -> None:
    """Take places into the gazetteer, or check that they could be taken."""
    from routing.gazetteer import load_entries, save_entries
    from routing.gazetteer_import import import_places
    from routing.router import DATA_DIR
    from routing.taxonomy import Taxonomy

    if not check and out is None:
        raise WrongUse("say where the gazetteer is to be written with --out FILE, or try it with --check")
    if alone and into is not None:
        raise WrongUse("give either --into GAZETTEER or --alone, not both")
    with in_user_words():
        units = Taxonomy.load(DATA_DIR).units
        known = {} if alone else load_entries(into or DATA_DIR / "places.csv", units)
        taken = import_places(file, known, units, parent)
        if out is not None and not check:
            save_entries(out, taken.entries)
    kinds = Counter(entry.kind for entry in taken.entries.values())
    found = {
        "places": len(taken.entries),
        "kinds": dict(kinds),
        "added": len(taken.added),
        "changed": len(taken.changed),
        "skipped": dict(taken.skipped),
        "shared_names": {name: list(ids) for name, ids in taken.shared_names.items()},
    }
    if json_:
        print_json(found)
        return
    print(f"{found['added']} new places, {found['changed']} changed, {found['places']} in all")
    for reason, count in taken.skipped.items():
        print(f"left out, {reason}: {count}")
    print(f"{len(taken.shared_names)} names are shared by several places; callers are asked which one they mean")
    if out is not None and not check:
        say(f"gazetteer written to {out}")


def add_to(parent: typer.Typer) -> None:
    """Give `hotline route` this group."""
    parent.add_typer(group, name="places")
