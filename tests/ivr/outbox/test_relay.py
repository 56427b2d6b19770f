"""The relay: sends what it can, waits for the rest, and can be killed anywhere."""

import asyncio
import os
import struct
from pathlib import Path

import pytest

from ivr.outbox.api import ApiNotYet, ApiRefused, ApiUnavailable
from ivr.outbox.relay import Relay, RelayLimits, wav_is_whole
from ivr.outbox.spool import Item, Spool
from tests.fakes.clock import FakeTime
from tests.fakes.ticket_api import FakeTicketApi

QUICK = RelayLimits(first_wait=0.001, longest_wait=0.01, idle_wait=0.001, recording_patience=100.0)


def wav(data: bytes = b"\1\0" * 160, length: int | None = None) -> bytes:
    """A WAV file; `length` is what its header says, as long as Asterisk still writes it 0."""
    size = len(data) if length is None else length
    head = b"RIFF" + struct.pack("<I", 36 + size) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
    return head + b"data" + struct.pack("<I", size) + data


class Node:
    """A relay on a spool of its own, with the fake service."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = FakeTime()
        self.api = FakeTicketApi()
        self.spool = Spool(folder / "outbox")
        self.relay = Relay(self.spool, self.api, QUICK, self.clock)

    def put_ticket(self, call: str = "1.1", number: str = "261122010001") -> None:
        self.spool.put(Item(key=f"{call}:1", number=number, body={"number": number}))

    def put_recording(self, path: Path, number: str = "261122010001") -> None:
        self.spool.put(Item(key=f"1.1:{number}:recording", number=number, recording=str(path)))


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


async def test_tickets_are_delivered_once_and_kept_with_the_answer(node: Node) -> None:
    node.put_ticket()
    assert await node.relay.deliver()
    assert await node.relay.deliver()
    assert node.api.asked == ["1.1:1"]
    assert node.relay.sent == 1
    found = node.spool.find("1.1:1")
    assert found
    assert found.answer == {"number": "261122010001", "state": "accepted"}


@pytest.mark.fault("F20")
async def test_while_the_service_is_away_everything_is_kept_and_sent_after_it_is_back(node: Node) -> None:
    node.api.down = True
    node.put_ticket("1.1", "261122010001")
    node.put_ticket("1.2", "261122010002")
    assert not await node.relay.deliver()
    assert node.relay.available is False
    assert node.spool.count() == 2
    assert node.api.asked == ["1.1:1"], "the others need not fail too"
    node.api.down = False
    assert await node.relay.deliver()
    assert (node.relay.available, node.spool.count()) == (True, 0)
    assert sorted(node.api.tickets) == ["1.1:1", "1.2:1"]
    assert node.spool.count() == 0


@pytest.mark.fault("F21")
async def test_a_lost_reply_is_asked_for_again_under_the_same_key(node: Node) -> None:
    node.put_ticket()
    node.api.failures.append(ApiUnavailable("the reply was torn"))
    assert not await node.relay.deliver()
    assert await node.relay.deliver()
    assert node.api.asked == ["1.1:1", "1.1:1"]
    assert len(node.api.tickets) == 1


@pytest.mark.fault("F23")
async def test_what_the_service_will_never_take_is_kept_for_a_person_and_the_rest_goes_on(node: Node) -> None:
    node.put_ticket("1.1", "261122010001")
    node.put_ticket("1.2", "261122010002")
    node.api.failures.append(ApiRefused(409, "idempotency_key_reused"))
    assert await node.relay.deliver()
    assert node.spool.quarantined() == 1
    assert len(node.api.tickets) == 1
    reason = next((node.folder / "outbox" / "quarantine").glob("*.reason"))
    assert "409 idempotency_key_reused" in reason.read_text()


@pytest.mark.fault("F28")
async def test_a_garbage_file_does_not_stop_the_others(node: Node) -> None:
    node.put_ticket()
    (node.folder / "outbox" / "pending" / "0.json").write_bytes(b"garbage")
    assert await node.relay.deliver()
    assert len(node.api.tickets) == 1
    assert node.spool.quarantined() == 1


async def test_what_happened_to_a_ticket_is_told_after_the_ticket_itself(node: Node) -> None:
    event = {"verb": "answer", "text": "每两个月一次"}
    node.spool.put(Item(key="1.1:261122010001:answer", number="261122010001", event=event))
    node.put_ticket()
    assert await node.relay.deliver()
    assert node.api.asked == ["1.1:1", "1.1:261122010001:answer"]
    assert node.api.events == {"1.1:261122010001:answer": ("261122010001", event)}
    assert node.spool.count() == 0


async def test_a_recording_waits_until_its_file_is_whole(node: Node) -> None:
    path = node.folder / "1.1.wav"
    node.put_recording(path)
    await node.relay.deliver()
    path.write_bytes(wav(length=0))
    await node.relay.deliver()
    assert node.api.asked == []
    path.write_bytes(wav())
    await node.relay.deliver()
    assert list(node.api.attached.values()) == [("261122010001", path, "recording")]


async def test_a_recording_that_was_never_finished_is_sent_as_it_is_in_the_end(node: Node) -> None:
    path = node.folder / "1.1.wav"
    path.write_bytes(wav(length=0))
    os.utime(path, (node.clock.seconds, node.clock.seconds))
    node.put_recording(path)
    node.clock.advance(QUICK.recording_patience)
    await node.relay.deliver()
    assert not node.api.attached
    node.clock.advance(1)
    await node.relay.deliver()
    assert node.api.attached


async def test_a_recording_that_never_came_is_given_up_for_a_person_in_the_end(node: Node) -> None:
    node.put_recording(node.folder / "never.wav")
    await node.relay.deliver()
    node.clock.advance(QUICK.recording_patience)
    await node.relay.deliver()
    assert node.spool.count() == 1
    node.clock.advance(1)
    await node.relay.deliver()
    assert (node.spool.count(), node.spool.quarantined()) == (0, 1)


@pytest.mark.fault("F23", "F28")
async def test_a_ticket_that_never_comes_holds_up_nobody_elses_recording(node: Node) -> None:
    for number in ("261122010001", "261122010002"):
        path = node.folder / f"{number}.wav"
        path.write_bytes(wav())
        node.put_recording(path, number)
    node.api.failures.append(ApiNotYet("404"))
    assert await node.relay.deliver()
    assert len(node.api.attached) == 1
    assert node.relay.available
    node.clock.advance(QUICK.recording_patience + 1)
    node.api.failures.append(ApiNotYet("404"))
    assert await node.relay.deliver()
    assert (node.spool.count(), node.spool.quarantined()) == (0, 1)


async def test_a_service_that_knows_no_tickets_at_all_is_not_there(node: Node) -> None:
    node.put_ticket()
    node.api.failures.append(ApiNotYet("404"))
    assert not await node.relay.deliver()
    assert node.spool.count() == 1


async def test_a_recording_that_cannot_be_read_is_kept_for_a_person(node: Node) -> None:
    path = node.folder / "1.1.wav"
    path.write_bytes(wav())
    node.put_recording(path)
    node.api.failures.append(PermissionError(13, "Permission denied"))
    assert await node.relay.deliver()
    assert node.spool.quarantined() == 1


@pytest.mark.parametrize(
    ("data", "whole"),
    [
        (wav(), True),
        (wav(b"\1\0\1") + b"\0", True),
        (wav(length=0), False),
        (wav(length=100), False),
        (wav(b""), False),
        (b"", False),
        (b"RIFF", False),
        (b"\0" * 100, False),
    ],
)
def test_a_recording_is_whole_when_its_header_tells_its_length(tmp_path: Path, data: bytes, whole: bool) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(data)
    assert wav_is_whole(path) is whole


def test_a_recording_that_is_not_there_is_not_whole(tmp_path: Path) -> None:
    assert not wav_is_whole(tmp_path / "a.wav")


@pytest.mark.fault("F20")
async def test_a_running_relay_backs_off_recovers_and_is_woken(node: Node) -> None:
    node.api.down = True
    node.put_ticket()
    run = asyncio.create_task(node.relay.run())
    async with asyncio.timeout(5):
        while len(node.api.asked) < 3:
            await asyncio.sleep(0)
        node.api.down = False
        while node.spool.count():
            await asyncio.sleep(0)
        node.put_ticket("1.2", "261122010002")
        node.relay.poke()
        while node.spool.count():
            await asyncio.sleep(0)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert len(node.api.tickets) == 2


@pytest.mark.fault("F25")
async def test_a_running_relay_outlives_a_full_disk(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = asyncio.Event()
    loop = asyncio.get_running_loop()
    real = node.spool.sent

    def refuse(item: Item, answer: dict[str, object]) -> None:
        loop.call_soon_threadsafe(refused.set)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(node.spool, "sent", refuse)
    node.put_ticket()
    run = asyncio.create_task(node.relay.run())
    async with asyncio.timeout(5):
        await refused.wait()
        monkeypatch.setattr(node.spool, "sent", real)
        while node.spool.count() and not run.done():
            await asyncio.sleep(0)
    assert not run.done(), "a dead relay would keep every ticket of this node"
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
