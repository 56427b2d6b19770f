"""`hotline ivr`, `hotline tickets`, `hotline standins`, `hotline speech-worker`: one part alone, in the foreground."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable

import typer

import ivr.app
import speech.worker
import tickets.app
from hotline import logs, standins
from hotline.asterisk_part import run_asterisk
from hotline.cli.common import in_user_words, settings_of
from hotline.errors import HotlineError
from hotline.layout import shipped_sounds
from hotline.phone import PhoneError
from hotline.secret_files import asterisk_secrets, control_token
from hotline.settings import Settings
from hotline.supervisor.part import end_with_supervisor
from tickets.domain.errors import TicketError
from tickets.domain.roles import Role
from tickets.service.tokens import ensure_machine_token
from tickets.store.migrate import upgrade


def ivr_(context: typer.Context) -> None:
    """The IVR alone: FastAGI, AudioSocket, dialogue, outbox."""
    settings = _prepare(context, "ivr")
    places = ivr.app.IvrPlaces(
        models=settings.paths.models,
        sounds=shipped_sounds(),
        recordings=settings.paths.recordings,
        spool=settings.paths.spool,
        state=settings.paths.state_dir / "ivr",
    )
    secrets = ivr.app.IvrSecrets(
        ami=asterisk_secrets(settings).ami,
        control_token=control_token(settings),
        tickets_token=ensure_machine_token(settings.tickets.token_files[Role.MACHINE]),
    )
    sections = ivr.app.IvrSections(settings.ivr, settings.ami, settings.speech)
    _serve(lambda stop: ivr.app.serve(sections, places, secrets, stop))


def asterisk_(context: typer.Context) -> None:
    """Asterisk alone, with the project's configuration rendered for this site."""
    settings = _prepare(context, "asterisk")
    _serve(lambda stop: run_asterisk(settings, stop))


def tickets_(context: typer.Context) -> None:
    """The ticket service alone."""
    settings = _prepare(context, "tickets")
    upgrade(settings.tickets.database_url)
    _serve(lambda stop: tickets.app.serve(settings.tickets, stop=stop))


def standins_(context: typer.Context) -> None:
    """The stand-ins for 110 and for an operator."""
    settings = _prepare(context, "standins")
    _serve(lambda stop: standins.serve(settings.standins, stop))


def speech_worker() -> None:
    """One recogniser worker on standard input and output; started by the IVR."""
    end_with_supervisor()
    sys.exit(speech.worker.main())


def _prepare(context: typer.Context, part: str) -> Settings:
    end_with_supervisor()
    settings = settings_of(context)
    logs.configure(part, settings.run.log_level)
    return settings


def _serve(serve: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    async def until_signalled() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        await serve(stop)

    with in_user_words():
        try:
            asyncio.run(until_signalled())
        except (ivr.app.AlreadyRunning, TicketError, PhoneError) as exc:
            raise HotlineError(str(exc)) from exc
        except OSError as exc:
            raise HotlineError(
                f"cannot start: {exc.strerror or exc}; `hotline doctor` tells what is in the way"
            ) from exc


def register(app: typer.Typer) -> None:
    app.command("asterisk")(asterisk_)
    app.command("ivr")(ivr_)
    app.command("tickets")(tickets_)
    app.command("standins")(standins_)
    app.command("speech-worker")(speech_worker)
