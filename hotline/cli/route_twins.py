"""`hotline route twins`: sentences as the recogniser of live calls hears them over a telephone."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hotline.cli import route_correction
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
    takes: Annotated[
        int, typer.Option(min=1, max=20, help="twins of each sentence from one rendering, a third cheaper and more")
    ] = 1,
    every_voice: Annotated[
        bool, typer.Option("--every-voice", help="each sentence by each voice, at its own pace in a quiet room")
    ] = False,
) -> None:
    """Let every sentence be said by some voice, heard over the telephone, and recognised as in a call."""
    # Imported here: `hotline route TEXT` should not wait for voices and recognisers.
    from hotline.twins.listening import ListenerSpec
    from hotline.twins.plan import plan
    from hotline.twins.table import open_twins, read_table
    from hotline.twins.takes import MIXED_VOICES
    from hotline.twins.workers import listen
    from speech import engines

    chosen = tuple(voices.split(",")) if voices else MIXED_VOICES
    _check(chosen)
    if every_voice and takes > 1:
        raise WrongUse("--every-voice and --takes do not go together; give one of them")
    settings = settings_of(context)
    speech = settings.speech.model_copy(update={"threads": 1})
    with in_user_words():
        choice = engines.choose(speech, settings.paths.models)
        say(f"{choice.name}, {choice.title}: {choice.why}")
        work = plan(read_table(file), chosen, seed, takes, every_voice=every_voice)
        with open_twins(out, work.table, resume=resume, alternatives=alternatives) as output, _bar() as bar:
            rows = [row for row in work.table.rows if row not in output.done][:limit]
            line = bar.add_task("listening", total=len(rows))
            same = 0
            for heard in listen(work.jobs(rows), ListenerSpec(settings.paths.models, speech), jobs):
                for row, readings in zip(
                    rows[heard.row : heard.row + len(heard.readings)], heard.readings, strict=True
                ):
                    output.add(row, readings)
                    same += readings[:1] == (work.table.text(row),)
                bar.advance(line, len(heard.readings))
    print_json({"sentences": len(work.table.rows), "before": len(output.done), "added": len(rows), "unchanged": same})


def add_to(group: typer.Typer) -> Callable[..., None]:
    """The command, as one of the commands of `hotline route`, and `correction`, which judges what it makes."""
    route_correction.add_to(group)
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
