"""`hotline bench tickets`: durable creates a second over HTTP, beside what the database can do with nothing around it
(one commit after the other) and beside the service that one would write first. All in turn, in one run.

The load comes from a process of its own; on a machine with two cores it has one of them and the service the other.
"""

import itertools
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from hotline.bench.databases import databases
from hotline.bench.load import PATIENCE, Plan, Seen
from hotline.bench.machine import machine
from hotline.bench.raw import Loop, postgres_loop, sqlalchemy_loop, sqlite_loop
from hotline.bench.report import Figure, Reference, Report
from hotline.bench.rounds import take_turns
from hotline.bench.serving import Address, Wanted, service
from hotline.errors import HotlineError
from tickets.store.migrate import upgrade

OURS: Final = "ticket service over HTTP"
NAIVE: Final = "one session a request, over HTTP"
RAW: Final = "raw commits"
CORE: Final = "bare SQLAlchemy insert loop"
OF_RAW: Final = 0.60
OF_NAIVE: Final = 3.0
SLOWEST_MS: Final = 50.0


@dataclass(frozen=True, slots=True)
class Options:
    """`folder` is where the databases are made (and removed); its disk is what is measured. `postgres_url` is a server
    where the user may make databases; without one PostgreSQL is left out. A round of a loop or of a service has
    `requests` tickets, of the naive service a quarter of them."""

    folder: Path
    postgres_url: str | None = None
    connections: int = 32
    requests: int = 4000
    runs: int = 5


@dataclass(frozen=True, slots=True)
class Sample:
    """One round: tickets a second; what the clients saw and the service's processor time a ticket, if there were
    any."""

    per_second: float
    seen: Seen | None = None
    processor_ms: float = 0.0


def run(options: Options, tell: Callable[[str], None] = lambda _words: None) -> Report:
    """Raises HotlineError when a service does not start, refuses a request or does not answer."""
    before = machine(options.folder)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=options.folder) as name:
        folder = Path(name)
        figures = _measured("SQLite FULL", options, _sqlite(folder), tell)
        if options.postgres_url is not None:
            with _postgres(folder, options.postgres_url) as candidates:
                figures += _measured("PostgreSQL", options, candidates, tell)
    conditions = {
        "connections": options.connections,
        "requests_a_round": options.requests,
        "runs": options.runs,
        "durability": "SQLite WAL synchronous=FULL; PostgreSQL as the server is set",
        "load": "one process of its own, raw protocol, requests encoded before",
        "load_average_after": machine()["load_average"],
    }
    return Report("tickets", before, conditions, figures)


@dataclass(frozen=True, slots=True)
class Candidates:
    """The loops, and the services to be started."""

    loops: dict[str, Loop]
    services: dict[str, Wanted]


def _measured(database: str, options: Options, candidates: Candidates, tell: Callable[[str], None]) -> list[Figure]:
    numbers = itertools.count(0, options.requests)
    with ExitStack() as stack:
        turns: dict[str, Callable[[], Sample]] = {
            name: lambda loop=loop: Sample(loop(next(numbers), options.requests))  # type: ignore[misc]  # bound now
            for name, loop in candidates.loops.items()
        }
        for name, wanted in candidates.services.items():
            address = stack.enter_context(service(wanted))
            share = options.requests if name == OURS else max(options.requests // 4, options.connections)
            turns[name] = lambda address=address, share=share: _loaded(  # type: ignore[misc]  # bound now, not later
                address, options.connections, share, next(numbers)
            )
        samples = take_turns(turns, options.runs, tell=lambda words: tell(f"{database}: {words}"))
    return _figures(database, samples)


def _figures(database: str, samples: dict[str, list[Sample]]) -> list[Figure]:
    rates = {name: [sample.per_second for sample in kept] for name, kept in samples.items()}
    ours, raw, naive = rates[OURS], Reference.of(f"{RAW}, {database}", rates[RAW]), Reference.of(NAIVE, rates[NAIVE])
    seen = [sample.seen for sample in samples[OURS] if sample.seen is not None]
    p99 = Reference.of(NAIVE, _p99([sample.seen for sample in samples[NAIVE] if sample.seen is not None]))
    unit = "tickets/s"
    figures = [
        Figure.of(f"{OURS}, {database}", ours, unit, reference=raw, goal=OF_RAW),
        Figure.of(f"{OURS}, {database}, beside the naive one", ours, unit, reference=naive, goal=OF_NAIVE),
        Figure.of(f"{OURS}, {database}: p50", [each.p50_ms for each in seen], "ms"),
        Figure.of(f"{OURS}, {database}: p99", _p99(seen), "ms", goal=SLOWEST_MS, at_most=True),
        Figure.of(f"{NAIVE}, {database}: p99", [p99.value], "ms"),
    ]
    spent = {name: [sample.processor_ms for sample in samples[name]] for name in (OURS, NAIVE)}
    beside = Reference.of(NAIVE, spent[NAIVE])
    figures.append(Figure.of(f"{OURS}, {database}: processor time a ticket", spent[OURS], "ms", reference=beside))
    if CORE in rates:
        figures.append(Figure.of(f"{CORE}, {database}", rates[CORE], unit, reference=raw))
    return figures


def _p99(seen: Sequence[Seen]) -> list[float]:
    return [each.p99_ms for each in seen]


def _loaded(address: Address, connections: int, requests: int, first: int) -> Sample:
    plan = Plan(address.port, address.token, connections, requests, first)
    before = address.processor_seconds()
    done = subprocess.run(
        [sys.executable, "-m", "hotline.bench.load"],
        input=json.dumps(asdict(plan)),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE * 2,
    )
    if done.returncode != 0:
        raise HotlineError(f"the load could not be brought to its end: {done.stderr.strip().splitlines()[-1:]}")
    seen = Seen(**json.loads(done.stdout))
    if seen.errors:
        raise HotlineError(f"a measurement with errors is none: answers by status {seen.statuses}")
    return Sample(seen.per_second, seen, (address.processor_seconds() - before) / requests * 1000)


def _sqlite(folder: Path) -> Candidates:
    ours = f"sqlite:///{folder}/ours.db"
    upgrade(ours)
    return Candidates(
        loops={RAW: sqlite_loop(folder / "raw.db"), CORE: sqlalchemy_loop(folder / "core.db")},
        services={
            NAIVE: Wanted("naive", f"sqlite:///{folder}/naive.db", str(folder)),
            OURS: Wanted("ours", ours, str(folder)),
        },
    )


@contextmanager
def _postgres(folder: Path, server: str) -> Iterator[Candidates]:
    with databases(server, "raw", "naive", "ours") as (raw, naive, ours):
        upgrade(ours)
        yield Candidates(
            loops={RAW: postgres_loop(raw)},
            services={
                NAIVE: Wanted("naive", naive, str(folder)),
                OURS: Wanted("ours", ours, str(folder)),
            },
        )
