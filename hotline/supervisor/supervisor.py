"""Keeps the parts of a hotline running: restarts what dies, kills what hangs, ends everything it started.

A hung IVR must die, because only a closed FastAGI connection frees a new call at once; callers who are in it are taken
back by Asterisk's dead-man timer. Restarts back off, and a part that stayed up for a while starts afresh.
"""

import asyncio
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from hotline.supervisor.part import Check, Part, PartState, start

log = structlog.get_logger()

Report = Callable[[Part, PartState, str], None]


@dataclass(frozen=True, slots=True)
class SupervisorTimes:
    """Seconds."""

    start: float = 120.0
    stop: float = 30.0
    heartbeat: float = 2.0
    hung_after: float = 10.0
    first_pause: float = 0.2
    longest_pause: float = 10.0
    steady_after: float = 30.0


class StartFailed(Exception):
    """A part did not become ready when the hotline was started."""


class Supervisor:
    """`run` starts the parts in order and returns when `stop` is set and all of them have ended."""

    def __init__(self, parts: Sequence[Part], times: SupervisorTimes, report: Report) -> None:
        self._parts = parts
        self._times = times
        self._report = report
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._stopping = asyncio.Event()

    async def run(self, stop: asyncio.Event, on_ready: Callable[[], None]) -> None:
        """Raises StartFailed when a part dies or stays unready at the first start; then nothing is left running."""
        keepers: list[asyncio.Task[None]] = []
        try:
            for part in self._parts:
                if not await self._started(part, stop):
                    return
                keepers.append(asyncio.create_task(self._keep(part)))
            on_ready()
            await stop.wait()
        finally:
            self._stopping.set()
            # First the keepers: one that was just starting its part again would leave it behind.
            for keeper in keepers:
                keeper.cancel()
            await asyncio.gather(*keepers, return_exceptions=True)
            for part in reversed(self._parts):
                await self._end(part)

    async def _started(self, part: Part, stop: asyncio.Event) -> bool:
        """Start a part, unless `stop` comes first: a part may take minutes, Ctrl-C must not."""
        starting = asyncio.create_task(self._start(part))
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({starting, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (starting, stopped):
                task.cancel()
            await asyncio.gather(starting, stopped, return_exceptions=True)
        if starting.cancelled():
            return False
        starting.result()
        return True

    async def _start(self, part: Part) -> None:
        self._report(part, PartState.STARTING, "")
        process = self._processes[part.name] = await start(part)
        try:
            async with asyncio.timeout(self._times.start):
                while not await _answers(part.ready):
                    if process.returncode is not None:
                        raise StartFailed(f"{part.name} ended with {process.returncode}; see {part.log}")
                    await asyncio.sleep(0.1)
        except TimeoutError as exc:
            raise StartFailed(f"{part.name} was not ready after {self._times.start:.0f} s; see {part.log}") from exc
        self._report(part, PartState.READY, "")

    async def _keep(self, part: Part) -> None:
        loop = asyncio.get_running_loop()
        pause = self._times.first_pause
        while not self._stopping.is_set():
            started = loop.time()
            await self._watch(part)
            if self._stopping.is_set():
                return
            if loop.time() - started > self._times.steady_after:
                pause = self._times.first_pause
            await asyncio.sleep(pause)
            pause = min(pause * 2, self._times.longest_pause)
            try:
                await self._start(part)
            except StartFailed as exc:
                self._report(part, PartState.DIED, str(exc))
                self._kill(part)

    async def _watch(self, part: Part) -> None:
        """Until the part has ended, by itself or because it hung and was killed."""
        process = self._processes[part.name]
        loop = asyncio.get_running_loop()
        ended = asyncio.create_task(process.wait())
        last_sign = loop.time()
        try:
            while not ended.done():
                await asyncio.wait([ended], timeout=self._times.heartbeat)
                if ended.done() or self._stopping.is_set():
                    break
                if await _answers(part.alive):
                    last_sign = loop.time()
                elif loop.time() - last_sign >= self._times.hung_after:
                    self._report(part, PartState.HUNG, f"no sign of life for {self._times.hung_after:.0f} s")
                    self._kill(part)
                    await ended
            if ended.done() and not self._stopping.is_set():
                self._report(part, PartState.DIED, f"ended with {process.returncode}; is started again")
        finally:
            ended.cancel()

    async def _end(self, part: Part) -> None:
        process = self._processes.get(part.name)
        if process is None:
            return
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            # A stopped process takes its SIGTERM only when it goes on.
            process.send_signal(signal.SIGCONT)
            try:
                async with asyncio.timeout(self._times.stop):
                    await process.wait()
            except TimeoutError:
                self._kill(part)
                await process.wait()
        self._report(part, PartState.STOPPED, "")

    def _kill(self, part: Part) -> None:
        process = self._processes[part.name]
        if process.returncode is None:
            process.kill()


async def _answers(check: Check) -> bool:
    try:
        async with asyncio.timeout(3.0):
            return await check()
    except (OSError, TimeoutError):
        return False
