"""`hotline standins`: telephones that play 110 and an operator."""

import typer

from hotline.cli.serving import prepare
from hotline.cli.serving import serve as serve_part
from hotline.phone import PhoneError
from hotline.standins import serve


def standins(context: typer.Context) -> None:
    """The stand-ins for 110 and for an operator."""
    settings = prepare(context, "standins")
    serve_part(lambda stop: serve(settings.standins, stop), PhoneError)


def register(app: typer.Typer) -> None:
    app.command()(standins)
