"""A leg without a socket: what is written per tick, playbacks, keys and the inbound queue."""

import asyncio
from uuid import uuid4

import pytest

from ivr.audiosocket.leg import Audio, AudioLeg, Digit, EndReason, LegLimits, PlayResult
from ivr.errors import LocalFault


class FakeWire:
    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.unread = 0
        self.closed = False

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def get_write_buffer_size(self) -> int:
        return self.unread

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close

    @property
    def audio(self) -> bytes:
        return b"".join(data[3:] for data in self.writes if data[0] == 0x10)


class HandClock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def make(limits: LegLimits | None = None) -> tuple[AudioLeg, FakeWire, HandClock]:
    wire, clock = FakeWire(), HandClock()
    return AudioLeg(uuid4(), wire, limits or LegLimits(), clock), wire, clock


async def drain(leg: AudioLeg) -> list[Audio | Digit]:
    leg.finish(EndReason.CLOSED)
    return [event async for event in leg.events()]


async def test_silence_flows_when_nothing_plays() -> None:
    leg, wire, _ = make()
    leg.tick()
    assert wire.writes == [b"\x10\x01\x40" + bytes(320)]


@pytest.mark.fault("F48")
async def test_playbacks_follow_each_other_without_a_gap_and_the_last_frame_is_padded() -> None:
    leg, wire, _ = make()
    first, second = leg.play(b"\x01\x01" * 200), leg.play(b"\x02\x02" * 200)
    for _ in range(4):
        leg.tick()
    assert wire.audio == (b"\x01" * 400 + b"\x02" * 400).ljust(1280, b"\0")
    assert {(data[0], len(data)) for data in wire.writes} == {(0x10, 323)}
    assert await first.wait() == PlayResult(0.025, cut=False)
    assert await second.wait() == PlayResult(0.025, cut=False)


@pytest.mark.fault("F68")
async def test_a_cut_stops_at_the_next_frame_and_lets_the_next_playback_begin() -> None:
    leg, wire, _ = make()
    first, second = leg.play(b"\x01\x01" * 1600), leg.play(b"\x02\x02" * 160)
    leg.tick()
    first.cut()
    leg.tick()
    assert wire.audio == b"\x01" * 320 + b"\x02" * 320
    assert await first.wait() == PlayResult(0.02, cut=True)
    assert await second.wait() == PlayResult(0.02, cut=False)
    assert not leg.playing


async def test_the_end_of_the_leg_ends_every_playback() -> None:
    leg, wire, _ = make()
    waiting = [leg.play(bytes(640)), leg.play(bytes(640))]
    await leg.hangup()
    assert [(await playback.wait()).cut for playback in waiting] == [True, True]
    assert (await leg.play(b"xx").wait()).cut
    assert wire.writes == [b"\0\0\0"]
    assert wire.closed
    leg.tick()
    assert len(wire.writes) == 1


async def test_an_empty_playback_and_half_a_sample() -> None:
    leg, _, _ = make()
    assert await leg.play(b"").wait() == PlayResult(0.0, cut=False)
    behind = leg.play(bytes(320)), leg.play(b"")
    leg.tick()
    leg.tick()
    assert [(await playback.wait()).cut for playback in behind] == [False, False]
    with pytest.raises(LocalFault):
        leg.play(b"x")


async def test_every_sent_frame_is_shown_to_the_hook_which_may_fail() -> None:
    leg, _, _ = make()
    shown: list[bytes] = []
    leg.played_pcm = shown.append
    leg.play(b"\x01\x01" * 160)
    leg.tick()
    leg.tick()
    assert shown == [b"\x01" * 320, bytes(320)]

    def broken(pcm: bytes) -> None:
        raise RuntimeError("a defect")

    leg.played_pcm = broken
    leg.tick()
    assert leg.played_pcm is None


async def test_a_far_end_that_stops_reading_is_dropped() -> None:
    leg, wire, _ = make()
    wire.unread = 40_000
    leg.tick()
    assert leg.end_reason is EndReason.OVERFLOW
    assert wire.closed


async def test_audio_of_any_length_is_heard_in_frames_of_20_ms() -> None:
    leg, _, _ = make()
    sent = bytes(range(250)) * 4
    for at in range(0, len(sent), 70):
        leg.hear(sent[at : at + 70])
    heard = [event.pcm for event in await drain(leg) if isinstance(event, Audio)]
    assert heard == [sent[0:320], sent[320:640], sent[640:960]]


async def test_a_late_reader_loses_the_oldest_audio_and_no_key() -> None:
    leg, _, _ = make(LegLimits(inbound_frames=2))
    leg.press("1")
    for number in range(4):
        leg.hear(bytes([number]) * 320)
        leg.press("2")
    events = await drain(leg)
    assert [event.pcm[0] for event in events if isinstance(event, Audio)] == [2, 3]
    assert "".join(event.char for event in events if isinstance(event, Digit)) == "12222"
    assert leg.dropped_frames == 2


@pytest.mark.fault("F37")
async def test_a_flood_of_keys_is_bounded_in_number_and_rate() -> None:
    leg, _, clock = make()
    for _ in range(3_000):
        clock.now += 0.02
        leg.press("5")
    assert len(await drain(leg)) == 20
    assert leg.dropped_digits == 2_980


@pytest.mark.fault("F37")
async def test_even_a_fast_reader_gets_no_more_than_ten_keys_a_second() -> None:
    leg, _, clock = make()
    got: list[str] = []

    async def read() -> None:
        async for _ in leg.events():
            got.append("key")  # noqa: PERF401 - one by one is what is tested

    async with asyncio.TaskGroup() as group:
        group.create_task(read())
        for _ in range(500):
            clock.now += 0.02
            leg.press("5")
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        leg.finish(EndReason.CLOSED)
    assert 115 <= len(got) <= 121


async def test_the_first_end_reason_stays() -> None:
    leg, _, _ = make()
    leg.finish(EndReason.HANGUP)
    leg.finish(EndReason.CLOSED)
    assert await leg.wait_ended() is EndReason.HANGUP
