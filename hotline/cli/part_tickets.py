"""`hotline tickets`: the ticket service without the rest."""

import typer

from hotline.cli.serving import prepare
from hotline.cli.serving import serve as serve_part
from tickets.app import serve
from tickets.domain.errors import TicketError
from tickets.store.migrate import upgrade


def tickets(context: typer.Context) -> None:
    """The ticket service alone."""
    settings = prepare(context, "tickets")
    upgrade(settings.tickets.database_url)
    serve_part(lambda stop: serve(settings.tickets, stop=stop), TicketError)


def register(app: typer.Typer) -> None:
    app.command()(tickets)
