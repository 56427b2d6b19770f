"""A secret key in a file of its own, made once, readable by its owner alone (F98)."""

import os
import re
import secrets
from pathlib import Path
from typing import Final

from tickets.domain.errors import TicketError

_SHAPE: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


class KeyFileError(TicketError):
    code = "key_file"
    title = "A key file cannot be used"


def ensure_key(path: Path) -> bytes:
    """The 32 bytes in the file; makes the file, mode 0600, when it is not there. Blocking.

    Safe when two processes start at once: the file appears whole or not at all, and the first one wins. Raises
    KeyFileError that says what is wrong with the file, never what is in it.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    try:
        mode, text = path.stat().st_mode & 0o777, path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise KeyFileError(f"the key file {path.name} cannot be read: {type(exc).__name__}") from exc
    if mode & 0o077:
        raise KeyFileError(f"the key file {path.name} has mode {mode:04o}; expected 0600: run chmod 600 on it")
    if _SHAPE.fullmatch(text) is None:
        raise KeyFileError(f"the key file {path.name} does not hold 64 hexadecimal digits; restore it from a backup")
    return bytes.fromhex(text)
