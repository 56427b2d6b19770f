"""Senders of audio that Asterisk is not: too slow, broken off, and nothing of it in the log but a reason."""

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ivr.audiosocket import AudioSocketLimits, AudioSocketServer, EndReason

FRAME = b"\x10\x01\x40" + bytes(320)


@pytest.mark.fault("F46")
async def test_audio_at_half_its_speed_is_taken_as_it_comes_and_ends_nothing() -> None:
    async with AudioSocketServer("127.0.0.1", 0) as server:
        announcement = server.announce()
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"\x01\x00\x10" + announcement.uuid.bytes)
        leg = await announcement.wait(2)
        events = leg.events()
        for _ in range(10):
            await asyncio.sleep(0.04)
            writer.write(FRAME)
            async with asyncio.timeout(2):
                assert await anext(events)
        assert leg.end_reason is None
        assert leg.dropped_frames == 0
        writer.close()


@pytest.mark.fault("F46")
def test_a_sender_may_be_two_seconds_ahead_and_no_more() -> None:
    assert AudioSocketLimits().ahead_seconds == 2.0


@pytest.mark.fault("F44")
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(garbage=st.binary(min_size=1, max_size=200))
def test_garbage_in_mid_stream_ends_the_leg_for_a_reason_and_writes_no_exception(
    garbage: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    async def one() -> EndReason:
        async with AudioSocketServer("127.0.0.1", 0, AudioSocketLimits(frame_seconds=0.1)) as server:
            announcement = server.announce()
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"\x01\x00\x10" + announcement.uuid.bytes + FRAME + garbage)
            leg = await announcement.wait(2)
            writer.write_eof()
            async with asyncio.timeout(3):
                reason = await leg.wait_ended()
            writer.close()
            return reason

    assert asyncio.run(one()) in {
        EndReason.PROTOCOL,
        EndReason.STALLED,
        EndReason.ERROR,
        EndReason.HANGUP,
        EndReason.CLOSED,
    }
    out, err = capfd.readouterr()
    assert "Traceback" not in out + err
