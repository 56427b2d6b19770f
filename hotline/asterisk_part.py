"""Asterisk as one part of a running hotline: found or fetched, configured for this site, started, watched, ended."""

import asyncio
from pathlib import Path

from hotline.asterisk.process import AsteriskProcess, run_as
from hotline.asterisk.render import Assets, Endpoints, render
from hotline.asterisk.tree import AsteriskProgram, locate
from hotline.errors import HotlineError
from hotline.layout import asterisk_folder
from hotline.secret_files import asterisk_secrets
from hotline.settings import Settings

BOOT_SECONDS = 60.0
BOOTED = "booted"
"""File in Asterisk's run folder that exists while it is fully booted."""


def booted_file(settings: Settings) -> Path:
    return settings.paths.state_dir / "asterisk" / "run" / BOOTED


def render_for(settings: Settings, program: AsteriskProgram) -> Path:
    """Write the configuration of this site; returns its folder."""
    endpoints = Endpoints(
        agi=f"{settings.ivr.host}:{settings.ivr.agi_port}",
        recordings=settings.paths.recordings.resolve(),
        spool=settings.paths.spool.resolve(),
    )
    try:
        return render(
            settings.asterisk,
            program,
            settings.paths.state_dir,
            asterisk_secrets(settings),
            endpoints,
            Assets(asterisk_folder()),
        )
    except ValueError as exc:
        raise HotlineError(str(exc)) from exc


async def run_asterisk(settings: Settings, stop: asyncio.Event) -> None:
    """Run Asterisk until `stop`, or until it ends by itself, which is a failure."""
    program = locate(settings.asterisk, settings.paths.home)
    process = AsteriskProcess(program, render_for(settings, program), run_as(settings.asterisk))
    marker = booted_file(settings)
    marker.unlink(missing_ok=True)
    await process.start()
    try:
        await process.wait_booted(BOOT_SECONDS)
        marker.touch()
        while not stop.is_set():
            if process.pid is None:
                raise HotlineError(f"Asterisk ended by itself; its last words:\n{process.log_tail()}")
            try:
                async with asyncio.timeout(0.5):
                    await stop.wait()
            except TimeoutError:
                continue
    finally:
        marker.unlink(missing_ok=True)
        await process.stop()
