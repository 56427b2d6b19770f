"""A service to be measured, in a process of its own: `python -m hotline.bench.serving`, what to serve as JSON on the
first line of standard input, its port and token as JSON on standard output; it ends when standard input does.

Ours runs as `hotline tickets` runs it: the same settings, the same logging at the usual level.
"""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from subprocess import PIPE, Popen
from typing import IO, Final, Literal

from aiohttp import web

from hotline import logs
from hotline.bench import naive
from hotline.errors import HotlineError
from tickets.app import serve
from tickets.domain.roles import Role
from tickets.service.tokens import ensure_machine_token
from tickets.settings import TicketSettings
from tickets.settings_edges import JobSettings

Which = Literal["ours", "naive"]
STOP_WAIT: Final = 20.0


@dataclass(frozen=True, slots=True)
class Wanted:
    which: Which
    url: str
    folder: str
    part: str = "tickets"
    role: Role = Role.MACHINE
    jobs: bool = True


@dataclass(frozen=True, slots=True)
class Address:
    """Where a service answers; `pid` is its process, 0 when that is not known."""

    port: int
    token: str
    pid: int = 0

    def processor_seconds(self) -> float:
        """What the process has used so far, in user and kernel mode (proc(5), stat, fields 14 and 15)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text("ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def service(wanted: Wanted) -> Iterator[Address]:
    """Runs the service while the block runs; its log goes to a file in the folder. Raises HotlineError when it does
    not start."""
    log = Path(wanted.folder) / f"{wanted.which}.log"
    command = [sys.executable, "-m", "hotline.bench.serving"]
    with log.open("wb") as errors, Popen(command, stdin=PIPE, stdout=PIPE, stderr=errors, text=True) as process:  # noqa: S603 - our own module
        try:
            said = _first_words(process, wanted)
            if not said:
                raise HotlineError(
                    f"the {wanted.which} service did not start; its log: {log.read_text('utf-8')[-800:]}"
                )
            yield Address(**json.loads(said))
        finally:
            if process.stdin is not None:
                process.stdin.close()
            process.wait(STOP_WAIT)


def _first_words(process: "Popen[str]", wanted: Wanted) -> str:
    if process.stdin is None or process.stdout is None:
        raise HotlineError("the service was started without pipes")
    process.stdin.write(json.dumps(asdict(wanted)) + "\n")
    process.stdin.flush()
    return process.stdout.readline()


async def _serve(wanted: Wanted, ended: IO[str]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(ended, stop.set)
    if wanted.which == "ours":
        await _ours(wanted, stop)
    else:
        await _naive(wanted, stop)


async def _ours(wanted: Wanted, stop: asyncio.Event) -> None:
    folder = Path(wanted.folder)
    token = folder / f"{wanted.role}.token"
    ensure_machine_token(token)
    settings = TicketSettings(
        port=0,
        database_url=wanted.url,
        attachments_dir=folder / "attachments",
        token_files={Role(wanted.role): token},
        jobs=JobSettings(enabled=wanted.jobs),
    )
    await serve(settings, lambda port: _tell(Address(port, token.read_text("ascii").strip())), stop=stop)


async def _naive(wanted: Wanted, stop: asyncio.Event) -> None:
    runner = web.AppRunner(naive.make_application(naive.open_engine(wanted.url)), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        _tell(Address(int(runner.addresses[0][1]), "none"))
        await stop.wait()
    finally:
        await runner.cleanup()


def _tell(address: Address) -> None:
    print(json.dumps(asdict(replace(address, pid=os.getpid()))), flush=True)


def main() -> None:
    wanted = Wanted(**json.loads(sys.stdin.readline()))
    logs.configure(wanted.part, "info")
    asyncio.run(_serve(wanted, sys.stdin))


if __name__ == "__main__":
    main()
