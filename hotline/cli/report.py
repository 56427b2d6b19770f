"""`hotline report`: the ticket service's reports, from the database, whether or not the service runs."""

import asyncio
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from hotline.cli.common import say, settings_of
from hotline.errors import HotlineError, WrongUse
from tickets.domain.errors import InvalidValue, TicketError
from tickets.domain.ids import CHINA
from tickets.reports.desk import Ask
from tickets.reports.render import Format, Pages, Rendered, render
from tickets.reports.service import BUILDERS, Reports, UnknownReport
from tickets.reports.source import By
from tickets.service.clock import SystemClock
from tickets.settings import TicketSettings
from tickets.store.assessment import SqlAssessment
from tickets.store.sql import StoreOptions, open_store

_SUFFIXES = {f".{each.value}": each for each in Format} | {".htm": Format.HTML}


def report(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help=f"one of: {', '.join(BUILDERS)}")],
    day: Annotated[str | None, typer.Option("--date", help="a day of the period, YYYY-MM-DD; default: today")] = None,
    first: Annotated[str | None, typer.Option("--from", help="first day of a span of one's own")] = None,
    last: Annotated[str | None, typer.Option("--to", help="last day of that span")] = None,
    unit: Annotated[str | None, typer.Option(help="id of a unit; the notice needs it")] = None,
    l1: Annotated[str | None, typer.Option(help="topic and rates: first level of the category")] = None,
    l2: Annotated[str | None, typer.Option(help="topic and rates: second level")] = None,
    problem: Annotated[str | None, typer.Option(help="topic and rates: the problem")] = None,
    word: Annotated[list[str] | None, typer.Option(help="topic: a word in the summary; may be given again")] = None,
    by: Annotated[str | None, typer.Option(help=f"rates: {', '.join(By)}; default: unit")] = None,
    form: Annotated[str | None, typer.Option("--format", help="html, xlsx, csv or json; default: by --out")] = None,
    out: Annotated[Path | None, typer.Option(help="file to write; default: standard output")] = None,
    json_: Annotated[bool, typer.Option("--json", help="the same as --format json")] = False,
) -> None:
    """Print or write a report. Every rate shows its numerator, denominator and formula."""
    settings = settings_of(context).tickets
    chosen = Format.JSON if json_ else _format(form, out)
    try:
        ask = Ask(
            day=_day("--date", day) or datetime.now(CHINA).date(),
            first=_day("--from", first),
            last=_day("--to", last),
            unit=unit,
            l1=l1,
            l2=l2,
            problem=problem,
            words=tuple(word or ()),
            by=_by(by),
        )
        rendered = asyncio.run(_rendered(settings, name, ask, chosen))
    except (InvalidValue, UnknownReport) as exc:
        raise WrongUse(str(exc)) from exc
    except TicketError as exc:
        raise HotlineError(str(exc)) from exc
    _write(rendered, out)


async def _rendered(settings: TicketSettings, name: str, ask: Ask, form: Format) -> Rendered:
    options = StoreOptions(busy_timeout=settings.busy_timeout, readers=1)
    async with open_store(settings.database_url, options) as store:
        house = settings.reports.house(settings.jobs.brief_at)
        reports = Reports(SqlAssessment(store.read), SystemClock(), house)
        return render(await reports.build(name, ask), form, Pages())


def _format(form: str | None, out: Path | None) -> Format:
    if form is not None:
        try:
            return Format(form.lower())
        except ValueError as exc:
            raise WrongUse(f"--format is one of {', '.join(Format)}; {form!r} was given") from exc
    if out is None:
        return Format.HTML
    found = _SUFFIXES.get(out.suffix.lower())
    if found is None:
        raise WrongUse(f"{out.name} does not say which form to write; add --format {'|'.join(Format)}")
    return found


def _day(option: str, text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as exc:
        raise WrongUse(f"{option} is a day as YYYY-MM-DD; {text!r} was given") from exc


def _by(text: str | None) -> By | None:
    if text is None:
        return None
    try:
        return By(text.lower())
    except ValueError as exc:
        raise WrongUse(f"--by is one of {', '.join(By)}; {text!r} was given") from exc


def _write(rendered: Rendered, out: Path | None) -> None:
    if out is not None:
        try:
            out.write_bytes(rendered.body)
        except OSError as exc:
            raise HotlineError(f"cannot write {out}: {exc.strerror}") from exc
        say(f"written: {out} ({len(rendered.body):,} bytes)")
        return
    if rendered.name.endswith(".xlsx") and sys.stdout.isatty():
        raise WrongUse("a workbook is not for the screen; add --out FILE.xlsx")
    sys.stdout.buffer.write(rendered.body)
    sys.stdout.buffer.flush()


def register(app: typer.Typer) -> None:
    app.command()(report)
