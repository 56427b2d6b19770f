"""`hotline route twins`: sentences as the recogniser of live calls hears them over a telephone."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hotline.cli.common import in_user_words, print_json, say, settings_of
from hotline.errors import WrongUse


def twins(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV with a column text; the others are carried along")],
    out: Annotated[Path, typer.Option(help="the same columns and heard")],
    voices: Annotated[str | None, typer.Option(help="comma-separated; default: five of Kokoro's")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="at most so many sentences in this run")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="go on where an earlier run stopped")] = False,
    jobs: Annotated[int, typer.Option(min=1, max=64, help="processes, a core each")] = 1,
    alternatives: Annotated[int, typer.Option(min=0, max=4, help="also so many lower readings, as others")] = 0,
    seed: Annotated[int, typer.Option(help="another seed gives other voices, paces and noises")] = 0,
) -> None:
    """Let every sentence be said by some voice, heard over the telephone, and recognised as in a call."""
    # Imported here: `hotline route TEXT` should not wait for voices and recognisers.
    from hotline.twins.listening import ListenerSpec
    from hotline.twins.table import open_twins, read_table
    from hotline.twins.takes import MIXED_VOICES, take_for
    from hotline.twins.workers import Job, listen
    from speech import engines

    chosen = tuple(voices.split(",")) if voices else MIXED_VOICES
    _check(chosen)
    settings = settings_of(context)
    speech = settings.speech.model_copy(update={"threads": 1})
    with in_user_words():
        choice = engines.choose(speech, settings.paths.models)
        say(f"{choice.name}, {choice.title}: {choice.why}")
        table = read_table(file)
        with open_twins(out, table, resume=resume, alternatives=alternatives) as output, _bar() as bar:
            left = [row for row in table.rows if row not in output.done][:limit]
            line = bar.add_task("listening", total=len(left))
            tasks = (Job(at, table.text(row), take_for(table.text(row), chosen, seed)) for at, row in enumerate(left))
            same = 0
            for heard in listen(tasks, ListenerSpec(settings.paths.models, speech), jobs):
                output.add(left[heard.row], heard.readings)
                same += heard.readings[:1] == (table.text(left[heard.row]),)
                bar.advance(line)
    print_json({"sentences": len(table.rows), "before": len(output.done), "added": len(left), "unchanged": same})


def add_to(group: typer.Typer) -> Callable[..., None]:
    """The command, as one of the commands of `hotline route`."""
    return group.command("twins")(twins)


def _check(names: tuple[str, ...]) -> None:
    from speech.voices import KOKORO_VOICES

    for name in names:
        if not set(name.split("+")) <= set(KOKORO_VOICES):
            raise WrongUse(f"--voices takes {', '.join(KOKORO_VOICES)} and mixtures a+b of them, not {name!r}")


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
