"""One recogniser worker process as its parent sees it: started, spoken to without ever blocking, watched, killed.

The pipe is written only while its buffer is short, so a worker that does not read costs no memory: what is not written
stays in the stream's own ring. Nothing here outlives `kill`.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

from speech.engines.choice import EngineChoice
from speech.settings import SpeechSettings
from speech.wire import Kind, Message, MessageReader, encode, encode_json

__all__ = ["WorkerProcess"]

_WRITE_LIMIT: Final = 256 * 1024
_READ: Final = 65_536


class WorkerProcess:
    """A started process. Iterate `messages` in one task; everything else is immediate."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("a worker needs pipes on stdin and stdout")
        self._process = process
        self._handle: int | None = os.pidfd_open(process.pid)
        self._stdin = process.stdin
        self._stdout = process.stdout

    @classmethod
    async def start(
        cls, choice: EngineChoice, settings: SpeechSettings, sample: Path | None = None, *, background: bool = False
    ) -> "WorkerProcess":
        """Start the process and tell it what to load. Model errors come later, as a REFUSED message.

        `sample` is speech (WAV) by which the worker measures its own speed before it says that it is ready.
        In the `background` it runs with the lowest priority: whatever else wants the processor has it.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "speech.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        worker = cls(process)
        order: dict[str, Any] = {
            "engine": choice.name,
            "model": str(choice.folder.absolute()),
            "sample": str(sample or ""),
            "background": background,
            "settings": settings.model_dump(mode="json"),
        }
        worker.write(encode_json(Kind.CONFIG, 0, order))
        return worker

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.returncode is None and not self._stdin.is_closing()

    @property
    def room(self) -> bool:
        """Whether the pipe takes more audio now."""
        return self.alive and self._stdin.transport.get_write_buffer_size() < _WRITE_LIMIT

    def write(self, data: bytes) -> None:
        """Send whole messages. Control is always taken; audio only after asking `room`."""
        if self.alive:
            self._stdin.write(data)

    def send(self, kind: Kind, stream: int = 0, payload: bytes = b"") -> None:
        self.write(encode(kind, stream, payload))

    async def messages(self) -> AsyncIterator[Message]:
        """What the worker says, until it ends. Raises `speech.errors.WireError` when it says nonsense."""
        reader = MessageReader()
        while data := await self._stdout.read(_READ):
            for message in reader.feed(data):
                yield message

    async def kill(self) -> int:
        """End the process at once, hung or stopped as it may be, and reap it. Idempotent; gives its return code."""
        handle, self._handle = self._handle, None
        if handle is not None:
            # Not `Process.kill`: that looks first whether the process has ended, and so takes its return code away from
            # the loop's own watcher (`subprocess.Popen.send_signal`). A handle never means another process.
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            os.close(handle)
        self._stdin.close()
        reaped = asyncio.ensure_future(self._process.wait())
        try:
            return await asyncio.shield(reaped)
        except asyncio.CancelledError:
            # A killed process is gone within milliseconds; left unreaped it would outlive its event loop.
            await reaped
            raise
