"""Secrets as files of mode 0600 below the state folder, made once and never shown in a process list or a log."""

import os
import secrets
from pathlib import Path

from hotline.asterisk.render import Secrets
from hotline.errors import HotlineError
from hotline.settings import Settings


def asterisk_secrets(settings: Settings) -> Secrets:
    """Asterisk's passwords: manager account and telephones. Raises HotlineError for a file that others can read."""
    path = settings.paths.secrets / "asterisk.json"
    _make_folder(path.parent)
    found = Secrets.load_or_create(path, settings.asterisk)
    _check_mode(path)
    return found


def control_token(settings: Settings) -> str:
    """The token of the IVR's control door; made when it is missing. Raises HotlineError as above (F98)."""
    path = settings.paths.secrets / "control.token"
    _make_folder(path.parent)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        _check_mode(path)
    else:
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(24) + "\n")
    token = path.read_text().strip()
    if len(token) < 16:
        raise HotlineError(f"{path} should hold a token of at least 16 characters; delete it and it is made anew")
    return token


def _make_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)


def _check_mode(path: Path) -> None:
    if path.stat().st_mode & 0o077:
        raise HotlineError(f"{path} can be read by others; mend it with: chmod 600 {path}")
