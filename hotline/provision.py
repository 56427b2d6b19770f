"""Bringing Asterisk to a machine that has none; says what it does."""

from collections.abc import Callable

from hotline.asterisk.tree import AsteriskMissing, AsteriskProgram, fetch, locate
from hotline.errors import HotlineError
from hotline.settings import Settings


def ensure_asterisk(settings: Settings, progress: Callable[[str], None]) -> AsteriskProgram:
    """The Asterisk to run; fetched when there is none. Raises HotlineError with the mend."""
    try:
        return locate(settings.asterisk, settings.paths.home)
    except AsteriskMissing as missing:
        if settings.asterisk.binary is not None:
            raise HotlineError(str(missing)) from missing
    try:
        return fetch(settings.paths.home, progress)
    except AsteriskMissing as failed:
        raise HotlineError(str(failed)) from failed
