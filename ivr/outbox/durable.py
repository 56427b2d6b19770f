"""Files that are either whole or not there: written beside their name, synced, renamed, and the folder synced.

A reader never sees half a file (F25), and what a call of `write` returned for survives the loss of power.
"""

import json
import os
import tempfile
from pathlib import Path
from typing import Any


def write(path: Path, data: bytes) -> None:
    """Put `data` at `path`, mode 0600. Raises OSError; then nothing is at `path` that was not there before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".tmp-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_json(path: Path, value: Any) -> None:
    """`write`, of a value as UTF-8 JSON."""
    write(path, json.dumps(value, ensure_ascii=False, sort_keys=True).encode())


def move(source: Path, target: Path) -> None:
    """Rename durably within one file system."""
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(source, target)
    sync_folder(target.parent)
    if source.parent != target.parent:
        sync_folder(source.parent)


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable; a renamed file is not safe before that."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
