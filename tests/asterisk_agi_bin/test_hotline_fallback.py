"""The local fallback script as Asterisk runs it: a process of its own that speaks AGI on its standard streams."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "asterisk" / "agi-bin" / "hotline-fallback.py"
CALL = "1795312345.17"


def environment(number: str = "13800001234") -> bytes:
    lines = [
        "agi_request: hotline-fallback.py",
        "agi_channel: PJSIP/caller-00000001",
        f"agi_uniqueid: {CALL}",
        f"agi_callerid: {number}",
        "agi_extension: 12345",
        "agi_threadid: 140",
        "",
        "",
    ]
    return "\n".join(lines).encode()


def run(inbox: Path, event: str, spoken: bytes, *more: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-W", "error", str(SCRIPT), str(inbox), CALL, event, *more],
        input=spoken,
        capture_output=True,
        timeout=20,
        check=False,
    )


def note(inbox: Path) -> dict[str, object]:
    found = json.loads((inbox / f"{CALL}.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


@pytest.mark.fault("F01")
def test_a_recording_gets_a_private_note_with_the_caller(tmp_path: Path) -> None:
    (tmp_path / f"{CALL}.wav").write_bytes(b"RIFF")
    done = run(tmp_path, "recorded", environment() + b"200 result=1 (agi-down)\n")
    assert (done.returncode, done.stderr) == (0, b"")
    written = note(tmp_path)
    assert written.pop("at")
    assert written == {
        "call": CALL,
        "event": "recorded",
        "caller": "13800001234",
        "dialled": "12345",
        "recording": f"{CALL}.wav",
        "reason": "agi-down",
    }
    assert stat.S_IMODE((tmp_path / f"{CALL}.json").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{CALL}.json", f"{CALL}.wav"]


def test_a_reason_given_by_the_dialplan_wins(tmp_path: Path) -> None:
    run(tmp_path, "agents", environment() + b"200 result=1 (other)\n", "busy")
    assert note(tmp_path)["reason"] == "busy"


@pytest.mark.parametrize(
    "spoken",
    [b"", environment(), environment() + b"HANGUP\n", environment() + b"garbage \xff\n", environment()[:40]],
    ids=["nothing", "end of input", "hang-up", "garbage", "half an environment"],
)
def test_a_note_is_made_whatever_asterisk_still_says(tmp_path: Path, spoken: bytes) -> None:
    done = run(tmp_path, "abandoned", spoken)
    assert (done.returncode, done.stderr) == (0, b"")
    assert note(tmp_path)["event"] == "abandoned"
    assert note(tmp_path)["recording"] is None


@pytest.mark.fault("F30")
def test_a_hostile_number_is_reduced_to_digits(tmp_path: Path) -> None:
    run(tmp_path, "abandoned", environment('+86"; rm -rf / \\ \xff138') + b"200 result=0\n")
    assert note(tmp_path)["caller"] == "+86138"


def test_a_later_lighter_event_does_not_hide_an_emergency(tmp_path: Path) -> None:
    run(tmp_path, "emergency", environment() + b"200 result=0\n")
    (tmp_path / f"{CALL}.wav").write_bytes(b"RIFF")
    run(tmp_path, "abandoned", environment("unknown").replace(b": 12345", b": h2"))
    assert note(tmp_path)["dialled"] == "12345"
    written = note(tmp_path)
    assert (written["event"], written["caller"], written["recording"]) == ("emergency", "13800001234", f"{CALL}.wav")


@pytest.mark.fault("F25")
def test_an_inbox_that_cannot_be_written_is_told_to_the_dialplan(tmp_path: Path) -> None:
    done = run(tmp_path / "absent", "recorded", environment() + b"200 result=0\n")
    assert done.returncode == 1
    assert done.stdout.endswith(b"failure\n")
    assert b"13800001234" not in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("call", ["../../etc/passwd", "", "1795312345.17/../x"])
def test_only_a_real_call_id_becomes_a_file_name(tmp_path: Path, call: str) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path), call, "recorded"],
        input=environment(),
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 2
    assert list(tmp_path.iterdir()) == []
