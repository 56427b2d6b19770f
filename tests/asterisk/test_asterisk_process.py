"""Starting and ending the process: rights given up, life tied to the owner's, failures told with the log's end."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from hotline.asterisk.process import AsteriskError, AsteriskProcess, run_as
from hotline.asterisk.settings import AsteriskSettings
from hotline.asterisk.tree import AsteriskProgram
from tests.e2e.asterisk_fixture import running_asterisk
from tests.e2e.scene import eventually

ROOT = Path(__file__).resolve().parents[2]
OWNER_SCRIPT = """
import asyncio
from pathlib import Path
from hotline.asterisk.process import AsteriskProcess
from hotline.asterisk.tree import AsteriskProgram

async def main():
    program = AsteriskProgram(("/bin/sh", "-c", "exec sleep 60"), Path("/"), Path("/"), "22", "system")
    process = AsteriskProcess(program, Path({etc!r}), {owner!r})
    await process.start()
    print(process.pid, flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def a_process(tmp_path: Path, script: str, owner: tuple[int, int] | None = None) -> AsteriskProcess:
    (tmp_path / "etc").mkdir(exist_ok=True)
    (tmp_path / "log").mkdir(exist_ok=True)
    program = AsteriskProgram(("/bin/sh", "-c", script), Path("/"), Path("/"), "22", "system")
    return AsteriskProcess(program, tmp_path / "etc", owner)


def user_ids(pid: int | None) -> set[int]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {int(word) for line in lines if line.startswith("Uid:") for word in line.split()[1:]}


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


async def test_it_dies_with_its_owner_even_when_that_is_killed(tmp_path: Path) -> None:
    a_process(tmp_path, "true")
    owner = run_as(AsteriskSettings())
    script = OWNER_SCRIPT.format(etc=str(tmp_path / "etc"), owner=owner)
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert parent.stdout is not None
    child = await _first_number(parent.stdout)
    assert is_alive(child)
    parent.send_signal(signal.SIGKILL)
    await parent.wait()
    await eventually(lambda: not is_alive(child), "the child ends with its owner", 5)


async def _first_number(stream: asyncio.StreamReader) -> int:
    async for line in stream:
        if line.strip().isdigit():
            return int(line)
    raise AssertionError("the owner ended without naming its child")


async def test_whoever_starts_it_it_does_not_run_as_root() -> None:
    async with running_asterisk() as asterisk:
        uids = user_ids(asterisk.process.pid)
    assert 0 not in uids


async def test_a_program_that_ends_at_once_is_reported_with_its_last_words(tmp_path: Path) -> None:
    process = a_process(tmp_path, "echo no such module >&2; exit 3")
    await process.start()
    assert await process.wait() == 3
    with pytest.raises(AsteriskError, match="no such module"):
        await process.wait_booted(5)


async def test_a_program_that_never_boots_is_reported_after_the_limit(tmp_path: Path) -> None:
    process = a_process(tmp_path, 'case "$*" in *waitfully*) exit 1;; esac; echo still busy; exec sleep 30')
    await process.start()
    try:
        with pytest.raises(AsteriskError, match=r"not ready within 0\.5 s"):
            await process.wait_booted(0.5)
    finally:
        await process.stop()
    assert process.pid is None


async def test_a_program_that_ignores_the_polite_end_is_killed(tmp_path: Path) -> None:
    process = a_process(tmp_path, "trap '' TERM; echo ready; while :; do sleep 0.1; done")
    await process.start()
    await eventually(lambda: "ready" in process.log_tail(), "the program runs")
    await process.stop(timeout=0.2)
    assert process.pid is None


async def test_starting_twice_is_refused(tmp_path: Path) -> None:
    process = a_process(tmp_path, "exec sleep 30")
    await process.start()
    try:
        with pytest.raises(AsteriskError, match="runs already"):
            await process.start()
    finally:
        await process.stop()


async def test_a_console_command_to_an_asterisk_that_is_not_there_says_so(tmp_path: Path) -> None:
    process = a_process(tmp_path, "echo 'Unable to connect to remote asterisk'; exit 1")
    with pytest.raises(AsteriskError, match="Unable to connect"):
        await process.command("core show version")


def test_an_unknown_user_to_run_as_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(AsteriskError, match="no user nobody-knows-me"):
        run_as(AsteriskSettings(user="nobody-knows-me"))


def test_without_root_it_stays_who_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert run_as(AsteriskSettings()) is None
