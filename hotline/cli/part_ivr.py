"""`hotline ivr`: FastAGI, AudioSocket, dialogue and outbox, without the rest."""

from contextlib import ExitStack

import typer

from hotline.cli.serving import prepare, serve
from hotline.layout import shipped_sounds
from hotline.secret_files import asterisk_secrets, control_token
from ivr.app import AlreadyRunning, IvrPlaces, IvrPorts, IvrSecrets, IvrSections
from ivr.app import serve as serve_ivr
from tickets.collecting import rare_collections
from tickets.domain.roles import Role
from tickets.service.tokens import ensure_machine_token


def ivr(context: typer.Context) -> None:
    """The IVR alone: FastAGI, AudioSocket, dialogue, outbox."""
    settings = prepare(context, "ivr")
    places = IvrPlaces(
        models=settings.paths.models,
        sounds=shipped_sounds(),
        recordings=settings.paths.recordings,
        spool=settings.paths.spool,
        state=settings.paths.state_dir / "ivr",
    )
    secrets = IvrSecrets(
        ami=asterisk_secrets(settings).ami,
        control_token=control_token(settings),
        tickets_token=ensure_machine_token(settings.tickets.token_files[Role.MACHINE]),
    )
    sections = IvrSections(settings.ivr, settings.ami, settings.speech)
    with ExitStack() as stack:

        def up(_: IvrPorts) -> None:
            # One look through all that routing has loaded stops every caller's sound for 80 to 100 ms.
            stack.enter_context(rare_collections())

        serve(lambda stop: serve_ivr(sections, places, secrets, stop, up), AlreadyRunning)


def register(app: typer.Typer) -> None:
    app.command()(ivr)
