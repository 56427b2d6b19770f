"""`hotline route train` and `evaluate`: an organisation's own tickets, labelled or corrected by its operators."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from hotline.cli.common import in_user_words, print_json, say, settings_of
from hotline.errors import HotlineError

_STEPS = {
    "read": "reading tickets",
    "train": "training, five folds and the whole",
    "measure": "measuring on tickets held out",
    "write": "writing the model",
}

Tickets = Annotated[Path, typer.Argument(help="CSV with the columns text,label; or JSON, as the ticket service lists")]


def train(
    context: typer.Context,
    file: Tickets,
    out: Annotated[Path | None, typer.Option(help="default: routing-model in the home folder")] = None,
    with_shipped: Annotated[
        bool, typer.Option("--with-shipped", help="train on the shipped sentences as well: for a few corrections")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="replace the model in use even by a worse one")] = False,
) -> None:
    """Train a classifier on an organisation's own labelled tickets; a worse one is refused."""
    from routing.learning import shipped_pairs, train_checked, with_ids  # brings scikit-learn
    from routing.router import Router

    target = out or settings_of(context).paths.home / "routing-model"
    with in_user_words(), _steps() as tell:
        tell("read")
        from routing.evaluation import read_pairs

        pairs = read_pairs(file)
        shipped = Router.load()
        pairs = with_ids(pairs, shipped.taxonomy)
        if with_shipped:
            pairs = shipped_pairs(shipped.taxonomy) + pairs
        today = datetime.now().astimezone().date()
        outcome = train_checked(pairs, file.name, target, today=today, shipped=shipped, force=force, tell=tell)
    print_json(outcome.card.as_json()["five_fold"] | {"held_out": outcome.card.as_json()["held_out"]})
    if outcome.kept:
        raise HotlineError(outcome.words)
    say(f"{outcome.words}, with its card")


def evaluate(
    file: Tickets,
    model: Annotated[Path | None, typer.Option(help="folder of a trained model; default: the shipped router")] = None,
) -> None:
    """Accuracy, macro-F1 and a confusion table on labelled tickets: JSON on standard output, a table beside it."""
    from routing.classifier import Classifier
    from routing.evaluation import evaluate_csv
    from routing.learning import MODEL_NAME
    from routing.router import Router

    with in_user_words():
        subject = Router.load() if model is None else Classifier.load(model / MODEL_NAME if model.is_dir() else model)
        report = evaluate_csv(file, subject)
    for line in report.lines():
        say(line)
    print_json(report.as_json())


@contextmanager
def _steps() -> Iterator[Callable[[str], None]]:
    """A progress bar on a terminal, nothing elsewhere: it fills as the steps are done, and moves through the long one,
    whose end nobody knows."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("", total=len(_STEPS))
        order = list(_STEPS)

        def tell(step: str) -> None:
            total = None if step == "train" else len(order)
            bar.update(task, description=_STEPS[step], completed=order.index(step), total=total)

        yield tell
        bar.update(task, completed=len(order), total=len(order))


def add_to(group: typer.Typer) -> None:
    """Give `hotline route` these commands."""
    group.command("train")(train)
    group.command("evaluate")(evaluate)
