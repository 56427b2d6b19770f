"""`hotline bench archive`: how long a city's first year takes to load, and how quickly its tickets are then found,
listed, ranked and written as a workbook, over HTTP as a supervisor asks for them.

The tickets are the sample of `hotline db sample`. Jobs are off, so that the clocks of a year of made-up requests do not
run while others are measured. Beside each list stands the cheapest question of the same run, one ticket by its number;
beside each report the reading of every row of the ticket table with nothing around it.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp
from sqlalchemy import text

from hotline.bench.databases import databases
from hotline.bench.machine import machine
from hotline.bench.report import Figure, Reference, Report
from hotline.bench.serving import Address, Wanted, service
from hotline.errors import HotlineError
from tickets.domain.ids import CHINA
from tickets.domain.roles import Role
from tickets.sample import HANDLERS, TICKETS, UNITS, load
from tickets.store.engine import open_engine, parse_url
from tickets.store.migrate import upgrade

BY_NUMBER: Final = "one ticket by its number"
SCAN: Final = "every row of the ticket table read"
_PATIENCE: Final = 120.0
_SEED: Final = 1
_OFTEN: Final = ("噪音", "停水", "垃圾", "退款")
_NEVER: Final = "没有这样的词"

Question = Callable[[], str]
"""Gives the path and query of one request; asked anew each time, so that no two need be the same."""


@dataclass(frozen=True, slots=True)
class Options:
    """`folder` is where the database is made (and removed). A round asks each list `requests` times and each report
    once."""

    folder: Path
    postgres_url: str | None = None
    tickets: int = TICKETS
    units: int = UNITS
    handlers: int = HANDLERS
    requests: int = 40
    runs: int = 5


def run(options: Options, tell: Callable[[str], None] = lambda _words: None) -> Report:
    """Raises HotlineError when the service does not start or refuses a question."""
    before = machine(options.folder)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-", dir=options.folder)))
        figures = _measured("SQLite", f"sqlite:///{folder}/year.db", folder, options, tell)
        if options.postgres_url is not None:
            (url,) = stack.enter_context(databases(options.postgres_url, "archive"))
            figures += _measured("PostgreSQL", url, folder, options, tell)
    conditions = {
        "tickets": options.tickets,
        "units": options.units,
        "handlers": options.handlers,
        "requests_a_round": options.requests,
        "runs": options.runs,
        "ranking": "all units, the last whole month",
        "load_average_after": machine()["load_average"],
    }
    return Report("archive", before, conditions, figures)


def _measured(database: str, url: str, folder: Path, options: Options, tell: Callable[[str], None]) -> list[Figure]:
    tell(f"{database}: loading {options.tickets} tickets")
    upgrade(url)
    begin = time.perf_counter()
    load(url, tickets=options.tickets, units=options.units, handlers=options.handlers)
    seconds = time.perf_counter() - begin
    figures = [Figure.of(f"{database}: tickets loaded", [options.tickets / seconds], "tickets/s")]
    wanted = Wanted("ours", url, str(folder), role=Role.SUPERVISOR, jobs=False)
    with service(wanted) as address:
        return figures + asyncio.run(_asked(database, url, address, options, tell))


async def _asked(
    database: str, url: str, address: Address, options: Options, tell: Callable[[str], None]
) -> list[Figure]:
    headers = {"Authorization": f"Bearer {address.token}"}
    patience = aiohttp.ClientTimeout(_PATIENCE)
    async with aiohttp.ClientSession(f"http://127.0.0.1:{address.port}", headers=headers, timeout=patience) as client:
        lists = await _lists(client)
        reports = _reports(_last_month(datetime.now(CHINA).date()))
        slow: dict[str, list[float]] = {name: [] for name in lists}
        whole: dict[str, list[float]] = {name: [] for name in (SCAN, *reports)}
        for number in range(-1, options.runs):
            tell(f"{database}: " + ("warm-up" if number < 0 else f"run {number + 1} of {options.runs}"))
            found = {
                name: _p95([await _timed(client, ask()) for _ in range(options.requests)])
                for name, ask in lists.items()
            }
            took = {name: await _timed(client, ask()) for name, ask in reports.items()} | {SCAN: await _scan(url)}
            if number >= 0:
                _keep(slow, found)
                _keep(whole, took)
    cheapest = Reference.of(BY_NUMBER, slow.pop(BY_NUMBER))
    bare = Reference.of(SCAN, whole.pop(SCAN))
    return [
        *(Figure.of(f"{database}: {name}, p95", runs, "ms", reference=cheapest) for name, runs in slow.items()),
        *(Figure.of(f"{database}: {name}", runs, "ms", reference=bare) for name, runs in whole.items()),
    ]


async def _lists(client: aiohttp.ClientSession) -> Mapping[str, Question]:
    """What an operator asks for, with units and numbers that the archive has."""
    page = (await _read(client, "/api/v1/tickets?limit=200"))["items"]
    units = [item["unit_id"] for item in page if item.get("unit_id")]
    numbers = [item["number"] for item in page]
    random = Random(_SEED)

    def listed(**query: Callable[[], str]) -> Question:
        return lambda: "/api/v1/tickets?" + urlencode({name: value() for name, value in query.items()})

    def unit() -> str:
        return str(random.choice(units))

    return {
        BY_NUMBER: lambda: f"/api/v1/tickets/{random.choice(numbers)}",
        "newest 50": listed(),
        "newest 50 of a state": listed(state=lambda: "dispatched"),
        "overdue": listed(overdue=lambda: "true"),
        "of a unit": listed(unit_id=unit),
        "a unit has any part in": listed(concerns=unit),
        "of a special list": listed(special=lambda: "环境保护"),
        "with a flag": listed(flag=lambda: "群体性"),
        "last four digits of a caller": listed(caller_tail=lambda: f"{random.randrange(10000):04d}"),
        "search for a common word": listed(text=lambda: random.choice(_OFTEN)),
        "search for a word that nobody said": listed(text=lambda: _NEVER),
        "search for a word at a unit": listed(text=lambda: _OFTEN[0], unit_id=unit),
    }


def _reports(month: date) -> Mapping[str, Question]:
    def report(name: str, **query: str) -> Question:
        path = f"/api/v1/reports/{name}?" + urlencode({"date": month.isoformat(), **query})
        return lambda: path

    return {
        "monthly ranking of all units": report("ranking", format="json"),
        "monthly ranking as a workbook (XLSX)": report("ranking", format="xlsx"),
        "monthly ranking as a page": report("ranking", format="html"),
        "monthly analysis": report("monthly"),
        "daily report": report("daily"),
        "17:30 brief": report("brief"),
    }


async def _read(client: aiohttp.ClientSession, path: str) -> Any:
    async with client.get(path) as answer:
        if answer.status != 200:
            raise HotlineError(f"the service answered {answer.status} to {path}: {(await answer.text())[:300]}")
        return await answer.json()


async def _timed(client: aiohttp.ClientSession, path: str) -> float:
    """Milliseconds until the whole answer is here."""
    begin = time.perf_counter()
    async with client.get(path) as answer:
        body = await answer.read()
    if answer.status != 200:
        raise HotlineError(f"the service answered {answer.status} to {path}: {body[:300]!r}")
    return (time.perf_counter() - begin) * 1000


async def _scan(url: str) -> float:
    """Milliseconds to read all columns of all tickets over one connection."""
    engine = open_engine(parse_url(url), writes=False, size=1, busy_timeout=_PATIENCE)
    try:
        async with engine.connect() as connection:
            begin = time.perf_counter()
            (await connection.execute(text("SELECT * FROM tickets"))).all()
            return (time.perf_counter() - begin) * 1000
    finally:
        await engine.dispose()


def _keep(kept: dict[str, list[float]], found: Mapping[str, float]) -> None:
    for name, value in found.items():
        kept[name].append(value)


def _p95(times: list[float]) -> float:
    return sorted(times)[max(0, int(len(times) * 0.95) - 1)]


def _last_month(today: date) -> date:
    """A day of the month before today's."""
    return today.replace(day=1) - timedelta(days=1)
