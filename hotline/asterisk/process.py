"""One running Asterisk: start, wait until it answers, speak to its console, stop.

The process never outlives its parent (see `shim`), runs without root, and is its own: several may run side by side with
different state directories and ports. Everything it prints goes to `<state>/asterisk/log/console.log`.
"""

import asyncio
import os
import pwd
import sys
from pathlib import Path
from typing import Final

import structlog

from hotline.asterisk.settings import AsteriskSettings
from hotline.asterisk.tree import AsteriskProgram

SHIM: Final = Path(__file__).with_name("shim.py")
_USERS: Final = ("asterisk", "nobody")
_log = structlog.get_logger(__name__)


class AsteriskError(Exception):
    """Asterisk did not start, answer or stop as it should; the message holds the end of its own log."""


def run_as(settings: AsteriskSettings) -> tuple[int, int] | None:
    """User and group id to run as when we are root: the configured user, `asterisk`, or `nobody`. None otherwise.

    Raises `AsteriskError` when the configured user does not exist.
    """
    if os.geteuid() != 0:
        return None
    for name in (settings.user,) if settings.user else _USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    wanted = settings.user or " or ".join(_USERS)
    raise AsteriskError(f"there is no user {wanted} to run Asterisk as; create one or set asterisk.user")


class AsteriskProcess:
    """Owns one Asterisk started from `etc_dir`. `owner` is the (uid, gid) to run as, or None to stay who we are."""

    def __init__(self, program: AsteriskProgram, etc_dir: Path, owner: tuple[int, int] | None = None) -> None:
        self.program = program
        self.etc_dir = etc_dir
        self._owner = owner
        self._process: asyncio.subprocess.Process | None = None

    @property
    def log_path(self) -> Path:
        """What Asterisk printed since the last start."""
        return self.etc_dir.parent / "log/console.log"

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def start(self) -> None:
        """Start the program; returns before it is ready (see `wait_booted`)."""
        if self.pid is not None:
            raise AsteriskError(f"this Asterisk runs already (process {self.pid})")
        command = self._shimmed(self._argv("-f", "-n"))
        with self.log_path.open("wb") as console:
            self._process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                env=self._environment(),
                cwd=self.etc_dir.parent,
                start_new_session=True,
            )
        _log.info("asterisk_started", pid=self._process.pid, version=self.program.version, origin=self.program.origin)

    async def wait_booted(self, timeout: float) -> None:  # noqa: ASYNC109 - a public wait with a limit of its own
        """Return when fully booted; raise `AsteriskError` with the end of the log after `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                while True:
                    if self.pid is None:
                        raise AsteriskError(f"Asterisk ended while it was starting:\n{self.log_tail()}")
                    status, text = await self._console("core waitfullybooted")
                    if status == 0 and "fully booted" in text:
                        return
                    await asyncio.sleep(0.1)
        except TimeoutError as exc:
            raise AsteriskError(f"Asterisk was not ready within {timeout:g} s:\n{self.log_tail()}") from exc

    async def wait(self) -> int:
        """Wait until the process ends by itself; its exit status (negative: the signal)."""
        if self._process is None:
            raise AsteriskError("this Asterisk was never started")
        return await self._process.wait()

    async def command(self, text: str) -> str:
        """Run one console command and return what it printed. Raises `AsteriskError` when Asterisk does not answer."""
        status, output = await self._console(text)
        if status != 0:
            raise AsteriskError(f"Asterisk did not take the console command {text!r}: {output.strip()}")
        return output

    async def reload(self) -> None:
        """Take changed dialplan, SIP accounts, queues and hold classes without touching calls in progress."""
        for text in ("dialplan reload", "module reload res_pjsip.so", "queue reload all", "moh reload"):
            await self.command(text)

    async def stop(self, timeout: float = 10.0) -> None:  # noqa: ASYNC109 - as above
        """End it: politely, then after `timeout` seconds by force. Does nothing when it does not run."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(timeout):
                await process.wait()
        except TimeoutError:
            _log.warning("asterisk_killed", pid=process.pid, after_s=timeout)
            process.kill()
            await process.wait()

    def log_tail(self, lines: int = 25) -> str:
        """The last lines Asterisk printed; for messages to people."""
        try:
            text = self.log_path.read_text("utf-8", "replace")
        except FileNotFoundError:
            return "(it printed nothing)"
        return "\n".join(text.splitlines()[-lines:])

    def _argv(self, *options: str) -> list[str]:
        return [*self.program.argv, "-C", str(self.etc_dir / "asterisk.conf"), *options]

    def _shimmed(self, argv: list[str]) -> list[str]:
        uid, gid = (-1, -1) if self._owner is None else self._owner
        return [sys.executable, "-I", "-S", str(SHIM), str(os.getpid()), str(uid), str(gid), *argv]

    def _environment(self) -> dict[str, str]:
        """A small environment: Asterisk's children see neither our secrets nor our Python's settings."""
        keep = {name: os.environ[name] for name in ("TZ", "LANG") if name in os.environ}
        return {
            **keep,
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.etc_dir.parent / "var"),
            "PYTHONPATH": str(self.etc_dir.parent / "agi-bin/lib"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    async def _console(self, text: str) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            *self._shimmed(self._argv("-r", "-x", text)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=self._environment(),
        )
        try:
            output, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return process.returncode or 0, output.decode("utf-8", "replace")
