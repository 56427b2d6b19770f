"""The whole hotline for tests: `hotline run` as a process, on free ports and a state folder of its own.

Started once for all tests; what a test breaks it puts back (`restored`). Only processes that this hotline started are
ever signalled: they are found as its descendants.
"""

import asyncio
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp

from hotline.asterisk import AsteriskProcess, locate
from hotline.asterisk.generate import CALLER_ACCOUNT
from hotline.asterisk.process import run_as
from hotline.calling.caller import Reach
from hotline.secret_files import asterisk_secrets, control_token
from hotline.settings import Settings, load
from hotline.standins import Behaviour
from tests.e2e.wire import Wire
from tickets.domain.roles import Role

START_SECONDS: Final = 240.0
STOP_SECONDS: Final = 60.0
PATIENCE: Final = 60.0
QUIET_SECONDS: Final = 30.0
PARTS: Final = ("asterisk", "tickets", "standins", "ivr")


@dataclass(frozen=True, slots=True)
class Child:
    """A process, known also when its id has been given to another."""

    pid: int
    began: str
    argv: tuple[str, ...]

    @property
    def alive(self) -> bool:
        found = _read_child(self.pid)
        return found is not None and found.began == self.began


class WholeHotline:
    """A running hotline and all its doors."""

    def __init__(self, folder: Path, settings: Settings, process: "subprocess.Popen[bytes]", ami: Wire) -> None:
        self.folder = folder
        self.settings = settings
        self.process = process
        self.ami = ami
        """The cable between the IVR and Asterisk's manager interface."""

    # Doors.

    @property
    def server(self) -> str:
        return f"{self.settings.asterisk.bind}:{self.settings.asterisk.sip_port}"

    @property
    def caller_password(self) -> str:
        return self.password(CALLER_ACCOUNT)

    def password(self, account: str) -> str:
        return asterisk_secrets(self.settings).accounts[account]

    def reach(self) -> Reach:
        """For `hotline.calling.place_call`."""
        return Reach(
            server=self.server,
            bind_host=str(self.settings.asterisk.bind),
            user=CALLER_ACCOUNT,
            password=self.caller_password,
            board_url=self._url(self.settings.ivr.control_port),
            board_token=control_token(self.settings),
            standins_url=self._url(self.settings.standins.control_port),
        )

    async def ivr(self, path: str, **query: str) -> Any:
        """One GET at the IVR's control door; None for 404."""
        token = control_token(self.settings)
        return await _get(self._url(self.settings.ivr.control_port) + path, token, query)

    async def api(self, path: str, **query: str) -> Any:
        """One GET at the ticket service, with the machine's token; None for 404."""
        return await _get(self._url(self.settings.tickets.port) + path, self._machine_token(), query)

    async def attachment(self, url: str) -> bytes:
        headers = {"Authorization": f"Bearer {self._machine_token()}"}
        async with (
            aiohttp.ClientSession(self._url(self.settings.tickets.port), headers=headers) as session,
            session.get(url) as response,
        ):
            response.raise_for_status()
            return await response.read()

    async def tickets_of(self, caller: str) -> list[dict[str, Any]]:
        """Every ticket of a caller's number, in full; numbers of tests differ in their last four digits."""
        page = await self.api("/api/v1/tickets", caller_tail=caller[-4:])
        return [await self.api(line["url"]) for line in page["items"]]

    async def standin_calls(self, name: str, caller: str) -> list[dict[str, Any]]:
        """This caller's calls at a stand-in (`emergency` or `operator`), oldest first."""
        page = await _get(f"{self._url(self.settings.standins.control_port)}/standins/{name}", "", {})
        return [note for note in page["calls"] if note["from_number"] == caller]

    async def standin_frames(self, name: str, sip_call_id: str) -> list[tuple[float, float]]:
        """(arrival, dBFS) of each 20 ms that a stand-in heard in a call."""
        door = self._url(self.settings.standins.control_port)
        note = await _get(f"{door}/standins/{name}/calls/{sip_call_id}", "", {})
        return [(at, level) for at, level in note["frames"]]

    async def behave(self, name: str, behaviour: Behaviour) -> None:
        door = self._url(self.settings.standins.control_port)
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{door}/standins/{name}", json={"behaviour": behaviour.value}) as response,
        ):
            response.raise_for_status()

    async def asterisk(self, command: str) -> str:
        """A command at Asterisk's console."""
        program = locate(self.settings.asterisk, self.settings.paths.home)
        etc = self.settings.paths.state_dir / "asterisk/etc"
        return await AsteriskProcess(program, etc, run_as(self.settings.asterisk)).command(command)

    async def channels_of(self, caller: str) -> list[str]:
        """Lines of `core show channels concise` that belong to a caller."""
        text = await self.asterisk("core show channels concise")
        return [line for line in text.splitlines() if caller in line]

    def dialplan_events(self) -> list[str]:
        """The dialplan's own records, kept by Asterisk whoever else lives."""
        path = self.folder / "asterisk/log/cel-custom/hotline-events.csv"
        return path.read_text("utf-8").splitlines() if path.exists() else []

    def log(self, part: str) -> str:
        path = self.settings.paths.state_dir / "logs" / f"{part}.log"
        return path.read_text("utf-8", "replace") if path.exists() else ""

    # Processes.

    def part(self, name: str) -> Child:
        """The process of a part (`asterisk` is the one that keeps Asterisk). Fails when it does not run."""
        found = [child for child in self.children() if child.argv[-1] == name and "hotline" in child.argv]
        if not found:
            raise AssertionError(f"{name} does not run")
        return found[0]

    def children(self) -> list[Child]:
        """Every process that descends from this hotline."""
        return list(_descendants(self.process.pid))

    def kill(self, *names: str) -> list[Child]:
        """kill -9 of parts; returns what they were."""
        victims = [self.part(name) for name in names]
        for victim in victims:
            os.kill(victim.pid, signal.SIGKILL)
        return victims

    def freeze(self, name: str) -> Child:
        victim = self.part(name)
        os.kill(victim.pid, signal.SIGSTOP)
        return victim

    @contextmanager
    def unsupervised(self) -> Iterator[None]:
        """While this lasts nobody restarts what dies."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    async def restored(self) -> None:
        """Everything up again, everybody behaving, nobody on the line. Fails after a while."""
        self.process.send_signal(signal.SIGCONT)
        self.ami.mend()
        for child in self.children():
            if _is_stopped(child.pid):
                os.kill(child.pid, signal.SIGCONT)
        await eventually_async(self._all_ready, "all parts are ready", 2 * PATIENCE)
        await self.behave("emergency", Behaviour.ANSWER)
        await self.behave("operator", Behaviour.ANSWER)
        await eventually_async(self._operator_free, "the operator is free for the queue", PATIENCE)
        await eventually_async(self._quiet, "no channel is left in Asterisk", PATIENCE)

    async def nobody_left(self) -> None:
        """The test's calls end by themselves; if they do not, that is its failure, and no later test's."""
        try:
            await eventually_async(self._quiet, "no channel is left in Asterisk", QUIET_SECONDS)
        except AssertionError as problem:
            left = await self.asterisk("core show channels concise")
            await self.asterisk("channel request hangup all")
            raise AssertionError(f"{problem}; left were:\n{left}") from None

    async def ivr_ready(self) -> bool:
        page = await self.ivr("/readyz")
        return page is not None and set(page["parts"].values()) == {"ok"}

    async def _all_ready(self) -> bool:
        try:
            for name in PARTS:
                self.part(name)
            tickets = await self.api("/readyz")
            return bool(tickets) and tickets["health"] == "ok" and await self.ivr_ready()
        except (AssertionError, aiohttp.ClientError, OSError, TimeoutError):
            return False

    async def _operator_free(self) -> bool:
        return "operator-standin) with penalty 10 (ringinuse disabled) (Not in use)" in await self.asterisk(
            "queue show hotline-general"
        )

    async def _quiet(self) -> bool:
        lines = (await self.asterisk("core show channels count")).splitlines()
        return any(line.startswith("0 active channels") for line in lines)

    def _url(self, port: int) -> str:
        return f"http://127.0.0.1:{port}"

    def _machine_token(self) -> str:
        return self.settings.tickets.token_files[Role.MACHINE].read_text().strip()


@contextmanager
def whole_hotline(**changes: dict[str, Any]) -> Iterator[WholeHotline]:
    """Start, wait for "ready after", and on the way out SIGINT: then nothing may be left of it."""
    # Short, because the path of a Unix socket is limited to about a hundred bytes.
    folder = Path(tempfile.mkdtemp(prefix="hotline-e2e-", dir="/tmp"))
    folder.chmod(0o755)
    config = folder / "hotline.json"
    values = _settings(folder)
    for section, fields in changes.items():
        values[section] = values.get(section, {}) | fields
    config.write_text(json.dumps(values))
    settings = load(config)
    with ExitStack() as stack:
        stack.callback(_remove, folder)
        wire = Wire(settings.ami.port, settings.asterisk.ami_port)
        wire.start()
        stack.callback(wire.close)
        output = stack.enter_context((folder / "run.log").open("wb"))
        process = subprocess.Popen(
            [sys.executable, "-m", "hotline", "--config", str(config), "run"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        hotline = WholeHotline(folder, settings, process, wire)
        try:
            _wait_ready(hotline)
            yield hotline
        except BaseException:
            _end_by_force(hotline)
            raise
        _end_politely(hotline)


def _settings(folder: Path) -> dict[str, Any]:
    tcp = iter(_free_ports(8, socket.SOCK_STREAM))
    udp = iter(_free_ports(3, socket.SOCK_DGRAM))
    sip, police, operator = udp
    ami, ami_wire, agi, audio, control, tickets, standins, _ = tcp
    rtp = _rtp_start()
    return {
        "paths": {"state": str(folder)},
        "asterisk": {
            "sip_port": sip,
            "ami_port": ami,
            "rtp_start": rtp,
            "rtp_end": rtp + 200,
            "trunk_110": f"sip:110@127.0.0.1:{police}",
            "trunk_110_second": f"sip:110@127.0.0.1:{police}",
            "trunk_special": f"sip:7229995@127.0.0.1:{operator}",
            "operator_standin": f"sip:operator@127.0.0.1:{operator}",
            "ring_seconds": 4,
            "max_load_per_core": 1000,
            "queue_seconds": 8,
            "emergency_queue_seconds": 6,
        },
        # Not measured here: what else the machine does while a hotline starts must not decide what a test finds.
        "speech": {"streams_per_worker": 6},
        "ivr": {
            "agi_port": agi,
            "audio_port": audio,
            "control_port": control,
            "tickets_url": f"http://127.0.0.1:{tickets}",
        },
        "ami": {"port": ami_wire},
        "tickets": {"port": tickets},
        "standins": {"emergency_port": police, "operator_port": operator, "control_port": standins},
    }


def _free_ports(count: int, kind: socket.SocketKind) -> list[int]:
    """So many different ports that were all free a moment ago."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(closing(socket.socket(socket.AF_INET, kind))) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _rtp_start() -> int:
    """Below the range from which the phones take theirs."""
    while True:
        start = random.randrange(20_000, 32_000, 2)
        try:
            for port in (start, start + 100, start + 200):
                with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return start


def _wait_ready(hotline: WholeHotline) -> None:
    end = time.monotonic() + START_SECONDS
    while "ready after" not in (text := (hotline.folder / "run.log").read_text("utf-8", "replace")):
        if hotline.process.poll() is not None or time.monotonic() > end:
            logs = "\n".join(f"--- {name}\n{hotline.log(name)[-2000:]}" for name in PARTS)
            raise AssertionError(f"the hotline did not become ready:\n{text}\n{logs}")
        time.sleep(0.1)


def _end_politely(hotline: WholeHotline) -> None:
    """Ctrl-C must end everything: no process, no port, and exit status 0."""
    children = hotline.children()
    hotline.process.send_signal(signal.SIGCONT)
    hotline.process.send_signal(signal.SIGINT)
    try:
        status = hotline.process.wait(STOP_SECONDS)
        left = [" ".join(child.argv)[-120:] for child in children if child.alive]
        assert not left, f"left behind after Ctrl-C: {left}"
        assert status == 0, f"hotline run ended with {status}"
    finally:
        _end_by_force(hotline, children)


def _end_by_force(hotline: WholeHotline, children: list[Child] | None = None) -> None:
    for child in children or hotline.children():
        if child.alive:
            os.kill(child.pid, signal.SIGKILL)
    if hotline.process.poll() is None:
        hotline.process.kill()
    hotline.process.wait()


def _remove(folder: Path) -> None:
    if not os.environ.get("HOTLINE_KEEP_STATE"):
        shutil.rmtree(folder, ignore_errors=True)


async def _get(url: str, token: str, query: dict[str, str]) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    timeout = aiohttp.ClientTimeout(total=40)
    async with (
        aiohttp.ClientSession(headers=headers, timeout=timeout) as session,
        session.get(url, params=query) as response,
    ):
        if response.status == 404:
            return None
        if response.status not in (200, 503):
            raise AssertionError(f"GET {url} answered {response.status}: {await response.text()}")
        return await response.json()


async def eventually_async(condition: Any, what: str, seconds: float = PATIENCE, every: float = 0.2) -> Any:
    """The awaited condition's first true value; fails with `what` after `seconds`."""
    last: Any = None
    try:
        async with asyncio.timeout(seconds):
            while not (last := await condition()):
                await asyncio.sleep(every)
            return last
    except TimeoutError:
        raise AssertionError(f"did not happen within {seconds:g} s: {what} (last: {last!r})") from None


def _descendants(pid: int) -> Iterator[Child]:
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (stat := _stat(int(entry.name))):
            parents.setdefault(int(stat[1]), []).append(int(entry.name))
    waiting = list(parents.get(pid, []))
    while waiting:
        found = waiting.pop()
        waiting += parents.get(found, [])
        if child := _read_child(found):
            yield child


def _stat(pid: int) -> list[str] | None:
    """Fields of /proc/PID/stat after the name: state, parent, … start time is the 20th of them."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def _read_child(pid: int) -> Child | None:
    stat = _stat(pid)
    if stat is None or stat[0] == "Z":
        return None
    try:
        argv = tuple(Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")[:-1])
    except OSError:
        return None
    return Child(pid, stat[19], argv) if argv else None


def _is_stopped(pid: int) -> bool:
    stat = _stat(pid)
    return stat is not None and stat[0] == "T"
