"""`hotline transcribe` and `hotline speech`: recognition on files, figures, and what is installed."""

import asyncio
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hotline.cli.common import AsJson, in_user_words, print_json, say, settings_of
from hotline.errors import HotlineError
from speech import engines
from speech.endpointing import grid, measure
from speech.engines import Engine, EngineChoice
from speech.errors import ModelError
from speech.evaluate import evaluate_manifest, read_manifest, transcribe_files
from speech.settings import EngineSetting, SpeechSettings
from speech.vad import make_vad

group = typer.Typer(help="Recognition engines and their error rates.", no_args_is_help=True, rich_markup_mode=None)

ENGINES: tuple[EngineSetting, ...] = ("vosk", "vosk-server", "sherpa-onnx", "whisper")
EngineName = Annotated[EngineSetting | None, typer.Option("--engine", help="default: as configured")]
ModelName = Annotated[str | None, typer.Option("--model", help="folder name below the models folder")]
BandName = Annotated[
    Literal["wide", "phone"], typer.Option("--band", help="phone: 8 kHz, A-law, 300 to 3,400 Hz before recognition")
]


def transcribe(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="WAV files")],
    engine: EngineName = None,
    model: ModelName = None,
    band: BandName = "wide",
    json_: AsJson = True,
) -> None:
    """Recognise files; one JSON line each with text, alternatives and real-time factor."""
    with in_user_words():
        for missing in (path for path in files if not path.is_file()):
            raise FileNotFoundError(2, "no such file", str(missing))
        _, loaded = _load(context, engine, model)
        failed = asyncio.run(_transcribe(files, loaded, band))
    if failed:
        raise HotlineError(f"{failed} of {len(files)} files could not be read as audio")


async def _transcribe(files: list[Path], engine: Engine, band: Literal["wide", "phone"]) -> int:
    failed = 0
    async for transcript in transcribe_files(files, engine, band):
        failed += bool(transcript.error)
        print_json(transcript.as_json())
    return failed


@group.command()
def evaluate(
    context: typer.Context,
    manifest: Annotated[Path, typer.Argument(help="CSV with file,transcript[,source]; paths relative to it")],
    engine: EngineName = None,
    model: ModelName = None,
    band: BandName = "wide",
    lines: Annotated[bool, typer.Option(help="add what was heard in every file")] = False,
    pauses: Annotated[
        bool, typer.Option("--pauses", help="instead: cut-offs in inserted pauses, and delay after the end, at 8 kHz")
    ] = False,
    words: Annotated[bool, typer.Option(help="with --pauses: also with the wording of the recognised text")] = True,
    every: Annotated[int, typer.Option(min=1, help="with --pauses: only every n-th recording")] = 1,
    json_: AsJson = True,
) -> None:
    """Character error rate overall and per source, numerals folded; or, with --pauses, the trade of endpointing."""
    if pauses:
        _pauses(context, manifest, engine, model, words=words, every=every)
        return
    with in_user_words(), _bar() as bar:
        choice, loaded = _load(context, engine, model)
        row = bar.add_task("recognising", total=None)
        report = asyncio.run(
            evaluate_manifest(
                manifest,
                loaded,
                band,
                name=f"{choice.name} {choice.title}",
                progress=lambda done, of: bar.update(row, completed=done, total=of),
            )
        )
    print_json(report.as_json(lines=lines), indent=1)


def _pauses(
    context: typer.Context, manifest: Path, engine: EngineSetting | None, model: str | None, *, words: bool, every: int
) -> None:
    with in_user_words(), _bar() as bar:
        files = [row.file for row in read_manifest(manifest)][::every]
        speech = settings_of(context).speech
        choice, loaded = _load(context, engine, model) if words else (None, None)
        row = bar.add_task("recognising", total=len(files))
        report = measure(
            files,
            lambda: make_vad(speech.vad, speech.vad_threshold),
            grid(speech.endpoint.times()),
            loaded,
            name=f"{choice.name} {choice.title}" if choice is not None else "",
            progress=lambda done: bar.update(row, completed=done),
        )
    print_json(report.as_json(), indent=1)


def _bar() -> Progress:
    return Progress(
        TextColumn("recognising"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )


@group.command("engines")
def engines_(context: typer.Context, json_: AsJson = False) -> None:
    """Which engines are installed, which have a model, and which would be used and why."""
    settings = settings_of(context)
    found = []
    for name in ENGINES:
        try:
            choice = engines.choose(chosen_speech(settings.speech, name, None), settings.paths.models)
            found.append(
                {"engine": name, "model": str(choice.model or choice.title), "usable": True, "detail": choice.title}
            )
        except ModelError as exc:
            found.append({"engine": name, "model": None, "usable": False, "detail": str(exc)})
    try:
        chosen = engines.choose(settings.speech, settings.paths.models)
        used: dict[str, str | None] = {
            "engine": chosen.name,
            "model": str(chosen.model or chosen.title),
            "why": chosen.why,
        }
    except ModelError as exc:
        used = {"engine": None, "model": None, "why": str(exc)}
    if json_:
        print_json({"engines": found, "used": used})
    else:
        for each in found:
            print(f"{each['engine']:11} {'usable' if each['usable'] else 'not usable'}: {each['detail']}")
        print(f"used: {used['engine'] or 'none'}; {used['why']}")
    if used["engine"] is None:
        raise HotlineError("no engine can be used; `hotline models fetch` brings a model")


def _load(context: typer.Context, engine: EngineSetting | None, model: str | None) -> tuple[EngineChoice, Engine]:
    settings = settings_of(context)
    speech = chosen_speech(settings.speech, engine, model)
    choice = engines.choose(speech, settings.paths.models)
    say(f"{choice.name}, {choice.title}: {choice.why}")
    return choice, engines.load(choice, speech)


def chosen_speech(settings: SpeechSettings, engine: EngineSetting | None, model: str | None) -> SpeechSettings:
    """The settings with what the command line named instead. Raises `ModelError` for servers that are not set."""
    if engine == "vosk-server" and not settings.servers:
        raise ModelError("vosk-server is not configured: set speech.servers to its address, e.g. ws://127.0.0.1:2700")
    changes = {"engine": engine, "model": model}
    return settings.model_copy(update={name: value for name, value in changes.items() if value is not None})


def register(app: typer.Typer) -> None:
    app.command()(transcribe)
    app.add_typer(group, name="speech")
