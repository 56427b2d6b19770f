"""`hotline fetch`: everything a hotline needs that does not come with its packages: Asterisk's tree and the models."""

import typer

from hotline.cli.common import in_user_words, say, settings_of
from hotline.provision import ensure_asterisk
from speech import models


def fetch(context: typer.Context) -> None:
    """Fetch what is missing: Asterisk (unless one is installed), recognition models, voices."""
    settings = settings_of(context)
    program = ensure_asterisk(settings, say)
    say(f"Asterisk {program.version} ({program.origin})")
    with in_user_words():
        for result in models.fetch_default(settings.paths.models):
            say(f"{result.name}: {result.why}")


def register(app: typer.Typer) -> None:
    app.command()(fetch)
