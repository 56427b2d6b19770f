"""What the dialplan leaves behind becomes tickets, each exactly once."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from ivr.call.ending import EndReason, Journal
from ivr.dialogue.request import Completeness
from ivr.inbox import Inbox
from ivr.outbox import durable
from ivr.outbox.numbering import Numbering
from ivr.outbox.outbox import Outbox
from ivr.outbox.relay import Relay, RelayLimits
from ivr.outbox.spool import Item, Spool
from routing.decision import Decision
from speech.text.correction import Corrector
from tests.fakes.clock import FakeTime, FakeToday
from tests.fakes.routing import CERTAIN, FakeRouting
from tests.fakes.ticket_api import FakeTicketApi
from tests.ivr.outbox.test_outbox import FACTS, SAID

CALL = "1795312345.1"
MESSAGE = "来电中断后的留言（自动识别）"


class Node:
    """An inbox with everything behind it; `heard` is what a recording says, with its seconds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "inbox"
        self.recordings = folder / "recordings"
        self.recordings.mkdir()
        self.spool = Spool(folder / "outbox")
        self.relay = Relay(self.spool, FakeTicketApi(), RelayLimits(), FakeTime())
        self.outbox = Outbox(self.spool, Numbering(folder / "numbers.json", 1, FakeToday()), self.relay)
        self.journal = Journal(folder / "calls")
        self.live: set[str] = set()
        self.heard: tuple[str, float] = ("垃圾没人清理", 4.0)
        self.transcribed: list[Path] = []
        self.dangers = {"抢劫": CERTAIN}
        self.inbox = Inbox(
            self.folder,
            self.recordings,
            node=1,
            outbox=self.outbox,
            journal=self.journal,
            is_live=self.live.__contains__,
            transcribe=self._transcribe,
            correct=lambda words: Corrector(("垃圾清运",)).correct([words]),
            decide=self._decide,
        )

    def _decide(self, text: str, *, heard: str = "") -> Decision:
        return FakeRouting(emergencies=self.dangers).decide(text, heard=heard)

    async def _transcribe(self, path: Path) -> tuple[str, float]:
        self.transcribed.append(path)
        return self.heard

    def note(self, call: str = CALL, **changes: Any) -> Path:
        fields = {"call": call, "event": "recorded", "at": "2026-11-22T12:00:00+08:00", "caller": "13800001234"}
        path = self.folder / f"{call}.json"
        path.write_text(json.dumps(fields | {"dialled": "12345", "recording": None} | changes))
        return path

    def record(self, name: str = f"{CALL}.wav", *, whole: bool = True) -> Path:
        size = 1600
        head = b"RIFF" + struct.pack("<I", 36 + size) + b"WAVEfmt "
        head += struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
        path = (self.recordings if "-in" in name else self.folder) / name
        path.write_bytes(head + b"data" + struct.pack("<I", size if whole else 0) + bytes(size))
        return path

    @property
    def tickets(self) -> list[Item]:
        return [item for item in self.spool.pending() if item.is_ticket]

    @property
    def attachments(self) -> list[Item]:
        return [item for item in self.spool.pending() if not item.is_ticket]

    def lies_in(self, folder: str) -> list[str]:
        return sorted(path.name for path in (self.folder / folder).iterdir())


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


async def test_words_of_a_recording_are_corrected_and_what_was_heard_is_kept(node: Node) -> None:
    node.heard = ("楼下的拉及清运没人管", 3.0)
    node.note(recording=node.record().name)
    assert await node.inbox.scan() == 1
    (ticket,) = node.tickets
    (said,) = ticket.body["transcript"]
    assert (said["text"], said["alternatives"]) == ("楼下的垃圾清运没人管", ["楼下的拉及清运没人管"])


@pytest.mark.fault("F01")
async def test_a_recording_made_without_the_application_becomes_one_ticket_with_its_words(node: Node) -> None:
    recording = node.record()
    node.note(recording=recording.name)
    assert await node.inbox.scan() == 1
    assert await node.inbox.scan() == 0
    (ticket,) = node.tickets
    assert ticket.key == f"{CALL}:1"
    assert ticket.body["completeness"] == "fallback"
    assert ticket.body["category"]["problem"] == "垃圾清运"
    assert ticket.body["caller"]["number"] == "13800001234"
    assert ticket.body["call"]["started_at"] == "2026-11-22T12:00:00+08:00"
    (attachment,) = node.attachments
    assert attachment.recording == str(recording)
    assert node.lies_in("done") == [f"{CALL}.json"]


@pytest.mark.fault("F01", "F27")
async def test_a_note_taken_up_again_after_a_crash_is_still_one_ticket(node: Node) -> None:
    recording = node.record()
    for _ in range(3):
        node.note(recording=recording.name)
        await node.inbox.scan()
    assert len(node.tickets) == 1


@pytest.mark.fault("F04")
async def test_a_request_already_saved_gets_the_second_recording(node: Node) -> None:
    number = await node.outbox.save(FACTS, SAID, Completeness.COMPLETE)
    recording = node.record()
    node.note(recording=recording.name)
    assert await node.inbox.scan() == 0
    assert [item.number for item in node.tickets] == [number]
    note, message = node.attachments
    assert (message.number, message.recording_kind) == (number, "message")
    assert (note.number, note.event) == (number, {"verb": "note", "text": f"{MESSAGE}：垃圾没人清理"})


@pytest.mark.fault("F04", "F27")
async def test_a_message_taken_up_again_is_noted_once(node: Node) -> None:
    await node.outbox.save(FACTS, SAID, Completeness.COMPLETE)
    for _ in range(2):
        node.note(recording=node.record().name)
        await node.inbox.scan()
    assert [bool(item.event) for item in node.attachments] == [True, False]


async def test_a_message_nobody_understood_is_attached_all_the_same(node: Node) -> None:
    node.heard = ("", 3.0)
    await node.outbox.save(FACTS, SAID, Completeness.COMPLETE)
    node.note(recording=node.record().name)
    await node.inbox.scan()
    assert [item.recording_kind for item in node.attachments] == ["message"]


async def test_danger_in_a_message_is_said_on_the_ticket_that_was_there_before(node: Node) -> None:
    node.heard = ("有人抢劫", 3.0)
    await node.outbox.save(FACTS, SAID, Completeness.COMPLETE)
    node.note(recording=node.record().name)
    await node.inbox.scan()
    note = node.attachments[0]
    assert note.event
    assert note.event["text"] == f"{MESSAGE}【疑似险情 110】：有人抢劫"


async def test_a_call_that_was_properly_ended_needs_nothing(node: Node) -> None:
    await node.journal.close(CALL, EndReason.GOODBYE, [])
    node.note(event="abandoned")
    assert await node.inbox.scan() == 0
    assert node.spool.count() == 0
    assert node.lies_in("done") == [f"{CALL}.json"]


async def test_a_call_that_was_handed_to_the_recording_still_gets_its_ticket(node: Node) -> None:
    await node.journal.close(CALL, EndReason.FALLBACK, [])
    node.note(recording=node.record().name)
    assert await node.inbox.scan() == 1


@pytest.mark.fault("F03")
async def test_a_call_broken_off_becomes_a_ticket_from_what_asterisk_recorded(node: Node) -> None:
    node.record(f"{CALL}-in.wav")
    node.note(event="abandoned")
    assert await node.inbox.scan() == 1
    assert node.transcribed == [node.recordings / f"{CALL}-in.wav"]


async def test_a_caller_who_hung_up_without_a_word_is_no_request(node: Node) -> None:
    node.heard = ("", 1.9)
    node.record(f"{CALL}-in.wav")
    node.note(event="abandoned")
    assert await node.inbox.scan() == 0
    assert node.tickets == []


async def test_a_voice_that_no_engine_understood_is_still_a_ticket(node: Node) -> None:
    node.heard = ("", 6.0)
    node.note(recording=node.record().name)
    assert await node.inbox.scan() == 1
    assert "请听录音" in node.tickets[0].body["summary"]


@pytest.mark.fault("F76")
async def test_an_emergency_without_the_application_is_an_emergency_ticket(node: Node) -> None:
    node.heard = ("有人抢劫", 3.0)
    node.note(event="emergency", recording=node.record().name)
    await node.inbox.scan()
    (ticket,) = node.tickets
    assert (ticket.body["completeness"], ticket.body["level"]) == ("emergency", 1)


async def test_a_recording_under_way_is_waited_for(node: Node) -> None:
    recording = node.record(whole=False)
    node.note(recording=recording.name)
    assert await node.inbox.scan() == 0
    assert node.lies_in("done") == []
    node.record()
    assert await node.inbox.scan() == 1


async def test_a_call_that_is_still_live_is_waited_for(node: Node) -> None:
    node.live.add(CALL)
    node.note(recording=node.record().name)
    assert await node.inbox.scan() == 0
    node.live.clear()
    assert await node.inbox.scan() == 1


async def test_a_recording_that_is_gone_costs_the_recording_and_not_the_ticket(node: Node) -> None:
    node.heard = ("", 0.0)
    node.note(recording="gone.wav")
    assert await node.inbox.scan() == 1
    assert node.attachments == [], "nobody would ever be done with waiting for it"


@pytest.mark.fault("F28")
@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"[]", b"null", b"17", b"\xff\xfe\xfd", b"{}", b'{"call": "1795312345.1"}'),
        *(b'{"call": "1795312345.1", "event": "recorded", "at": "yesterday"}', b'"text"'),
        b'{"call": "1795312345.1", "event": "recorded", "at": 5}',
        b'{"call": "1795312345.1", "event": "recorded", "at": "2026-11-22T12:00:00"}',
    ],
)
async def test_a_note_that_is_none_goes_to_quarantine_and_the_rest_goes_on(node: Node, content: bytes) -> None:
    (node.folder / f"{CALL}.json").write_bytes(content)
    node.note("1795312345.2", recording=node.record("1795312345.2.wav").name)
    assert await node.inbox.scan() == 1
    assert node.lies_in("quarantine") == [f"{CALL}.json"]
    assert (node.folder / "quarantine" / f"{CALL}.json").read_bytes() == content


@pytest.mark.fault("F82")
@pytest.mark.parametrize("name", ["../secret.wav", "/etc/passwd", "a/b.wav", "..", "x/../../y.wav", ["a"], "a\0b"])
async def test_a_note_cannot_name_a_file_outside_the_inbox(node: Node, name: object) -> None:
    node.note(recording=name)
    assert await node.inbox.scan() == 0
    assert node.lies_in("quarantine") == [f"{CALL}.json"]
    assert node.transcribed == []


@pytest.mark.fault("F82")
@pytest.mark.parametrize("call", ["../../x", "", "1795312345.2", "a/b", "x" * 80])
async def test_a_note_must_be_about_the_call_it_is_named_for(node: Node, call: str) -> None:
    path = node.note()
    path.write_text(json.dumps({"call": call, "event": "recorded", "at": "2026-11-22T12:00:00+08:00"}))
    assert await node.inbox.scan() == 0
    assert node.lies_in("quarantine") == [f"{CALL}.json"]


@pytest.mark.fault("F30")
async def test_a_number_with_more_than_digits_in_it_is_taken_without_the_rest(node: Node) -> None:
    node.note(recording=node.record().name, caller="138\r\n0000<x>1234")
    await node.inbox.scan()
    assert node.tickets[0].body["caller"]["number"] == "13800001234"


@pytest.mark.fault("F25")
async def test_a_full_disk_leaves_the_note_for_the_next_time(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    node.note(recording=node.record().name)
    with monkeypatch.context() as patch:
        patch.setattr(durable, "write", refuse)
        assert await node.inbox.scan() == 0
    assert node.lies_in("done") == []
    assert await node.inbox.scan() == 1


async def test_danger_that_correction_took_out_of_a_recording_still_counts(node: Node) -> None:
    node.heard = ("楼下的拉及清运", 3.0)
    node.dangers = {"拉及": CERTAIN}
    node.note(recording=node.record().name)
    await node.inbox.scan()
    (ticket,) = node.tickets
    assert ticket.body["transcript"][0]["text"] == "楼下的垃圾清运"
    assert ticket.body["emergency"]["level"] == "certain"
