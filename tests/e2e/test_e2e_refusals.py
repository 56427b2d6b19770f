"""Who is not let in: unknown numbers, strangers, wrong passwords, requests that are no calls."""

import asyncio
import time

import pytest

from hotline.asterisk.generate import CALLER_ACCOUNT
from hotline.phone import CallEnded, Phone
from hotline.phone.errors import RegistrationRefused
from hotline.phone.sip import new_branch, new_call_id, new_tag
from tests.e2e.caller import ANSWER_SECONDS, Caller, calling, new_number
from tests.e2e.whole_hotline import WholeHotline

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]


@pytest.mark.fault("F35")
@pytest.mark.parametrize("dialled", ["99999", "110", "12345&PJSIP/trunk-110", "s", "T", "answered", "1" * 300])
async def test_no_number_but_the_published_ones_is_answered(hotline: WholeHotline, dialled: str) -> None:
    async with calling(hotline, dialled=dialled, answered=False) as caller:
        with pytest.raises(CallEnded) as refusal:
            await caller.call.answered(ANSWER_SECONDS)
        assert 400 <= refusal.value.reason.code < 500
        assert not await caller.tickets()


@pytest.mark.fault("F35")
async def test_a_merged_number_reaches_the_hotline(hotline: WholeHotline) -> None:
    async with calling(hotline, dialled=hotline.settings.asterisk.merged_numbers[0]) as caller:
        await caller.hears("greeting")


@pytest.mark.fault("F40")
@pytest.mark.parametrize(("user", "password"), [("anonymous", None), (CALLER_ACCOUNT, "wrong"), ("stranger", "guess")])
async def test_a_stranger_cannot_call(hotline: WholeHotline, user: str, password: str | None) -> None:
    number = new_number()
    async with Phone(user=user, password=password) as phone:
        call = await phone.call("12345", server=hotline.server, from_user=number)
        with pytest.raises(CallEnded) as refusal:
            await call.answered(ANSWER_SECONDS)
        assert refusal.value.reason.code in (401, 403, 407)
    assert not await hotline.channels_of(number)


@pytest.mark.fault("F40")
@pytest.mark.parametrize(("user", "password"), [("tester1", "wrong"), ("stranger", "guess"), (CALLER_ACCOUNT, "")])
async def test_a_wrong_password_does_not_register(hotline: WholeHotline, user: str, password: str) -> None:
    async with Phone(user=user, password=password) as phone:
        with pytest.raises(RegistrationRefused):
            await phone.register(hotline.server)


async def test_a_registered_softphone_reaches_the_hotline_under_its_own_number(hotline: WholeHotline) -> None:
    tester = hotline.settings.asterisk.testers[0]
    async with Phone(user=tester, password=hotline.password(tester)) as phone:
        await phone.register(hotline.server)
        call = await phone.call("12345", server=hotline.server)
        await call.answered(ANSWER_SECONDS)
        caller = Caller(hotline, call, "80001")
        await caller.hears("greeting")
        assert len(await hotline.channels_of("80001")) == 1


@pytest.mark.fault("F36")
async def test_a_caller_with_an_operators_number_has_no_operators_rights(hotline: WholeHotline) -> None:
    async with calling(hotline, dialled="110", number="90001", answered=False) as caller:
        with pytest.raises(CallEnded):
            await caller.call.answered(ANSWER_SECONDS)


@pytest.mark.fault("F40")
@pytest.mark.parametrize("method", ["MESSAGE", "SUBSCRIBE", "REFER", "PUBLISH"])
async def test_requests_of_strangers_that_are_no_calls_are_refused(hotline: WholeHotline, method: str) -> None:
    status = await answer_to(hotline, method)
    assert 400 <= status < 500


async def answer_to(hotline: WholeHotline, method: str) -> int:
    """The status of the first answer to a request that is outside any call."""
    loop = asyncio.get_running_loop()
    answers: asyncio.Queue[bytes] = asyncio.Queue()

    class Ear(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: object) -> None:
            answers.put_nowait(data)

    host, port = hotline.server.split(":")
    transport, _ = await loop.create_datagram_endpoint(Ear, remote_addr=(host, int(port)))
    try:
        mine = "{}:{}".format(*transport.get_extra_info("sockname"))
        lines = (
            f"{method} sip:12345@{hotline.server} SIP/2.0",
            f"Via: SIP/2.0/UDP {mine};branch={new_branch()};rport",
            "Max-Forwards: 70",
            f"From: <sip:stranger@{mine}>;tag={new_tag()}",
            f"To: <sip:12345@{hotline.server}>",
            f"Call-ID: {new_call_id()}",
            f"CSeq: 1 {method}",
            f"Contact: <sip:stranger@{mine}>",
            "Event: presence",
            f"Refer-To: <sip:{int(time.time())}@{mine}>",
            "Content-Length: 0",
        )
        transport.sendto(("\r\n".join(lines) + "\r\n\r\n").encode())
        async with asyncio.timeout(10):
            answer = await answers.get()
    finally:
        transport.close()
    return int(answer.split()[1])
