"""A file is whole or not there, whatever fails in between."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ivr.outbox import durable


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_whole_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "item.json"
    durable.write(path, b"whole")
    assert path.read_bytes() == b"whole"
    assert path.stat().st_mode & 0o777 == 0o600
    assert names(path.parent) == ["item.json"]


def test_json_is_kept_as_utf_8(tmp_path: Path) -> None:
    durable.write_json(tmp_path / "a.json", {"text": "垃圾"})
    assert "垃圾".encode() in (tmp_path / "a.json").read_bytes()


def test_a_move_takes_the_place_of_the_target(tmp_path: Path) -> None:
    durable.write(tmp_path / "a", b"new")
    durable.write(tmp_path / "b" / "c", b"old")
    durable.move(tmp_path / "a", tmp_path / "b" / "c")
    assert (tmp_path / "b" / "c").read_bytes() == b"new"
    assert not (tmp_path / "a").exists()


@pytest.mark.fault("F25")
@pytest.mark.parametrize("step", ["fdopen", "fsync", "replace"])
def test_a_disk_that_refuses_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    path = tmp_path / "item"
    durable.write(path, b"old")
    real: Callable[..., Any] = getattr(os, step)

    def refuse(*arguments: Any, **more: Any) -> Any:
        if step == "fdopen":
            os.close(arguments[0])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, refuse)
    with pytest.raises(OSError, match="No space"):
        durable.write(path, b"new")
    monkeypatch.setattr(os, step, real)
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["item"]


WRITER = """
import itertools, os, sys
from pathlib import Path
from ivr.outbox import durable
path = Path(sys.argv[1])
print("ready", flush=True)
for number in itertools.count():
    durable.write(path, str(number % 10).encode() * 200_000)
    print(number, flush=True)
"""


@pytest.mark.fault("F27")
def test_a_reader_never_sees_half_a_file_while_a_writer_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "item"
    for kill_after in (1, 2, 3):
        with subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(WRITER), str(path)], stdout=subprocess.PIPE, cwd=Path.cwd()
        ) as writer:
            assert writer.stdout is not None
            while writer.stdout.readline().strip() != str(kill_after).encode():
                if path.exists():
                    assert whole(path.read_bytes())
            writer.send_signal(signal.SIGKILL)
        assert whole(path.read_bytes())


def whole(data: bytes) -> bool:
    return len(data) == 200_000 and len(set(data)) == 1
