"""`hotline asterisk`: Asterisk with the project's configuration, without the rest."""

import typer

from hotline.asterisk.process import AsteriskError
from hotline.asterisk.tree import AsteriskMissing
from hotline.asterisk_part import run_asterisk
from hotline.cli.serving import prepare, serve


def asterisk(context: typer.Context) -> None:
    """Asterisk alone, with the project's configuration rendered for this site."""
    settings = prepare(context, "asterisk")
    serve(lambda stop: run_asterisk(settings, stop), AsteriskError, AsteriskMissing)


def register(app: typer.Typer) -> None:
    app.command()(asterisk)
