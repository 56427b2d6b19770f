"""`hotline route`: text to decision, and training and judging of the classifier on an organisation's own tickets."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from hotline.cli import route_assess, route_learning, route_places, route_twins
from hotline.cli.common import AsJson, in_user_words, print_json, settings_of
from hotline.errors import WrongUse
from routing.router import Router

LONGEST_TEXT = 20_000


class TextOrCommand(TyperGroup):
    """A group whose first word may be a command (`train`, `places` …) or else the text to route."""

    # Typer carries a private copy of Click, whose types have no public name.
    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands:
            args = ["text", *args]
        return super().resolve_command(ctx, args)


group = typer.Typer(
    cls=TextOrCommand,
    help="Text to decision: category, unit, place, urgency, danger.",
    invoke_without_command=True,
    rich_markup_mode=None,
)


@group.callback()
def route(
    context: typer.Context,
    jsonl: Annotated[Path | None, typer.Option(help='one {"id","text"} a line; "-": standard input')] = None,
    json_: AsJson = True,
) -> None:
    """Print the decision on a text, or on each line of a file, as JSON lines."""
    if context.invoked_subcommand is not None:
        if jsonl is not None:
            raise WrongUse("give either a text or --jsonl FILE, not both")
        return
    if jsonl is None:
        raise WrongUse("give a text in quotation marks, or --jsonl FILE")
    with in_user_words():
        router = _router(context)
        for line in list(_read(jsonl)):
            print_json(router.decide(line["text"]).as_json(line["id"]))


@group.command("text", hidden=True)
def text_(context: typer.Context, words: Annotated[list[str], typer.Argument()], json_: AsJson = True) -> None:
    """The decision on one text."""
    text = " ".join(words)
    if not text.strip():
        raise WrongUse("the text is empty; give what the caller said")
    if len(text) > LONGEST_TEXT:
        raise WrongUse(f"a text may have {LONGEST_TEXT} characters, this one has {len(text)}")
    with in_user_words():
        print_json(_router(context).decide(text).as_json())


def _router(context: typer.Context) -> Router:
    """With the category model that calls use."""
    return Router.load(classifier=settings_of(context).ivr.classifier)


def _read(path: Path) -> Iterator[dict[str, Any]]:
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
    except UnicodeDecodeError as exc:
        raise WrongUse(f"{path} is not UTF-8 text (byte {exc.start})") from exc
    except OSError as exc:
        raise WrongUse(f"cannot read {path}: {exc.strerror}") from exc
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError as exc:
            raise WrongUse(f"{path}, line {number}: not JSON: {exc}") from exc
        if not isinstance(value, dict) or not isinstance(value.get("text"), str):
            raise WrongUse(f'{path}, line {number}: expected {{"id": …, "text": "…"}}')
        yield {"id": value.get("id"), "text": value["text"]}


def register(app: typer.Typer) -> None:
    for part in (route_assess, route_learning, route_places, route_twins):
        part.add_to(group)
    app.add_typer(group, name="route")
