"""Telephone to telephone over loopback, and a telephone before a server that drops and refuses."""

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest

from hotline.phone import Call, CallEnded, EndReason, Incoming, NoReply, Phone, PhoneError, RegistrationRefused, Timers
from hotline.phone.dialog import Dialog
from hotline.phone.sdp import Sdp
from hotline.phone.sip import Request, new_branch
from tests.fakes.sip_server import FakeSipServer

RIGHT = "p"
FAST = Timers(t1=0.02, t2=0.05, goodbye=0.5)


def tone(hertz: float, seconds: float) -> bytes:
    return (8000 * np.sin(2 * np.pi * hertz * np.arange(int(8000 * seconds)) / 8000)).astype("<i2").tobytes()


def pitch(pcm: bytes) -> float:
    samples = np.frombuffer(pcm, "<i2").astype(float)
    return float(np.argmax(np.abs(np.fft.rfft(samples))) * 8000 / len(samples))


def at(phone: Phone) -> str:
    host, port = phone.address
    return f"{host}:{port}"


async def next_call(phone: Phone) -> Incoming:
    async with asyncio.timeout(5):
        return await anext(phone.incoming())


async def connect(caller: Phone, called: Phone) -> tuple[Call, Call]:
    ours = await caller.call("b", server=at(called), from_user="13800001234")
    theirs = await (await next_call(called)).answer()
    await ours.answered(5)
    return ours, theirs


@pytest.fixture
async def pair() -> AsyncIterator[tuple[Phone, Phone]]:
    async with Phone(user="a", display="张三", timers=FAST) as a, Phone(user="b", timers=FAST) as b:
        yield a, b


async def test_a_call_rings_is_answered_and_carries_sound_both_ways(pair: tuple[Phone, Phone]):
    a, b = pair
    call = await a.call("b", server=at(b), from_user="13800001234")
    incoming = await next_call(b)
    assert (incoming.from_user, incoming.from_display, incoming.call_id) == ("13800001234", "张三", call.call_id)
    await incoming.ring()
    ringing = await call.ringing()
    other = await incoming.answer()
    assert call.invited_at <= ringing <= await call.answered(5)
    played = call.media.play(tone(400, 0.4)), other.media.play(tone(1000, 0.4))
    assert [await future for future in played] == [True, True]
    await call.media.send_digits("1")
    assert await other.media.next_digit() == "1"  # what was played before the key has come, too
    assert other.media.heard.energy_dbfs(until=other.media.heard.last_sound_before(b.clock())) > -20
    assert pitch(other.media.heard.pcm()) == pytest.approx(400, abs=5)
    assert pitch(call.media.heard.pcm()) == pytest.approx(1000, abs=5)
    assert call.media.lost == other.media.lost == 0
    await call.hangup()
    assert (await call.ended(), await other.ended()) == (
        EndReason(200, by_us=True),
        EndReason(200, by_us=False, text="BYE"),
    )


async def test_keys_arrive_once_each_and_in_order(pair: tuple[Phone, Phone]):
    call, other = await connect(*pair)
    await call.media.send_digits("90#")
    assert [await other.media.next_digit() for _ in range(3)] == ["9", "0", "#"]
    assert len(other.media.digits_heard) == 3
    with pytest.raises(ValueError, match="expected keys"):
        call.media.send_digits("x")


async def test_playing_can_be_stopped_and_ends_with_the_call(pair: tuple[Phone, Phone]):
    call, other = await connect(*pair)
    first, second = call.media.play(tone(400, 30)), other.media.play(tone(400, 30))
    call.media.stop_playing()
    assert await first is False
    await call.hangup()
    assert await second is False
    assert await other.media.next_digit() is None
    assert await call.media.play(tone(400, 1)) is False


@pytest.mark.parametrize("status", [486, 503])
async def test_a_refused_call_ends_with_its_status(pair: tuple[Phone, Phone], status: int):
    a, b = pair
    call = await a.call("b", server=at(b))
    await (await next_call(b)).reject(status)
    with pytest.raises(CallEnded):
        await call.answered(5)
    with pytest.raises(CallEnded):
        await call.ringing()
    assert (await call.ended()).code == status


async def test_a_caller_who_gives_up_is_cancelled_at_both_ends(pair: tuple[Phone, Phone]):
    a, b = pair
    call = await a.call("b", server=at(b))
    incoming = await next_call(b)
    await incoming.ring()
    await call.ringing()
    await call.hangup()
    assert (await call.ended()).code == (await incoming.ended()).code == 487
    assert (await call.ended()).by_us
    with pytest.raises(CallEnded):
        await incoming.answer()


async def test_the_called_end_can_hang_up(pair: tuple[Phone, Phone]):
    call, other = await connect(*pair)
    await other.hangup()
    assert await call.ended() == EndReason(200, by_us=False, text="BYE")


async def test_a_vanished_caller_says_nothing_and_hears_nothing(pair: tuple[Phone, Phone]):
    call, other = await connect(*pair)
    await other.media.play(tone(400, 0.1))
    call.vanish()
    packets = len(call.media.heard.packets), call.media.packets_sent
    await other.media.play(tone(400, 0.2))
    assert (len(call.media.heard.packets), call.media.packets_sent) == packets
    assert (await call.ended()).code == 0
    assert other.end_reason is None
    await other.hangup()  # nobody confirms it; that is logged, not raised
    assert (await other.ended()).by_us


async def test_a_phone_that_is_put_away_hangs_up():
    async with Phone(user="b", timers=FAST) as b:
        async with Phone(user="a", timers=FAST) as a:
            _, other = await connect(a, b)
        assert await other.ended() == EndReason(200, by_us=False, text="BYE")


async def test_an_error_in_the_block_comes_out_as_it_is():
    with pytest.raises(LookupError, match="mine"):
        async with Phone(user="a", timers=FAST):
            raise LookupError("mine")


async def test_a_taken_port_is_named():
    async with Phone(user="a") as a:
        with pytest.raises(PhoneError, match=f"UDP 127.0.0.1:{a.address[1]} to be free"):
            async with Phone(user="b", bind_port=a.address[1]):
                pass


async def test_a_registration_proves_the_password_and_is_taken_back():
    async with FakeSipServer() as server:
        async with Phone(user="u", password=RIGHT, timers=FAST) as phone:
            await phone.register(server.address)
            assert server.methods() == ["REGISTER", "REGISTER"]
        last = server.requests[-1]
        assert last.get("Expires") == "0"
        assert last.cseq[0] > server.requests[1].cseq[0]


async def test_a_wrong_password_is_told():
    async with FakeSipServer() as server, Phone(user="u", password=RIGHT + "x", timers=FAST) as phone:
        with pytest.raises(RegistrationRefused, match="check account and password") as caught:
            await phone.register(server.address)
        assert caught.value.status == 401
        assert len(server.requests) == 2


async def test_a_registration_is_refreshed():
    async with FakeSipServer() as server, Phone(user="u", password=RIGHT, timers=FAST) as phone:
        await phone.register(server.address, expires=1)
        await server.until("REGISTER", times=3)


async def test_lost_requests_are_sent_again():
    async with FakeSipServer(drop_first=3) as server, Phone(user="a", timers=FAST) as phone:
        server.statuses["INVITE"] = [100, 404]
        call = await phone.call("x", server=server.address)
        assert (await call.ended()).code == 404
        assert server.methods().count("INVITE") == 4
        ack = await server.until("ACK")
        assert ack.via.branch == server.requests[0].via.branch


async def test_a_repeated_refusal_is_acknowledged_again():
    async with FakeSipServer() as server, Phone(user="a", timers=FAST) as phone:
        server.statuses["INVITE"] = [486, 486]
        call = await phone.call("x", server=server.address)
        assert (await call.ended()).code == 486
        await server.until("ACK", times=2)


async def test_a_server_that_never_answers_ends_the_call_with_408():
    timers = Timers(t1=0.002, t2=0.01, goodbye=0.1)
    async with FakeSipServer(drop_first=1000) as server, Phone(user="a", timers=timers) as phone:
        call = await phone.call("x", server=server.address)
        assert (await call.ended()).code == 408
        with pytest.raises(NoReply):
            await phone.register(server.address)


async def test_a_200_without_audio_is_acknowledged_and_hung_up():
    async with FakeSipServer() as server, Phone(user="a", timers=FAST) as phone:
        server.statuses["INVITE"] = []
        call = await phone.call("x", server=server.address)
        invite = await server.until("INVITE")
        headers = [*((k, v) for k, v in invite.headers if k in ("Via", "From", "Call-ID", "CSeq"))]
        answer = "SIP/2.0 200 OK\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers)
        answer += f"To: <sip:x@h>;tag=9\r\nContact: <sip:x@{server.address}>\r\n\r\n"
        server.send(answer.encode(), phone.address)
        assert (await call.ended()).code == 488
        assert (await server.until("ACK")).cseq[0] == invite.cseq[0]
        await server.until("BYE")


def invite_for(phone: Phone, server: FakeSipServer, body: bytes) -> Request:
    headers = (
        ("Via", f"SIP/2.0/UDP {server.address};branch={new_branch()}"),
        ("From", "<sip:13%0d%0a8@h>;tag=1"),
        ("To", "<sip:b@h>"),
        ("Call-ID", "c1"),
        ("CSeq", "1 INVITE"),
        ("Contact", f"<sip:x@{server.address}>"),
    )
    return Request(headers=headers, body=body, method="INVITE", uri=f"sip:b@{at(phone)}")


async def responses(server: FakeSipServer, count: int) -> list[int]:
    async with asyncio.timeout(5):
        while len(server.responses) < count:
            server.arrived.clear()
            await server.arrived.wait()
    return [response.status for response in server.responses]


@pytest.mark.fault("F39")
async def test_an_answer_is_repeated_until_acknowledged_and_a_re_invite_gets_the_same():
    async with FakeSipServer() as server, Phone(user="b", timers=FAST) as phone:
        invite = invite_for(phone, server, Sdp("127.0.0.1", 40_000).to_bytes(1))
        server.send(invite, phone.address)
        incoming = await next_call(phone)
        assert incoming.from_user == "13\r\n8"
        call = await incoming.answer()
        assert (await responses(server, 3))[:3] == [100, 200, 200]
        ok = server.responses[-1]
        dialog = Dialog.of_caller(invite, ok, contact="sip:x@h", sent_by=server.address)
        server.send(dialog.ack(invite), phone.address)
        again = dialog.request("INVITE")
        server.responses.clear()
        server.send(Request(headers=again.headers, body=invite.body, method="INVITE", uri=again.uri), phone.address)
        async with asyncio.timeout(5):
            while not (server.responses and server.responses[-1].cseq == again.cseq):
                await responses(server, len(server.responses) + 1)
        assert server.responses[-1].body == ok.body
        server.send(dialog.request("BYE"), phone.address)
        assert await call.ended() == EndReason(200, by_us=False, text="BYE")


@pytest.mark.fault("F39")
@pytest.mark.parametrize(
    ("method", "to", "status"),
    [
        ("OPTIONS", "<sip:b@h>", 200),
        ("NOTIFY", "<sip:b@h>", 200),
        ("BYE", "<sip:b@h>;tag=9", 481),
        ("CANCEL", "<sip:b@h>", 481),
    ],
)
async def test_requests_of_no_call_are_answered(method: str, to: str, status: int):
    async with FakeSipServer() as server, Phone(user="b", timers=FAST) as phone:
        template = invite_for(phone, server, b"")
        headers = [(k, v) for k, v in template.headers if k not in ("To", "CSeq")]
        headers += [("To", to), ("CSeq", f"1 {method}")]
        server.send(b"garbage\r\n\r\n", phone.address)
        server.send(b"\r\n\r\n", phone.address)
        server.send(Request(headers=tuple(headers), method=method, uri="sip:b@h"), phone.address)
        assert await responses(server, 1) == [status]


async def test_an_invite_without_usable_audio_is_refused():
    async with FakeSipServer() as server, Phone(user="b", timers=FAST) as phone:
        server.send(invite_for(phone, server, b"v=0\r\n"), phone.address)
        assert await responses(server, 2) == [100, 488]


async def test_a_server_that_makes_no_sense_is_refused_before_anything_is_sent():
    async with Phone(user="a") as phone:
        for server in ("", "host:port", "127.0.0.1:99999"):
            with pytest.raises(PhoneError, match="host:port"):
                await phone.call("1", server=server)
