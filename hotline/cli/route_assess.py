"""`hotline route assess`: how well routing does on held-out sentences, as they were said and as a call hears them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hotline.cli.common import in_user_words, settings_of

if TYPE_CHECKING:
    from routing.heldout import Example, HeldOut
    from speech.text.correction import Corrector


def assess(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="with emergencies, possible, traps and categories .csv")],
    final: Annotated[bool, typer.Option("--final", help="the sealed sets of final/ below it, which decide")] = False,
    misses: Annotated[bool, typer.Option("--misses", help="also list every sentence that went wrong")] = False,
) -> None:
    """Print what routing notices and mistakes, as JSON. Twins under recognised/ are corrected first, as in a call."""
    from ivr.domain_terms import domain_corrector
    from routing.assess import assess as judge
    from routing.heldout import read_held_out, read_recognised
    from routing.router import Router

    with in_user_words():
        router = Router.load(classifier=settings_of(context).ivr.classifier)
        here = folder / "final" if final else folder
        held_out = read_held_out(here, router.taxonomy)
        recognised = read_recognised(here, held_out)
        sets = {"": held_out}
        if recognised is not None:
            sets["recognised"] = as_in_a_call(recognised, domain_corrector(router))
            # Exactly the same sentences, so that what recognition costs is not mixed up with which ones were taken.
            sets["recognised_as_plain"] = recognised.plain()
        report: dict[str, Any] = {}
        for name, each in sets.items():
            found = judge(router, each, router.taxonomy)
            report |= {name: found.figures} if name else found.figures
            if misses and name != "recognised_as_plain":
                report[f"{name}_misses".lstrip("_")] = [miss.as_json() for miss in found.misses]
    typer.echo(_printed(report))


def as_in_a_call(recognised: "HeldOut", corrector: "Corrector") -> "HeldOut":
    """What a call decides on: the corrected text, with what was heard as the first of its lower readings."""
    sets = recognised.sets().values()
    return type(recognised)(*(tuple(_heard(example, corrector) for example in each) for each in sets))


def _heard(example: "Example", corrector: "Corrector") -> "Example":
    from ivr.call.hearing import corrected
    from speech.ports import Alternative, Final

    readings = tuple(Alternative(each, 0.0) for each in (example.text, *example.alternatives))
    final, changes = corrected(Final(readings, 0.0, 0.0), corrector)
    if not changes:
        return example
    others = tuple(each.text for each in final.alternatives[1:])
    return replace(example, text=final.text, alternatives=others, heard=example.text)


def add_to(group: typer.Typer) -> None:
    """Give `hotline route` this command."""
    group.command("assess")(assess)


def _printed(value: Any, depth: int = 0) -> str:
    """JSON with one line for each thing that holds nothing deeper than shares."""
    pad = "\n" + " " * (depth + 1)
    if isinstance(value, dict) and any(isinstance(each, dict | list) for each in value.values()) and _height(value) > 2:
        inner = ("," + pad).join(f"{json.dumps(k)}: {_printed(each, depth + 1)}" for k, each in value.items())
        return "{" + pad + inner + pad[:-1] + "}"
    if isinstance(value, list) and value:
        return "[" + pad + ("," + pad).join(_printed(each, depth + 1) for each in value) + pad[:-1] + "]"
    return json.dumps(value, ensure_ascii=False)


def _height(value: Any) -> int:
    """How many levels of objects and lists there are."""
    if isinstance(value, dict):
        return 1 + max(map(_height, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_height, value), default=0)
    return 0
