"""What the commands share: the configuration, printing of data, errors of the parts in the user's words."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from hotline import logs
from hotline.errors import HotlineError, WrongUse
from hotline.settings import Settings, load

WRONG_INPUT = frozenset({"routing.DataError", "speech.AudioError", "speech.ManifestError", "speech.CatalogueError"})
"""Errors that mean the user gave something wrong, by package and name: naming them does not import their packages."""

FAILURES = frozenset({"speech.SpeechError", "speech.ModelFetchError", "speech.RenderError", "speech.VoiceError"})

AsJson = Annotated[bool, typer.Option("--json", help="print data as JSON")]


class Context:
    """The command line's own options; reads the configuration once, when a command asks for it."""

    def __init__(self, config: Path | None) -> None:
        self.config = config
        self._settings: Settings | None = None

    @property
    def settings(self) -> Settings:
        """Raises WrongUse for a configuration that is not right."""
        if self._settings is None:
            self._settings = load(self.config)
            logs.configure("hotline", "warning")
        return self._settings


def context_of(context: typer.Context) -> Context:
    """The `Context` that the root command made."""
    found = context.obj
    if not isinstance(found, Context):
        raise WrongUse("this command must be started as `hotline …`")
    return found


def settings_of(context: typer.Context) -> Settings:
    return context_of(context).settings


def print_json(value: Any, *, indent: int | None = None) -> None:
    """One JSON value on standard output."""
    print(json.dumps(value, ensure_ascii=False, indent=indent), flush=True)


def say(words: str) -> None:
    """Words for a person, on standard error."""
    print(words, file=sys.stderr, flush=True)


@contextmanager
def in_user_words() -> Iterator[None]:
    """Turn what the parts raise on purpose into one message: bad input is wrong use, the rest a failure."""
    try:
        yield
    except FileNotFoundError as exc:
        raise WrongUse(f"there is no file {exc.filename}") from exc
    except KeyboardInterrupt as exc:
        raise HotlineError("interrupted") from exc
    except Exception as exc:
        kinds = {kind.__module__.split(".")[0] + "." + kind.__name__ for kind in type(exc).__mro__}
        if kinds & WRONG_INPUT:
            raise WrongUse(str(exc)) from exc
        if kinds & FAILURES:
            raise HotlineError(str(exc)) from exc
        raise
