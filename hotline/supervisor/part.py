"""One child process: how it is started, how one sees that it is ready, how one sees that it lives."""

import asyncio
import ctypes
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

SUPERVISED = "HOTLINE_SUPERVISED"
"""In a child's environment: the process id of its supervisor."""

_PR_SET_PDEATHSIG = 1


class PartState(StrEnum):
    STARTING = "starting"
    READY = "ready"
    DIED = "died"
    HUNG = "hung"
    STOPPED = "stopped"


Check = Callable[[], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Part:
    """`ready` and `alive` answer at once or raise OSError or TimeoutError; `alive` is asked of a part once ready."""

    name: str
    argv: tuple[str, ...]
    ready: Check
    alive: Check
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    user: int | None = None
    group: int | None = None


async def start(part: Part) -> asyncio.subprocess.Process:
    """Start a part in a session of its own (a terminal's Ctrl-C reaches the supervisor only), output to its log."""
    part.log.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, **part.environment, SUPERVISED: str(os.getpid())}
    with part.log.open("ab") as log:
        return await asyncio.create_subprocess_exec(
            *part.argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
            user=part.user,
            group=part.group,
        )


def end_with_supervisor() -> None:
    """Called by a child: die when the supervisor dies, however it dies (`prctl(2)`, Linux only)."""
    supervisor = os.environ.get(SUPERVISED)
    if supervisor is None:
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(supervisor):
        raise SystemExit("the supervisor that started this process is gone")
