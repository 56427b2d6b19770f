"""`hotline report`: the ticket service's reports, from the database, whether or not the service runs."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

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
    all_units: Annotated[
        bool, typer.Option("--all-units", help="notice: one file a unit, into the folder --out")
    ] = False,
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
    chosen = Format.JSON if json_ else _format(form, None if all_units else out)
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
        if all_units:
            count = asyncio.run(_notices(settings, ask, chosen, _folder(name, ask, out)))
            say(f"written: {count} notices to {out}")
            return
        rendered = asyncio.run(_rendered(settings, name, ask, chosen))
    except (InvalidValue, UnknownReport) as exc:
        raise WrongUse(str(exc)) from exc
    except TicketError as exc:
        raise HotlineError(str(exc)) from exc
    _write(rendered, out)


async def _rendered(settings: TicketSettings, name: str, ask: Ask, form: Format) -> Rendered:
    async with _reports(settings) as reports:
        return render(await reports.build(name, ask), form, Pages())


def _folder(name: str, ask: Ask, out: Path | None) -> Path:
    """The folder for the notices of all units; made when it is missing."""
    if name != "notice" or ask.unit is not None or out is None:
        raise WrongUse("--all-units is for: hotline report notice --all-units --out FOLDER, without --unit")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise HotlineError(f"cannot make the folder {out}: {exc.strerror}") from exc
    return out


async def _notices(settings: TicketSettings, ask: Ask, form: Format, out: Path) -> int:
    """Writes the notice of each unit into the folder `out`; says how many."""
    count, pages = 0, Pages()
    async with _reports(settings) as reports:
        async for unit_id, made in reports.notices(ask):
            rendered = render(made, form, pages)
            _save(out / f"{rendered.name.removesuffix(f'.{form}')}-{quote(unit_id, safe='')}.{form}", rendered.body)
            count += 1
    return count


@asynccontextmanager
async def _reports(settings: TicketSettings) -> AsyncIterator[Reports]:
    options = StoreOptions(busy_timeout=settings.busy_timeout, readers=1)
    async with open_store(settings.database_url, options) as store:
        house = settings.reports.house(settings.jobs.brief_at)
        yield Reports(SqlAssessment(store.read), SystemClock(), house)


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
        _save(out, rendered.body)
        say(f"written: {out} ({len(rendered.body):,} bytes)")
        return
    if rendered.name.endswith(".xlsx") and sys.stdout.isatty():
        raise WrongUse("a workbook is not for the screen; add --out FILE.xlsx")
    sys.stdout.buffer.write(rendered.body)
    sys.stdout.buffer.flush()


def _save(path: Path, body: bytes) -> None:
    try:
        path.write_bytes(body)
    except OSError as exc:
        raise HotlineError(f"cannot write {path}: {exc.strerror}") from exc


def register(app: typer.Typer) -> None:
    app.command()(report)
