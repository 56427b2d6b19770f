"""`hotline bench`: the project's own figures, each beside a peer or a limit, with the machine named."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hotline.cli.common import AsJson, in_user_words, print_json, say, settings_of
from hotline.cli.speech import EngineName, ModelName, chosen_speech
from hotline.errors import HotlineError, WrongUse
from hotline.layout import shipped_sounds
from speech.engines import choose
from tickets.sample import HANDLERS, TICKETS, UNITS

if TYPE_CHECKING:
    from hotline.bench.report import Report

group = typer.Typer(
    help="The project's own figures, each beside a peer or a limit.", no_args_is_help=True, rich_markup_mode=None
)

Check = Annotated[bool, typer.Option("--check", help="exit status 1 when a goal is missed")]
Runs = Annotated[int, typer.Option("--runs", min=1, help="measured rounds of each candidate")]

Folder = Annotated[Path, typer.Option("--folder", help="where the databases are made; its disk is measured")]
PostgresUrl = Annotated[str | None, typer.Option(help="a PostgreSQL server to measure on as well")]


def show(run: "Callable[[], Report]", *, as_json: bool, check: bool) -> None:
    """Run a bench and print its report; every command of this group ends here."""
    with in_user_words():
        report = run()
    if as_json:
        print_json(report.as_json(), indent=2)
    else:
        for line in report.lines():
            print(line)
    if check and report.missed:
        raise HotlineError(f"goals missed: {', '.join(figure.name for figure in report.missed)}")


@group.command()
def tickets(
    folder: Folder = Path(),
    postgres_url: PostgresUrl = None,
    connections: Annotated[int, typer.Option(min=1, help="clients at once")] = 32,
    requests: Annotated[int, typer.Option(min=100, help="tickets in a round")] = 4000,
    runs: Runs = 5,
    check: Check = False,
    json_: AsJson = False,
) -> None:
    """Durable ticket creates a second, beside raw commits and the service that one would write first."""
    from hotline.bench import tickets as bench

    options = bench.Options(_existing(folder), postgres_url, connections, requests, runs)
    show(lambda: bench.run(options, say), as_json=json_, check=check)


@group.command()
def archive(
    folder: Folder = Path(),
    postgres_url: PostgresUrl = None,
    tickets: Annotated[int, typer.Option(min=100, help="tickets in the archive")] = TICKETS,
    units: Annotated[int, typer.Option(min=8, help="units in its directory")] = UNITS,
    handlers: Annotated[int, typer.Option(min=8, help="people in its directory")] = HANDLERS,
    requests: Annotated[int, typer.Option(min=1, help="requests of each kind in a round")] = 40,
    runs: Runs = 5,
    check: Check = False,
    json_: AsJson = False,
) -> None:
    """A city's year of tickets: time to load it, to list, to search, to rank all units, to write the workbook."""
    from hotline.bench import archive as bench

    if handlers < units:
        raise WrongUse(f"there must be a handler for each unit: {handlers} handlers, {units} units")
    options = bench.Options(_existing(folder), postgres_url, tickets, units, handlers, requests, runs)
    show(lambda: bench.run(options, say), as_json=json_, check=check)


@group.command()
def speech(
    context: typer.Context,
    engine: EngineName = None,
    model: ModelName = None,
    runs: Runs = 5,
    check: Check = False,
    json_: AsJson = False,
) -> None:
    """Callers recognised at once, beside the same engine alone; how late results and the event loop are."""
    from hotline.bench import speech as bench

    settings = settings_of(context)
    with in_user_words():
        chosen = chosen_speech(settings.speech, engine, model)
        options = bench.Options(choose(chosen, settings.paths.models), chosen, shipped_sounds(), runs)
    show(lambda: bench.run(options, say), as_json=json_, check=check)


@group.command()
def routing(
    sentences: Annotated[int, typer.Option(min=100, help="sentences in a round")] = 400,
    runs: Runs = 5,
    check: Check = False,
    json_: AsJson = False,
) -> None:
    """Decisions a second on one core, their percentiles, load time and memory, beside scikit-learn's bare predict."""
    from hotline.bench import routing as bench

    show(lambda: bench.run(bench.Options(sentences, runs), say), as_json=json_, check=check)


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        raise FileNotFoundError(2, "no such folder", str(folder))
    return folder.resolve()


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="bench")
