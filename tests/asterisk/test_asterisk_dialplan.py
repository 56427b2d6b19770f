"""The dialplan on a real Asterisk, with every program of the application dead, hung, or just finished."""

import asyncio
import json
import wave
from pathlib import Path

import pytest

from hotline.phone import Call, CallEnded, Phone
from hotline.phone.errors import RegistrationRefused
from hotline.standins import Behaviour
from tests.e2e.asterisk_fixture import running_asterisk
from tests.e2e.scene import VOICE, Scene, agi_server, decides, eventually, scene

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(90)]


def seconds_of(path: Path) -> float:
    with wave.open(str(path)) as file:
        return file.getnframes() / file.getframerate()


def note_of(state: Path) -> dict[str, object]:
    notes = list((state / "asterisk/spool/inbox").glob("*.json"))
    assert len(notes) == 1
    loaded: dict[str, object] = json.loads(notes[0].read_text())
    return loaded


async def press(call: Call, digits: str) -> None:
    await call.media.send_digits(digits)


async def test_asterisk_boots_without_one_error_or_warning() -> None:
    async with running_asterisk() as asterisk:
        loaded = await asterisk.process.command("module show")
        text = asterisk.messages()
    assert not [line for line in text.splitlines() if "ERROR" in line or "WARNING" in line]
    assert "chan_pjsip.so" in loaded
    assert "app_system.so" not in loaded


async def test_two_asterisks_run_side_by_side_and_end_with_their_owner() -> None:
    async with running_asterisk() as one, running_asterisk() as other:
        assert one.process.pid != other.process.pid
        assert "0 active channels" in await one.process.command("core show channels count")
        await one.process.stop()
        assert one.process.pid is None
        await other.process.reload()
        assert "0 active channels" in await other.process.command("core show channels count")


@pytest.mark.fault("F01")
@pytest.mark.fault("F25")
async def test_with_the_application_down_a_caller_can_leave_a_message_and_is_thanked() -> None:
    async with scene() as stage:
        call = await stage.dial()
        await stage.heard(call, "fallback-menu", seconds=2.1)
        await stage.heard(call, "beep")
        await call.media.play(VOICE * 4)
        await press(call, "#")
        await stage.heard(call, "record-thanks")
        await call.ended()
        state = stage.asterisk.state
        message = next((state / "asterisk/spool/inbox").glob("*.wav"))
        whole, caller_only = sorted((state / "asterisk/recordings").glob("*.wav"), key=lambda p: len(p.name))
        assert caller_only.name == whole.stem + "-in.wav"
        await eventually(lambda: note_of(state)["recording"] == message.name, "the note names the message")
        assert note_of(state) | {"event": "recorded", "caller": "13800000000"} == note_of(state)
        assert seconds_of(message) > 1.5
        assert seconds_of(whole) > 4
        assert abs(seconds_of(whole) - seconds_of(caller_only)) < 0.5


@pytest.mark.fault("F49")
async def test_a_message_broken_off_by_hanging_up_is_kept_and_noted() -> None:
    async with scene() as stage:
        call = await stage.dial()
        await stage.heard(call, "beep")
        await call.media.play(VOICE * 4)
        await call.hangup()
        state = stage.asterisk.state
        await eventually(lambda: list((state / "asterisk/spool/inbox").glob("*.json")), "a note is left")
        assert note_of(state)["event"] == "recorded"
        assert seconds_of(next((state / "asterisk/spool/inbox").glob("*.wav"))) > 1.5


@pytest.mark.fault("F01")
async def test_key_nine_reaches_110_with_the_application_down_and_both_hear_each_other() -> None:
    async with scene() as stage:
        call = await stage.dial()
        await stage.heard(call, "fallback-menu")
        await press(call, "9")
        await stage.statuses("HOTLINE_BRIDGE", ["ANSWERED"])
        police = await eventually(lambda: stage.emergency.calls and stage.emergency.calls[0].call, "110 answers")
        joined = stage.phone.clock()
        await call.media.play(VOICE * 3)
        assert police.media.heard.energy_dbfs(joined + 1) > -30
        assert call.media.heard.energy_dbfs(joined + 1) > -30
        assert not call.media.heard.silences(3.0)
        assert stage.emergency.calls[0].from_number == "13800000000"


@pytest.mark.fault("F54")
async def test_when_the_caller_hangs_up_110_is_told_before_it_is_let_go() -> None:
    async with scene() as stage:
        call = await stage.dial()
        await press(call, "9")
        await stage.statuses("HOTLINE_BRIDGE", ["ANSWERED"])
        police = await eventually(lambda: stage.emergency.calls and stage.emergency.calls[0].call, "110 answers")
        await call.media.play(VOICE)
        await call.hangup()
        await stage.heard(police, "emergency-caller-gone")
        await police.ended()
        await stage.statuses("HOTLINE_BRIDGE", ["CALLER-GONE"])
        await eventually(lambda: list((stage.asterisk.state / "asterisk/spool/inbox").glob("*.json")), "a note is left")
        assert note_of(stage.asterisk.state)["event"] == "emergency"


@pytest.mark.fault("F72")
async def test_busy_110_leads_over_the_second_path_to_an_operator_and_the_caller_is_told() -> None:
    async with scene(emergency=Behaviour.BUSY, operator=Behaviour.ANSWER) as stage:
        call = await stage.dial()
        await press(call, "9")
        await stage.heard(call, "emergency-operator")
        await eventually(lambda: stage.operator.calls and stage.operator.calls[0].call, "the operator answers")
        await stage.statuses("HOTLINE_BRIDGE", ["BUSY", "BUSY"])
        assert not call.media.heard.silences(3.0)
        assert len(stage.emergency.calls) == 2


@pytest.mark.fault("F72")
async def test_110_that_never_answers_and_no_operator_ends_in_a_recording_never_in_silence() -> None:
    async with scene(emergency=Behaviour.SILENT, ring_seconds=1) as stage:
        stage.emergency.behave(Behaviour.SILENT)
        await stage.asterisk.process.command("dialplan set global HOTLINE_RING 2")
        call = await stage.dial()
        await press(call, "9")
        await stage.statuses("HOTLINE_BRIDGE", ["NOANSWER", "NOANSWER", "QUEUE-JOINEMPTY", "NOANSWER"])
        await stage.heard(call, "operators-busy", seconds=40)
        assert {"emergency-hold", "emergency-retry", "emergency-operator"} <= set(stage.prompts(call))
        assert not call.media.heard.silences(3.0)


@pytest.mark.fault("F73")
async def test_110_dropping_at_once_is_called_a_second_time_and_then_an_operator() -> None:
    async with scene(operator=Behaviour.ANSWER) as stage:
        call = await stage.dial()
        await press(call, "9")
        for attempt in (1, 2):
            await stage.statuses("HOTLINE_BRIDGE", ["ANSWERED"] * attempt)
            police = await eventually(
                lambda wanted=attempt: len(stage.emergency.calls) == wanted and stage.emergency.calls[-1].call,
                f"110 answers for the {attempt}. time",
            )
            await police.hangup()
        await stage.heard(call, "emergency-operator")
        await eventually(lambda: stage.operator.calls and stage.operator.calls[0].call, "the operator answers")
        await stage.statuses("HOTLINE_BRIDGE", ["DROPPED", "DROPPED"])
        assert call.end_reason is None


async def test_a_star_while_110_is_being_called_takes_it_back() -> None:
    async with scene(emergency=Behaviour.SILENT) as stage:
        call = await stage.dial()
        await press(call, "9")
        await eventually(lambda: stage.emergency.calls, "110 is called")
        await stage.heard(call, "emergency-hold")
        await press(call, "*")
        await stage.heard(call, "emergency-takeback")
        await eventually(lambda: stage.prompts(call)[-1] == "fallback-menu", "the menu is back")
        await eventually(lambda: stage.emergency.calls[0].end_code, "110 is released")


async def test_a_star_within_two_seconds_of_the_answer_takes_it_back() -> None:
    async with scene(ring_seconds=0.05) as stage:
        call = await stage.dial()
        await press(call, "9")
        await stage.statuses("HOTLINE_BRIDGE", ["ANSWERED"])
        await press(call, "*")
        await stage.heard(call, "emergency-takeback")
        await eventually(lambda: stage.prompts(call)[-1] == "fallback-menu", "the menu is back")
        await eventually(lambda: stage.emergency.calls[0].end_code, "110 is released")


async def _operator_joins(stage: Scene, operator: Phone) -> Call:
    await operator.register(stage.server)
    joined = await operator.call("110", server=stage.server)
    await joined.answered(10)
    return joined


@pytest.mark.fault("F74")
async def test_an_operator_joins_and_leaves_and_caller_and_110_stay() -> None:
    async with scene() as stage:
        call = await stage.dial()
        await press(call, "9")
        await stage.statuses("HOTLINE_BRIDGE", ["ANSWERED"])
        secret = stage.asterisk.secrets.accounts["operator1"]
        async with Phone(user="operator1", password=secret) as operator:
            joined = await _operator_joins(stage, operator)
            since = operator.clock()
            await call.media.play(VOICE * 2)
            assert joined.media.heard.energy_dbfs(since + 1) > -30
            await joined.hangup()
        since = stage.phone.clock()
        await call.media.play(VOICE * 2)
        police = stage.emergency.calls[0].call
        assert police is not None
        assert police.end_reason is None
        assert police.media.heard.energy_dbfs(since + 0.5) > -30
        assert call.media.heard.energy_dbfs(since + 0.5) > -30


@pytest.mark.fault("F74")
async def test_the_caller_leaves_and_110_stays_with_the_operator() -> None:
    async with scene() as stage:
        call = await stage.dial()
        await press(call, "9")
        await stage.statuses("HOTLINE_BRIDGE", ["ANSWERED"])
        secret = stage.asterisk.secrets.accounts["operator1"]
        async with Phone(user="operator1", password=secret) as operator:
            joined = await _operator_joins(stage, operator)
            police = stage.emergency.calls[0].call
            assert police is not None
            await call.hangup()
            await stage.heard(police, "emergency-caller-gone")
            await eventually(lambda: police.media.heard.last_sound_before(operator.clock()), "110 is still there")
            since = operator.clock() + 1
            await joined.media.play(VOICE * 3)
            assert police.media.heard.energy_dbfs(since) > -30
            assert police.end_reason is None


@pytest.mark.fault("F75")
async def test_without_the_conference_module_110_is_dialled_for_two() -> None:
    async with scene() as stage:
        await stage.asterisk.process.command("module unload app_confbridge.so")
        call = await stage.dial()
        await press(call, "9")
        police = await eventually(lambda: stage.emergency.calls and stage.emergency.calls[0].call, "110 answers")
        since = stage.phone.clock()
        await call.media.play(VOICE * 2)
        assert police.media.heard.energy_dbfs(since + 0.5) > -30
        assert call.media.heard.energy_dbfs(since + 0.5) > -30


@pytest.mark.fault("F64")
async def test_key_zero_reaches_an_operator_with_the_application_down() -> None:
    async with scene(operator=Behaviour.ANSWER, ring_seconds=1) as stage:
        call = await stage.dial()
        await press(call, "0")
        await stage.heard(call, "transfer-operator")
        person = await eventually(lambda: stage.operator.calls and stage.operator.calls[0].call, "the operator answers")
        await call.media.play(VOICE * 2)
        assert person.media.heard.energy_dbfs() > -30
        await person.hangup()
        await stage.heard(call, "goodbye")


@pytest.mark.fault("F02")
async def test_a_hung_application_loses_the_caller_to_the_menu_after_the_dead_mans_time() -> None:
    async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with agi_server(hang) as address, scene(agi=address, deadman_seconds=4) as stage:
        call = await stage.dial()
        answered = stage.phone.clock()
        await stage.heard(call, "fallback-menu", seconds=8)
        assert 3.5 < stage.phone.clock() - answered < 6
        await stage.heard(call, "beep")


@pytest.mark.fault("F03")
async def test_an_application_that_dies_in_mid_call_leaves_the_caller_with_the_menu() -> None:
    async def die(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'SET VARIABLE HOTLINE_ACTION "goodbye"\n')
        await reader.readline()

    async with agi_server(die) as address, scene(agi=address) as stage:
        call = await stage.dial()
        await stage.heard(call, "fallback-menu", seconds=3)


@pytest.mark.parametrize(
    ("action", "target", "first_prompt"),
    [("goodbye", "", "goodbye"), ("fallback", "", "fallback-menu"), ("agents", "", "operators-busy"),
     ("nonsense", "", "fallback-menu")],
)  # fmt: skip
async def test_what_the_application_decided_is_done(action: str, target: str, first_prompt: str) -> None:
    async with agi_server(decides(action, target)) as address, scene(agi=address) as stage:
        call = await stage.dial()
        await stage.heard(call, first_prompt, seconds=5)
        assert stage.prompts(call)[0] == first_prompt


async def test_the_special_line_is_reached_and_a_failed_transfer_is_told() -> None:
    async with (
        agi_server(decides("oneshot", "special")) as address,
        scene(agi=address, operator=Behaviour.BUSY) as stage,
    ):
        call = await stage.dial()
        await stage.heard(call, "transfer-failed")
        assert stage.operator.calls[0].end_code == 486
        stage.operator.behave(Behaviour.ANSWER)
        again = await stage.dial()
        person = await eventually(lambda: stage.operator.calls[-1].call, "the special line answers")
        await person.hangup()
        await stage.heard(again, "goodbye")


@pytest.mark.fault("F76")
async def test_an_emergency_decided_by_the_application_needs_it_no_longer() -> None:
    async with agi_server(decides("emergency", "110")) as address, scene(agi=address) as stage:
        call = await stage.dial()
        await stage.statuses("HOTLINE_BRIDGE", ["ANSWERED"])
        assert stage.prompts(call)[:1] in ([], ["emergency-hold"])
        assert call.end_reason is None


@pytest.mark.fault("F35")
@pytest.mark.parametrize("number", ["110", "9", "0", "s", "T", "123456", "operators", "1" * 300, "12345%26PJSIP", "h"])
async def test_only_published_numbers_can_be_dialled(number: str) -> None:
    async with running_asterisk() as asterisk:
        server = f"127.0.0.1:{asterisk.settings.sip_port}"
        for account in ("caller", "tester1"):
            async with Phone(user=account, password=asterisk.secrets.accounts[account]) as phone:
                call = await phone.call(number, server=server)
                with pytest.raises(CallEnded) as refused:
                    await call.answered(10)
                assert refused.value.reason.code in (404, 400, 416, 484)


@pytest.mark.fault("F35")
async def test_operators_can_dial_nothing_but_a_room() -> None:
    async with running_asterisk() as asterisk:
        server = f"127.0.0.1:{asterisk.settings.sip_port}"
        async with Phone(user="operator1", password=asterisk.secrets.accounts["operator1"]) as phone:
            for number in ("12345", "13800000000", "1101234567"):
                call = await phone.call(number, server=server)
                with pytest.raises(CallEnded) as refused:
                    await call.answered(10)
                assert refused.value.reason.code == 404


@pytest.mark.fault("F88")
async def test_no_log_holds_a_callers_number_whatever_became_of_the_call() -> None:
    number = "13912345678"
    async with scene(operator=Behaviour.ANSWER) as stage:
        for digits in ("9", "0"):
            call = await stage.dial(from_user=number)
            await press(call, digits)
            await eventually(lambda heard=call: heard.media.heard.energy_dbfs() > -40, "somebody is heard")
            await call.hangup()
        async with Phone(user=number) as stranger:
            for _ in range(8):
                refused = await stranger.call("12345", server=stage.server)
                with pytest.raises(CallEnded):
                    await refused.answered(10)
        await eventually(lambda: len(stage.records("HOTLINE_END")) == 2, "both calls are over")
        logs = [path for path in stage.asterisk.log.rglob("*") if path.is_file()]
        assert {"console.log", "messages.log", "security.log", "hotline-events.csv"} <= {path.name for path in logs}
        assert not [path.name for path in logs if number in path.read_text("utf-8", "replace")]


async def test_a_tester_registers_and_reaches_the_hotline_under_a_merged_number() -> None:
    async with (
        scene() as stage,
        Phone(user="tester1", password=stage.asterisk.secrets.accounts["tester1"]) as phone,
    ):
        await phone.register(stage.server)
        call = await phone.call("12369", server=stage.server)
        await call.answered(10)
        await stage.heard(call, "fallback-menu")


@pytest.mark.fault("F40")
async def test_wrong_passwords_and_strangers_are_refused() -> None:
    async with running_asterisk() as asterisk:
        server = f"127.0.0.1:{asterisk.settings.sip_port}"
        for user, password in (("tester1", "wrong"), ("stranger", "x"), ("caller", None)):
            async with Phone(user=user, password=password) as phone:
                call = await phone.call("12345", server=server)
                with pytest.raises(CallEnded) as refused:
                    await call.answered(10)
                assert refused.value.reason.code in (401, 403)
                with pytest.raises(RegistrationRefused):
                    await phone.register(server)


@pytest.mark.fault("F40")
@pytest.mark.parametrize("method", ["MESSAGE", "SUBSCRIBE", "REFER", "PUBLISH", "NOTIFY"])
async def test_requests_that_are_no_calls_are_refused(method: str) -> None:
    async with running_asterisk() as asterisk:
        status = await _bare_request(method, asterisk.settings.sip_port)
    assert status is None or 400 <= status < 700


async def _bare_request(method: str, port: int) -> int | None:
    """The status that a request from nobody gets; None when it gets no answer."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[bytes] = loop.create_future()

    class Receiver(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
            if not answer.done():
                answer.set_result(data)

    transport, _ = await loop.create_datagram_endpoint(Receiver, local_addr=("127.0.0.1", 0))
    own = transport.get_extra_info("sockname")[1]
    lines = [
        f"{method} sip:12345@127.0.0.1 SIP/2.0", f"Via: SIP/2.0/UDP 127.0.0.1:{own};branch=z9hG4bKstranger",
        "From: <sip:stranger@127.0.0.1>;tag=1", "To: <sip:12345@127.0.0.1>", f"Call-ID: stranger-{own}",
        f"CSeq: 1 {method}", "Max-Forwards: 10", f"Contact: <sip:stranger@127.0.0.1:{own}>", "Event: presence",
        "Refer-To: <sip:13800000000@127.0.0.1>", "Content-Length: 0", "", "",
    ]  # fmt: skip
    transport.sendto("\r\n".join(lines).encode(), ("127.0.0.1", port))
    try:
        async with asyncio.timeout(3):
            return int((await answer).split()[1])
    except TimeoutError:
        return None
    finally:
        transport.close()
