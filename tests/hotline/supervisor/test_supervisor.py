"""The supervisor with real child processes, small enough to start in a tenth of a second."""

import asyncio
import os
import select
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hotline.supervisor import Part, PartState, Supervisor, SupervisorTimes
from hotline.supervisor.supervisor import StartFailed

LIVES = """
import os, pathlib, signal, sys, time
folder = pathlib.Path(sys.argv[1])
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
while True:
    # A sign of life: renewed as long as the process runs.
    (folder / "pid.new").write_text(str(os.getpid()))
    (folder / "pid.new").rename(folder / "pid")
    time.sleep(0.01)
"""
DEAF = LIVES.replace("lambda *_: sys.exit(0)", "signal.SIG_IGN")
DIES = "raise SystemExit(7)"
NEVER_READY = "import time; time.sleep(60)"
TIMES = SupervisorTimes(
    start=5.0, stop=2.0, heartbeat=0.02, hung_after=0.15, first_pause=0.01, longest_pause=0.05, steady_after=30.0
)
PATIENCE = 15.0


class Child:
    """One part and what became of it."""

    def __init__(self, folder: Path, name: str, script: str = LIVES) -> None:
        self.folder = folder / name
        self.folder.mkdir()
        self._seen = 0.0
        self.part = Part(
            name,
            (sys.executable, "-S", "-c", script, str(self.folder)),
            ready=self._there,
            alive=self._renewed,
            log=self.folder / "log",
        )

    @property
    def pid(self) -> int:
        return int((self.folder / "pid").read_text())

    async def _there(self) -> bool:
        return (self.folder / "pid").exists()

    async def _renewed(self) -> bool:
        last, self._seen = self._seen, (self.folder / "pid").stat().st_mtime
        return self._seen > last


class Hotline:
    """A supervisor over some children; `reports` are its words about them."""

    def __init__(self, *children: Child, times: SupervisorTimes = TIMES) -> None:
        self.children = children
        self.reports: list[tuple[str, PartState]] = []
        self._changed = asyncio.Event()
        self.stop = asyncio.Event()
        self.ready = asyncio.Event()
        self.supervisor = Supervisor([child.part for child in children], times, self._report)

    def _report(self, part: Part, state: PartState, why: str) -> None:
        self.reports.append((part.name, state))
        if state is PartState.DIED:
            # The next process shows itself anew.
            next(child for child in self.children if child.part is part).folder.joinpath("pid").unlink(missing_ok=True)
        self._changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    @asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        run = asyncio.create_task(self.supervisor.run(self.stop, self.ready.set))
        try:
            async with asyncio.timeout(PATIENCE):
                await self.ready.wait()
            yield
        finally:
            self.stop.set()
            async with asyncio.timeout(PATIENCE):
                await run


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_parts_start_one_after_the_other_and_stop_in_the_other_order(tmp_path: Path) -> None:
    hotline = Hotline(Child(tmp_path, "a"), Child(tmp_path, "b"))
    async with hotline.up():
        pids = [child.pid for child in hotline.children]
        assert all(map(runs, pids))
    assert not any(map(runs, pids))
    assert hotline.reports == [
        ("a", PartState.STARTING),
        ("a", PartState.READY),
        ("b", PartState.STARTING),
        ("b", PartState.READY),
        ("b", PartState.STOPPED),
        ("a", PartState.STOPPED),
    ]


@pytest.mark.fault("F03")
async def test_a_part_that_dies_is_started_again_and_the_others_stay(tmp_path: Path) -> None:
    hotline = Hotline(Child(tmp_path, "a"), Child(tmp_path, "b"))
    async with hotline.up():
        first, other = (child.pid for child in hotline.children)
        os.kill(first, signal.SIGKILL)
        await hotline.until(lambda: hotline.reports.count(("a", PartState.READY)) == 2)
        assert hotline.children[0].pid != first
        assert hotline.children[1].pid == other
        assert ("a", PartState.DIED) in hotline.reports
    assert not runs(hotline.children[0].pid)


@pytest.mark.fault("F02")
async def test_a_part_that_hangs_is_killed_and_started_again(tmp_path: Path) -> None:
    hotline = Hotline(Child(tmp_path, "a"))
    async with hotline.up():
        hung = hotline.children[0].pid
        os.kill(hung, signal.SIGSTOP)
        await hotline.until(lambda: hotline.reports.count(("a", PartState.READY)) == 2)
        assert not runs(hung)
    assert [state for _, state in hotline.reports][2:6] == [
        PartState.HUNG,
        PartState.DIED,
        PartState.STARTING,
        PartState.READY,
    ]


async def test_a_part_that_dies_again_and_again_is_tried_on_and_on(tmp_path: Path) -> None:
    hotline = Hotline(Child(tmp_path, "a"))
    async with hotline.up():
        for deaths in range(1, 4):
            os.kill(hotline.children[0].pid, signal.SIGKILL)
            await hotline.until(lambda count=deaths: hotline.reports.count(("a", PartState.READY)) == count + 1)  # type: ignore[misc]  # the loop's own count


async def test_stopping_ends_a_part_that_was_stopped_by_a_signal(tmp_path: Path) -> None:
    hotline = Hotline(Child(tmp_path, "a"), times=SupervisorTimes(start=5.0, stop=2.0, hung_after=60.0))
    async with hotline.up():
        pid = hotline.children[0].pid
        os.kill(pid, signal.SIGSTOP)
    assert not runs(pid)


async def test_stopping_kills_what_does_not_listen(tmp_path: Path) -> None:
    hotline = Hotline(Child(tmp_path, "a", DEAF), times=SupervisorTimes(start=5.0, stop=0.1))
    async with hotline.up():
        pid = hotline.children[0].pid
    assert not runs(pid)


@pytest.mark.parametrize(
    ("script", "words"), [(DIES, "b ended with 7; see .*log"), (NEVER_READY, "b was not ready after 0 s; see .*log")]
)
async def test_when_a_part_does_not_start_nothing_is_left_running(tmp_path: Path, script: str, words: str) -> None:
    first = Child(tmp_path, "a")
    times = SupervisorTimes(start=0.4 if script is NEVER_READY else 5.0, stop=2.0)
    hotline = Hotline(first, Child(tmp_path, "b", script), times=times)
    with pytest.raises(StartFailed, match=words):
        await hotline.supervisor.run(hotline.stop, hotline.ready.set)
    assert not hotline.ready.is_set()
    assert not runs(first.pid)
    assert hotline.reports[-1] == ("a", PartState.STOPPED)


@pytest.mark.parametrize("script", [LIVES, NEVER_READY])
async def test_a_stop_while_parts_are_being_started_ends_all(tmp_path: Path, script: str) -> None:
    first, second = Child(tmp_path, "a"), Child(tmp_path, "b", script)
    hotline = Hotline(first, second)
    run = asyncio.create_task(hotline.supervisor.run(hotline.stop, hotline.ready.set))
    await hotline.until(lambda: ("b", PartState.STARTING) in hotline.reports)
    hotline.stop.set()
    async with asyncio.timeout(3):
        await run
    assert not runs(first.pid)
    assert hotline.reports[-2:] == [("b", PartState.STOPPED), ("a", PartState.STOPPED)]


async def test_a_part_that_is_waiting_to_be_started_again_is_not_started_after_the_stop(tmp_path: Path) -> None:
    slow = Child(tmp_path, "slow", DEAF)
    hotline = Hotline(Child(tmp_path, "a"), slow, times=SupervisorTimes(start=5.0, stop=0.3, first_pause=0.1))
    async with hotline.up():
        os.kill(hotline.children[0].pid, signal.SIGKILL)
        await hotline.until(lambda: ("a", PartState.DIED) in hotline.reports)
    assert hotline.reports.count(("a", PartState.STARTING)) == 1
    assert not (hotline.children[0].folder / "pid").exists()


async def test_what_a_part_prints_goes_to_its_log(tmp_path: Path) -> None:
    child = Child(tmp_path, "a", "print('words of the part', flush=True)\n" + LIVES)
    hotline = Hotline(child)
    async with hotline.up():
        assert child.part.log.read_text() == "words of the part\n"


async def test_a_child_knows_its_supervisor(tmp_path: Path) -> None:
    child = Child(tmp_path, "a", "import os; print(os.environ['HOTLINE_SUPERVISED'], flush=True)\n" + LIVES)
    async with Hotline(child).up():
        assert child.part.log.read_text().strip() == str(os.getpid())


ENDS_WITH_ITS_PARENT = """
import os, subprocess, sys, time
if len(sys.argv) == 1:
    os.environ["HOTLINE_SUPERVISED"] = str(os.getpid())
    child = subprocess.Popen([sys.executable, __file__, "child"], stdout=subprocess.PIPE)
    print(child.stdout.readline().decode().strip(), flush=True)
else:
    from hotline.supervisor.part import end_with_supervisor
    end_with_supervisor()
    print(os.getpid(), flush=True)
time.sleep(60)
"""


def test_a_part_ends_when_its_supervisor_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(ENDS_WITH_ITS_PARENT)
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, env=environment) as supervisor:
        assert supervisor.stdout is not None
        part = os.pidfd_open(int(supervisor.stdout.readline()))
        try:
            supervisor.kill()
            ended, _, _ = select.select([part], [], [], PATIENCE)
        finally:
            os.close(part)
    assert ended


def test_a_part_whose_supervisor_is_gone_already_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_SUPERVISED", "1")
    script = "from hotline.supervisor.part import end_with_supervisor as end; end(); print('started')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "the supervisor that started this process is gone\n"
