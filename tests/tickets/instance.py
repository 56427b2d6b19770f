"""An instance as a process: `python -m tests.tickets.instance serve SETTINGS.json`, or `… slow URL FILE NAME`.

`serve` is the whole ticket service. `slow` runs one job that writes to FILE when it begins and when it ends, and takes
as long between as it finds in FILE.hold, so that a test can kill it in the middle.
"""

import asyncio
import os
import signal
import sys
from datetime import datetime
from pathlib import Path

from prometheus_client import CollectorRegistry

from tickets.app import serve
from tickets.jobs.metrics import JobMetrics
from tickets.jobs.runner import Job, JobRunner, RunnerTimes
from tickets.jobs.schedule import Every
from tickets.service.clock import SystemClock
from tickets.service.jobs import Finished
from tickets.settings import TicketSettings
from tickets.store.jobs import SqlJobs
from tickets.store.sql import StoreOptions, open_store

LEASE = 2.0


async def _serve(settings: TicketSettings, stop: asyncio.Event) -> None:
    await serve(settings, lambda port: print(port, flush=True), stop=stop)


async def _slow(url: str, file: Path, name: str, stop: asyncio.Event) -> None:
    async def work(slot: datetime, now: datetime) -> Finished:
        _write(file, f"begin {slot.isoformat()} {name}")
        while file.with_suffix(".hold").exists():
            await asyncio.sleep(0.02)
        _write(file, f"end {slot.isoformat()} {name}")
        return Finished()

    times = RunnerTimes(poll=0.05, lease=LEASE, retry=0.1)
    async with open_store(url, StoreOptions()) as store:
        jobs = [Job("slow", Every(1), work)]
        runner = JobRunner(SqlJobs(store), jobs, SystemClock(), name, times, JobMetrics(CollectorRegistry()))
        print("ready", flush=True)
        await runner.run(stop)


def _write(file: Path, line: str) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(handle, f"{line}\n".encode())
    os.close(handle)


async def _main(arguments: list[str]) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    if arguments[0] == "serve":
        settings = TicketSettings.model_validate_json(Path(arguments[1]).read_text("utf-8"))  # noqa: ASYNC240 - a test
        await _serve(settings, stop)
    else:
        await _slow(arguments[1], Path(arguments[2]), arguments[3], stop)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1:]))
