#!/usr/bin/env python3
"""Note down a call that Asterisk had to serve alone, so that a ticket is made of it later.

Asterisk's own dialplan runs this when the application is down: AGI(hotline-fallback.py,INBOX,UNIQUEID,EVENT[,REASON])
with EVENT one of recorded, emergency, agents, abandoned. It writes INBOX/UNIQUEID.json durably (temporary file, fsync,
rename, fsync of the directory, mode 0600). Called again for the same call it keeps the weightiest event and the first
time, so there is one note for one call. Nothing of the caller ever goes to stderr, where Asterisk's console would show
it. When the note cannot be written it answers "failure", which the dialplan sees as AGISTATUS=FAILURE.
"""

import io
import json
import os
import re
import sys
import tempfile
from contextlib import suppress
from datetime import datetime, timezone

EVENTS = ("abandoned", "agents", "recorded", "emergency")  # lightest first
CALL_ID = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9_-]{0,79}-)?[0-9]{1,12}\.[0-9]{1,12}")
REASON_VARIABLE = "HOTLINE_NOTE"


class Silent(io.TextIOBase):
    """Where pyst2's own chatter goes: it writes every line of the environment, the caller's number among them."""

    def write(self, text: str) -> int:
        return len(text)


def number(text: str) -> str:
    """Digits and + only."""
    return re.sub(r"[^0-9+]", "", text)[:32]


def extension(text: str) -> str:
    """The number dialled; a hang-up handler's or a timeout's extension (h2, s, T) is none."""
    return text if re.fullmatch(r"[0-9]{1,20}", text) else ""


def word(text: str) -> str:
    """A short machine-made reason; anything else is dropped."""
    return re.sub(r"[^A-Za-z0-9_.-]", "", text)[:64]


def talk() -> tuple[dict[str, str], str]:
    """What Asterisk tells of the channel, and why the call came here; empty where it told nothing."""
    from asterisk.agi import AGI, AGIException

    stdin = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="replace", newline="\n")
    agi = AGI(stdin=stdin, stdout=sys.stdout, stderr=Silent())
    try:
        reason = agi.get_variable(REASON_VARIABLE)
    except (AGIException, ValueError, KeyError, OSError):
        reason = ""  # hung up, end of input, or lines that a hostile number wrote: the note is made all the same
    return agi.env, reason


def existing(path: str) -> dict[str, object]:
    """The note already there, if it is one."""
    try:
        with open(path, encoding="utf-8") as file:
            note = json.load(file)
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) and note.get("event") in EVENTS else {}


def sync(path: str) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write(inbox: str, name: str, note: dict[str, object]) -> None:
    handle, temporary = tempfile.mkstemp(prefix=".note-", dir=inbox)  # mkstemp makes it 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(note, file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        os.rename(temporary, os.path.join(inbox, name))
    except OSError:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    sync(inbox)


def compose(inbox: str, call: str, event: str, environment: dict[str, str], reason: str) -> dict[str, object]:
    recording: str | None = f"{call}.wav"
    try:
        sync(os.path.join(inbox, f"{call}.wav"))
    except OSError:
        recording = None
    before = existing(os.path.join(inbox, f"{call}.json"))
    note: dict[str, object] = {
        "call": call,
        "event": event,
        "at": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),  # noqa: UP017 - runs on any python3
        "caller": number(environment.get("agi_callerid", "")),
        "dialled": extension(environment.get("agi_extension", "")) or extension(environment.get("agi_dnid", "")),
        "recording": recording,
        "reason": word(reason) or event,
    }
    if before:
        note["at"] = before.get("at", note["at"])
        for key in ("caller", "dialled", "recording"):  # in a hang-up handler Asterisk no longer tells them all
            note[key] = before.get(key) or note[key]
        if EVENTS.index(str(before["event"])) > EVENTS.index(event):
            note["event"], note["reason"] = before["event"], before.get("reason", note["reason"])
    return note


def main(arguments: list[str]) -> int:
    if len(arguments) not in (3, 4) or not CALL_ID.fullmatch(arguments[1]) or arguments[2] not in EVENTS:
        sys.stderr.write("hotline-fallback: expected INBOX UNIQUEID recorded|emergency|agents|abandoned [REASON]\n")
        return 2
    inbox, call, event = arguments[:3]
    try:
        environment, reason = talk()
        if len(arguments) == 4:
            reason = arguments[3]
    except ImportError:
        sys.stderr.write("hotline-fallback: pyst2 and six are not on PYTHONPATH; the note lacks the caller's number\n")
        environment, reason = {}, "no-pyst2"
    try:
        write(inbox, f"{call}.json", compose(inbox, call, event, environment, reason))
    except OSError as exc:
        sys.stderr.write(f"hotline-fallback: the note was not written: {exc.strerror}\n")
        with suppress(OSError):
            sys.stdout.write("failure\n")
            sys.stdout.flush()
        return 1
    return 0


def close_output() -> None:
    """A closed pipe must not make the interpreter complain while it ends."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


if __name__ == "__main__":
    code = main(sys.argv[1:])
    close_output()
    sys.exit(code)
