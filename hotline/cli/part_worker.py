"""`hotline speech-worker`: one recogniser worker, as the IVR starts them."""

import sys

import typer

from speech.worker import main


def speech_worker() -> None:
    """One recogniser worker on standard input and output; started by the IVR."""
    sys.exit(main())


def register(app: typer.Typer) -> None:
    app.command()(speech_worker)
