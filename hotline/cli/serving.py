"""What the parts have in common when they run alone: logs, signals, and start-up faults as one message."""

import asyncio
import signal
from collections.abc import Awaitable, Callable

import typer

from hotline import logs
from hotline.cli.common import in_user_words, settings_of
from hotline.errors import HotlineError
from hotline.settings import Settings
from hotline.supervisor.part import end_with_supervisor


def prepare(context: typer.Context, part: str) -> Settings:
    """The settings, with logs set up under the part's name; a supervised part ends with its supervisor from here on."""
    end_with_supervisor()
    settings = settings_of(context)
    logs.configure(part, settings.run.log_level)
    return settings


def serve(work: Callable[[asyncio.Event], Awaitable[None]], *faults: type[Exception]) -> None:
    """Run until SIGINT or SIGTERM. `faults` are what the part raises on purpose; they become one message."""

    async def until_signalled() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        await work(stop)

    with in_user_words():
        try:
            asyncio.run(until_signalled())
        except faults as exc:
            raise HotlineError(str(exc)) from exc
        except OSError as exc:
            raise HotlineError(f"cannot start: {exc.strerror or exc}; see `hotline doctor`") from exc
