"""`hotline prompts`: what callers hear, rendered ahead, listed and checked."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hotline.cli.common import AsJson, in_user_words, print_json, say, settings_of
from hotline.errors import HotlineError, WrongUse
from hotline.layout import shipped_sounds
from hotline.spoken import catalogue
from routing.knowledge import KnowledgeBase
from routing.places import Gazetteer
from routing.router import DATA_DIR
from routing.taxonomy import Taxonomy
from speech import prompts, voices

group = typer.Typer(help="Prompts: render, list and check.", no_args_is_help=True, rich_markup_mode=None)

_NAMES: Final = ("category/", "unit/", "place/", "answer/")

VoiceName = Annotated[str, typer.Option("--voice", help=f"one of {', '.join(voices.VOICE_NAMES)}")]
Data = Annotated[
    Path | None, typer.Option("--data", help="folder with own places.csv, units.csv, problems.csv, knowledge.toml …")
]
Sounds = Annotated[Path | None, typer.Option("--sounds", help="folder of the audio; default: the shipped one")]


@group.command()
def render(
    context: typer.Context,
    voice: VoiceName = voices.PROMPT_VOICE,
    command: Annotated[str | None, typer.Option(help="for the voice `external`: with {text} and {wav}")] = None,
    sounds: Sounds = None,
    data: Data = None,
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
        entries = entries_of(data)
        at_pace = voices.prompt_voice(models, voice, command=command)
        row = bar.add_task("rendering", total=len(entries))
        report = prompts.render(
            entries, at_pace, folder, jobs, lambda _, done, total: bar.update(row, completed=done, total=total)
        )
    say(f"{len(report.rendered)} rendered ({report.seconds:.0f} s of audio), {len(report.fresh)} were up to date")


@group.command("list")
def list_(data: Data = None, json_: AsJson = False) -> None:
    """Every prompt with its words and where it is used."""
    with in_user_words():
        entries = entries_of(data)
    if json_:
        print_json([{"id": entry.id, "text": entry.text, "used": entry.used} for entry in entries])
        return
    for entry in entries:
        print(f"{entry.id:32} {entry.text}")


@group.command()
def check(context: typer.Context, sounds: Sounds = None, data: Data = None, json_: AsJson = False) -> None:
    """Find missing, stale, clipped, wrong-rate, uneven and orphaned audio; exit 1 when there is any.

    Own recordings (ivr.prompt_overrides) are looked at too.
    """
    own = settings_of(context).ivr.prompt_overrides
    with in_user_words():
        entries = entries_of(data)
        findings = prompts.check(entries, sounds or shipped_sounds())
        if own is not None:
            findings += prompts.check_own(entries, own)
    if json_:
        print_json([{"id": each.id, "kind": each.kind.value, "message": each.message} for each in findings])
    else:
        for each in findings:
            print(f"{each.id}: {each.kind.value}: {each.message}")
    if findings:
        raise HotlineError(f"{len(findings)} prompts need attention; `hotline prompts render` makes missing ones")


def entries_of(data: Path | None) -> tuple[prompts.PromptEntry, ...]:
    """The catalogue; names and answers from `data`, where it has files for them, in place of the shipped ones.

    Raises WrongUse, CatalogueError, and DataError with every fault of the files.
    """
    shipped = catalogue()
    if data is None:
        return shipped
    if not data.is_dir():
        raise WrongUse(f"--data takes a folder with files like those of routing/data; {data} is none")
    with TemporaryDirectory(prefix="hotline-names-") as name:
        folder = Path(name)
        _laid_over(data, folder)
        taxonomy = Taxonomy.load(folder)
        places = Gazetteer.load(folder / "places.csv", taxonomy.units)
        answers = KnowledgeBase.load(folder / "knowledge.toml")
    named = [
        *((f"category/{key}", problem.category.problem) for key, problem in taxonomy.problems.items()),
        *((f"unit/{key}", unit.name) for key, unit in taxonomy.units.items()),
        *((f"place/{key}", place.name) for key, place in places.entries.items()),
    ]
    return (
        *(entry for entry in shipped if not entry.id.startswith(_NAMES)),
        *prompts.dynamic_entries(named, used="names read back"),
        *prompts.dynamic_entries(answers.spoken(), used="answers to common questions"),
    )


def _laid_over(data: Path, folder: Path) -> None:
    """Links to the shipped data files in `folder`, and to those of `data` over them. Own example sentences replace all
    of the shipped ones, for these belong to the shipped problem types."""
    own = {path.name: path for path in data.iterdir() if path.is_file()}
    for path in DATA_DIR.iterdir():
        examples = path.match("exemplars*.txt") and any(Path(name).match("exemplars*.txt") for name in own)
        if path.is_file() and path.name not in own and not examples:
            (folder / path.name).symlink_to(path.resolve())
    for name, path in own.items():
        (folder / name).symlink_to(path.resolve())


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
