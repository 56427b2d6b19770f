"""`hotline tickets`: the ticket service without the rest."""

import typer

from hotline.cli.common import in_user_words
from hotline.cli.serving import prepare
from hotline.cli.serving import serve as serve_part
from hotline.directory_export import export_directory
from hotline.taxonomy_export import export_taxonomy
from tickets.app import serve
from tickets.domain.errors import TicketError
from tickets.store.migrate import upgrade


def tickets(context: typer.Context) -> None:
    """The ticket service alone."""
    settings = prepare(context, "tickets").tickets
    upgrade(settings.database_url)
    if settings.taxonomy_file is None:
        # Nobody has named a file of their own: the service offers what routing tells apart.
        with in_user_words():
            own = settings.attachments_dir.parent / "taxonomy.json"
            export_taxonomy(own)
        settings = settings.model_copy(update={"taxonomy_file": own})
    if settings.directory_file is None:
        with in_user_words():
            own = settings.attachments_dir.parent / "directory.json"
            export_directory(own)
        settings = settings.model_copy(update={"directory_file": own})
    serve_part(lambda stop: serve(settings, stop=stop), TicketError)


def register(app: typer.Typer) -> None:
    app.command()(tickets)
