"""`hotline models`: what is here, and fetching with pinned hashes from whichever source can be reached."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from hotline.cli.common import AsJson, in_user_words, print_json, say, settings_of
from hotline.errors import WrongUse
from speech import models

group = typer.Typer(help="Models: list and fetch.", no_args_is_help=True, rich_markup_mode=None)

Names = Annotated[list[str] | None, typer.Argument(help="names from `models list`; default: what a hotline needs")]
Folder = Annotated[Path | None, typer.Option("--from", help="a folder or file to take the model from first")]


@group.command("list")
def list_(context: typer.Context, json_: AsJson = False) -> None:
    """Every model the project knows, and whether it is present and whole."""
    with in_user_words():
        states = models.list_models(settings_of(context).paths.models)
    if json_:
        print_json(
            [
                {"name": each.name, "status": each.status.value, "path": str(each.path), "purpose": each.purpose}
                | {"licence": each.licence, "detail": each.detail}
                for each in states
            ]
        )
        return
    for each in states:
        print(f"{each.name:14} {each.status.value:9} {each.purpose} ({each.licence}) {each.detail}")


@group.command("fetch")
def fetch_(context: typer.Context, names: Names = None, folder: Folder = None, json_: AsJson = False) -> None:
    """Fetch models; says what was picked, from where, and why."""
    target = settings_of(context).paths.models
    known = [state.name for state in models.list_models(target)]
    if unknown := [name for name in names or () if name not in known]:
        raise WrongUse(f"there is no model {unknown[0]!r}; the models are {', '.join(known)}")
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=Console(stderr=True), transient=True
    )
    with in_user_words(), bar:
        rows: dict[tuple[str, str], TaskID] = {}

        def show(progress: models.Progress) -> None:
            key = (progress.name, progress.step)
            if key not in rows:
                rows[key] = bar.add_task(f"{progress.name}: {progress.step}", total=None)
            bar.update(rows[key], completed=progress.done, total=progress.total or None)

        if names:
            results = [models.fetch(name, target, progress=show, folder=folder) for name in names]
        else:
            results = models.fetch_default(target, progress=show, folder=folder)
    for result in results:
        say(f"{result.name}: {result.why}")
    if json_:
        print_json(
            [{"name": each.name, "path": str(each.path), "source": each.source, "why": each.why} for each in results]
        )


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="models")
