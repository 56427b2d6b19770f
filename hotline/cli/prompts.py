"""`hotline prompts`: what callers hear, rendered ahead, listed and checked."""

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hotline.cli.common import AsJson, in_user_words, print_json, say, settings_of
from hotline.errors import HotlineError, WrongUse
from hotline.layout import shipped_sounds
from hotline.spoken import catalogue
from speech import prompts, voices

group = typer.Typer(help="Prompts: render, list and check.", no_args_is_help=True, rich_markup_mode=None)

VoiceName = Annotated[str, typer.Option("--voice", help=f"one of {', '.join(voices.VOICE_NAMES)}")]
Sounds = Annotated[Path | None, typer.Option("--sounds", help="folder of the audio; default: the shipped one")]


@group.command()
def render(
    context: typer.Context,
    voice: VoiceName = voices.PROMPT_VOICE,
    command: Annotated[str | None, typer.Option(help="for the voice `external`: with {text} and {wav}")] = None,
    sounds: Sounds = None,
    jobs: Annotated[int, typer.Option(min=1, max=64)] = os.cpu_count() or 1,
) -> None:
    """Render what is missing or stale."""
    known = (voices.PROMPT_VOICE, *voices.VOICE_NAMES)
    if voice not in known:
        raise WrongUse(f"--voice takes one of {', '.join(known)}, not {voice!r}")
    folder = sounds or shipped_sounds()
    models = settings_of(context).paths.models
    # Rendering takes minutes of both cores; a hotline on the same machine goes first.
    os.nice(10)
    with in_user_words(), _bar() as bar:
        entries = catalogue()
        at_pace = voices.prompt_voice(models, voice, command=command)
        row = bar.add_task("rendering", total=len(entries))
        report = prompts.render(
            entries, at_pace, folder, jobs, lambda _, done, total: bar.update(row, completed=done, total=total)
        )
    say(f"{len(report.rendered)} rendered ({report.seconds:.0f} s of audio), {len(report.fresh)} were up to date")


@group.command("list")
def list_(json_: AsJson = False) -> None:
    """Every prompt with its words and where it is used."""
    with in_user_words():
        entries = catalogue()
    if json_:
        print_json([{"id": entry.id, "text": entry.text, "used": entry.used} for entry in entries])
        return
    for entry in entries:
        print(f"{entry.id:32} {entry.text}")


@group.command()
def check(sounds: Sounds = None, json_: AsJson = False) -> None:
    """Find missing, stale, clipped, wrong-rate, uneven and orphaned audio; exit 1 when there is any."""
    with in_user_words():
        findings = prompts.check(catalogue(), sounds or shipped_sounds())
    if json_:
        print_json([{"id": each.id, "kind": each.kind.value, "message": each.message} for each in findings])
    else:
        for each in findings:
            print(f"{each.id}: {each.kind.value}: {each.message}")
    if findings:
        raise HotlineError(f"{len(findings)} prompts need attention; `hotline prompts render` makes missing ones")


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="prompts")
