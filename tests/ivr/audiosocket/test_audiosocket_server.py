"""The AudioSocket server over a real loopback socket, alone and in a whole scripted call."""

import asyncio
from uuid import UUID, uuid4

import pytest

from ivr.admission import AdmissionLimits
from ivr.agi import AgiSession, FastAgiServer
from ivr.audiosocket import Audio, AudioLeg, AudioSocketLimits, AudioSocketServer, Digit, EndReason
from ivr.errors import LegNotClaimed
from tests.fakes.asterisk import FakeAsterisk

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def serve(**limits: float) -> AudioSocketServer:
    return AudioSocketServer("127.0.0.1", 0, AudioSocketLimits(**limits))  # type: ignore[arg-type]  # all are seconds


async def connect(server: AudioSocketServer, data: bytes) -> Streams:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(data)
    return reader, writer


async def claim(server: AudioSocketServer) -> tuple[AudioLeg, Streams]:
    announcement = server.announce()
    streams = await connect(server, b"\x01\x00\x10" + announcement.uuid.bytes)
    return await announcement.wait(2), streams


async def closed(reader: asyncio.StreamReader) -> bytes:
    try:
        async with asyncio.timeout(2):
            return await reader.read()
    except ConnectionError:
        return b""


async def test_a_whole_call_hears_speech_and_keys_and_is_heard() -> None:
    heard: list[bytes] = []
    keys: list[str] = []
    ended: list[EndReason | None] = []
    prompt = bytes([7, 1]) * 1_600  # 0.2 s

    async with AudioSocketServer("127.0.0.1", 0) as audio:

        async def handler(session: AgiSession) -> None:
            announcement = audio.announce()
            async with asyncio.TaskGroup() as group:
                executed = group.create_task(
                    session.execute("AudioSocket", str(announcement.uuid), f"127.0.0.1:{audio.port}")
                )
                leg = await announcement.wait(2)
                playback = leg.play(prompt)
                async for event in leg.events():
                    if isinstance(event, Audio):
                        heard.append(event.pcm)
                    else:
                        keys.append(event.char)
                    if event == Digit("#"):
                        await playback.wait()
                        await leg.hangup()
                ended.append(leg.end_reason)
            assert executed.result() == 0
            await session.set_variable("HOTLINE_DONE", "1")

        async with FastAgiServer("127.0.0.1", 0, handler) as agi:
            call = FakeAsterisk(agi.port)
            async with asyncio.TaskGroup() as group:
                group.create_task(call.run())
                await call.in_audio.wait()
                call.press("0")
                await call.say(bytes([9, 2]) * 800)
                call.press("#")
        assert audio.pacing.ticks > 5
    assert call.variables == {"HOTLINE_DONE": "1"}
    assert keys == ["0", "#"]
    assert bytes([9, 2]) * 800 in b"".join(heard)
    assert prompt in bytes(call.heard)
    assert call.wire[-3:] == b"\0\0\0"
    assert ended == [EndReason.LOCAL]
    assert audio.announced == 0


async def test_a_caller_who_hangs_up_ends_the_leg_and_the_session() -> None:
    seen: list[object] = []

    async with AudioSocketServer("127.0.0.1", 0) as audio:

        async def handler(session: AgiSession) -> None:
            announcement = audio.announce()
            async with asyncio.TaskGroup() as group:
                executed = group.create_task(
                    session.execute("AudioSocket", str(announcement.uuid), f"127.0.0.1:{audio.port}")
                )
                leg = await announcement.wait(2)
                seen.append(await leg.wait_ended())
            seen.append(executed.result())
            await session.hung_up.wait()

        async with FastAgiServer("127.0.0.1", 0, handler) as agi:
            call = FakeAsterisk(agi.port)
            async with asyncio.TaskGroup() as group:
                group.create_task(call.run())
                await call.in_audio.wait()
                call.hang_up()
            await agi.close(5)
    assert seen == [EndReason.CLOSED, -1]


@pytest.mark.fault("F42")
async def test_an_unknown_uuid_is_closed_without_a_byte() -> None:
    async with serve() as server:
        reader, writer = await connect(server, b"\x01\x00\x10" + uuid4().bytes)
        assert await closed(reader) == b""
        writer.close()


@pytest.mark.fault("F42")
async def test_a_uuid_is_good_for_one_connection_and_its_holder_is_undisturbed() -> None:
    async with serve() as server:
        leg, (_, writer) = await claim(server)
        reader, second = await connect(server, b"\x01\x00\x10" + leg.uuid.bytes)
        assert await closed(reader) == b""
        assert leg.end_reason is None
        second.close()
        writer.close()


@pytest.mark.fault("F42")
async def test_an_announcement_expires() -> None:
    async with serve(announcement_seconds=0.05) as server:
        announcement = server.announce()
        with pytest.raises(LegNotClaimed):
            await announcement.wait(5)
        assert server.announced == 0
        reader, writer = await connect(server, b"\x01\x00\x10" + announcement.uuid.bytes)
        assert await closed(reader) == b""
        writer.close()


async def test_who_stops_waiting_leaves_no_uuid_behind() -> None:
    async with serve() as server:
        with pytest.raises(LegNotClaimed):
            await server.announce().wait(0.02)
        waiting = asyncio.ensure_future(server.announce().wait(5))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})
        assert waiting.cancelled()
        assert server.announced == 0


@pytest.mark.fault("F41")
async def test_garbage_first_is_closed_at_once() -> None:
    async with serve() as server:
        reader, writer = await connect(server, b"GET / HTTP/1.1\r\n")
        async with asyncio.timeout(0.5):
            assert await closed(reader) == b""
        writer.close()


@pytest.mark.fault("F06")
async def test_half_a_hello_is_closed_in_time() -> None:
    async with serve(hello_seconds=0.1) as server:
        reader, writer = await connect(server, b"\x01\x00")
        assert await closed(reader) == b""
        writer.close()


@pytest.mark.fault("F07")
async def test_idle_connections_do_not_keep_a_leg_out() -> None:
    limits = AudioSocketLimits(hello_seconds=30, admission=AdmissionLimits(max_waiting=8))
    async with AudioSocketServer("127.0.0.1", 0, limits) as server:
        idle = [await connect(server, b"") for _ in range(100)]
        leg, (_, writer) = await claim(server)
        assert leg.end_reason is None
        for _, one in [*idle, (None, writer)]:
            one.close()


@pytest.mark.fault("F44")
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x10\x00\x00", EndReason.PROTOCOL),
        (b"\x10\xff\xff", EndReason.PROTOCOL),
        (b"\x10\x01\x40short", EndReason.STALLED),
        (b"\xff\x00\x01\x01", EndReason.ERROR),
        (b"\x00\x00\x00", EndReason.HANGUP),
    ],
)
async def test_each_bad_end_has_its_reason(data: bytes, reason: EndReason) -> None:
    async with serve(frame_seconds=0.1) as server:
        leg, (_, writer) = await claim(server)
        writer.write(data)
        async with asyncio.timeout(2):
            assert await leg.wait_ended() is reason
        writer.close()


@pytest.mark.fault("F46")
async def test_audio_far_ahead_of_real_time_is_held_back() -> None:
    async with serve(ahead_seconds=0.2) as server:
        leg, (_, writer) = await claim(server)
        started = asyncio.get_running_loop().time()
        writer.write((b"\x10\x01\x40" + bytes(320)) * 25 + b"\x00\x00\x00")  # 0.5 s at once
        frames = [event async for event in leg.events()]
        assert len(frames) == 25
        assert 0.25 < asyncio.get_running_loop().time() - started < 2
        writer.close()


async def test_closing_the_server_hangs_up_every_leg() -> None:
    async with serve() as server:
        leg, (reader, writer) = await claim(server)
        await server.close(0)
        assert leg.end_reason is EndReason.SHUTDOWN
        assert (await closed(reader))[-3:] == b"\0\0\0"
        writer.close()


def test_uuids_are_never_reused() -> None:
    async def two() -> set[UUID]:
        async with serve() as server:
            return {server.announce().uuid, server.announce().uuid}

    assert len(asyncio.run(two())) == 2
