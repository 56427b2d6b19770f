"""The FastAGI server over a real loopback socket, with a scripted Asterisk at the other end."""

import asyncio
import time

import pytest

from ivr.admission import AdmissionLimits
from ivr.agi import AgiSession, FastAgiLimits, FastAgiServer, SessionLimits
from ivr.errors import AgiDesync, AgiPeerGone, AgiRefused, CallerHungUp, LocalFault, WireError
from tests.fakes.asterisk import FakeAsterisk, environment

CALL = "1795312345.1"


class Calls:
    """A handler that runs what a test gives it and keeps how each call ended."""

    def __init__(self) -> None:
        self.started: asyncio.Queue[AgiSession] = asyncio.Queue()
        self.release = asyncio.Event()
        self.errors: list[WireError] = []

    async def hold(self, session: AgiSession) -> None:
        self.started.put_nowait(session)
        await self.release.wait()


async def connect(server: FastAgiServer, data: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(data)
    return reader, writer


async def test_a_call_sets_variables_and_returns_to_the_dialplan() -> None:
    seen: dict[str, object] = {}

    async def handler(session: AgiSession) -> None:
        seen["id"], seen["channel"] = session.call_id, session.channel
        seen["known"] = await session.get_variable("HOTLINE_CALL")
        seen["unknown"] = await session.get_variable("HOTLINE_NONE")
        await session.set_variable("HOTLINE_NOTE", '垃圾 "满了" \\')
        seen["exec"] = await session.execute("NoOp", "a", "b")

    async with FastAgiServer("127.0.0.1", 0, handler) as server:
        call = FakeAsterisk(server.port, variables={"HOTLINE_CALL": CALL})
        await call.run()
    assert seen == {
        "id": CALL,
        "channel": "PJSIP/caller-00000001",
        "known": CALL,
        "unknown": None,
        "exec": 0,
    }
    assert call.variables["HOTLINE_NOTE"] == '垃圾 "满了" \\'
    assert call.applications == [("NoOp", "a,b")]


async def test_a_hang_up_is_known_without_asking_and_ends_the_next_command() -> None:
    ended: list[type[Exception]] = []

    async def handler(session: AgiSession) -> None:
        await session.hung_up.wait()
        try:
            while True:
                await session.get_variable("A")
        except WireError as exc:
            ended.append(type(exc))
            raise

    async with FastAgiServer("127.0.0.1", 0, handler) as server:
        call = FakeAsterisk(server.port)
        async with asyncio.TaskGroup() as group:
            group.create_task(call.run())
            call.hang_up()
        await server.close(5)
    assert ended == [CallerHungUp]


@pytest.mark.fault("F05")
async def test_an_exception_in_one_call_leaves_the_others_alone() -> None:
    calls = Calls()

    async def handler(session: AgiSession) -> None:
        if session.call_id.endswith(".2"):
            raise RuntimeError("a defect")
        await calls.hold(session)
        await session.set_variable("HOTLINE_DONE", "1")

    async with FastAgiServer("127.0.0.1", 0, handler) as server:
        good, bad = FakeAsterisk(server.port), FakeAsterisk(server.port, call_id="1795312345.2")
        async with asyncio.TaskGroup() as group:
            group.create_task(good.run())
            await calls.started.get()
            await bad.run()
            assert not good.done.is_set()
            calls.release.set()
    assert good.variables == {"HOTLINE_DONE": "1"}
    assert bad.variables == {}


async def test_a_hang_up_inside_a_task_group_is_still_a_hang_up(capsys: pytest.CaptureFixture[str]) -> None:
    async def handler(session: AgiSession) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(session.execute("Wait", "60"))

    async with FastAgiServer("127.0.0.1", 0, handler) as server:
        reader, writer = await connect(server, environment(CALL))
        await reader.readline()
        writer.write(b"HANGUP\n")
        writer.close()
        await server.close(5)
    logged = capsys.readouterr().out
    assert "agi_caller_hung_up" in logged
    assert "failed" not in logged


@pytest.mark.fault("F06")
async def test_probes_half_headers_and_slow_bytes_cost_only_themselves() -> None:
    limits = FastAgiLimits(session=SessionLimits(handshake_seconds=0.3))

    async def handler(session: AgiSession) -> None:
        await session.set_variable("HOTLINE_DONE", "1")

    async with FastAgiServer("127.0.0.1", 0, handler, limits) as server:
        _, probe = await connect(server, b"")
        probe.close()
        slow_reader, slow = await connect(server, b"agi_network: y")
        big_reader, big = await connect(server, b"x" * 20_000)
        call = FakeAsterisk(server.port)
        before = time.process_time()
        await call.run()
        assert call.variables == {"HOTLINE_DONE": "1"}
        for reader in (slow_reader, big_reader):
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await reader.readexactly(1)
        assert time.process_time() - before < 0.2
        slow.close()
        big.close()


@pytest.mark.fault("F07")
async def test_a_thousand_idle_connections_do_not_keep_asterisk_out() -> None:
    limits = FastAgiLimits(admission=AdmissionLimits(max_waiting=16), session=SessionLimits(handshake_seconds=30))

    async def handler(session: AgiSession) -> None:
        await session.set_variable("HOTLINE_DONE", "1")

    async with FastAgiServer("127.0.0.1", 0, handler, limits) as server:
        idle = [await connect(server, b"") for _ in range(200)]
        call = FakeAsterisk(server.port)
        async with asyncio.timeout(2):
            await call.run()
        assert call.variables == {"HOTLINE_DONE": "1"}
        assert server.admission.waiting <= 16
        assert server.admission.dropped_waiting >= 184
        for _, writer in idle:
            writer.close()


async def test_beyond_its_limit_a_call_is_sent_back_to_the_dialplan() -> None:
    calls = Calls()
    limits = FastAgiLimits(admission=AdmissionLimits(max_active=1))
    async with FastAgiServer("127.0.0.1", 0, calls.hold, limits) as server, asyncio.TaskGroup() as group:
        group.create_task(FakeAsterisk(server.port).run())
        await calls.started.get()
        await FakeAsterisk(server.port, call_id="1795312345.2").run()
        assert calls.started.empty()
        calls.release.set()


async def test_only_listed_peers_may_connect() -> None:
    calls = Calls()
    limits = FastAgiLimits(admission=AdmissionLimits(allowed_peers=()))
    async with FastAgiServer("127.0.0.1", 0, calls.hold, limits) as server:
        await FakeAsterisk(server.port).run()
    assert calls.started.empty()


@pytest.mark.fault("F30")
async def test_a_forged_environment_goes_on_without_a_number_and_with_a_channel_read_again() -> None:
    seen: list[tuple[str, str, bool]] = []

    async def handler(session: AgiSession) -> None:
        seen.append((session.environment.caller_number, session.channel, session.environment.hostile))

    async with FastAgiServer("127.0.0.1", 0, handler) as server:
        call = FakeAsterisk(server.port, caller="1\nagi_channel: PJSIP/other-1")
        await call.run()
    assert seen == [("", "PJSIP/caller-00000001", True)]
    assert call.commands == ['GET FULL VARIABLE "${UNIQUEID}"', 'GET FULL VARIABLE "${CHANNEL(name)}"']


@pytest.mark.fault("F31")
async def test_a_line_that_is_no_reply_ends_the_session_unsuccessfully() -> None:
    ended: asyncio.Queue[WireError] = asyncio.Queue()

    async def handler(session: AgiSession) -> None:
        try:
            await session.get_variable("A")
        except WireError as exc:
            ended.put_nowait(exc)
            raise

    async with FastAgiServer("127.0.0.1", 0, handler) as server:
        reader, writer = await connect(server, environment(CALL))
        await reader.readline()
        writer.write(b"agi_dnid: 12345\n200 result=1 (x)\n")
        assert await reader.read() == b""
        assert isinstance(await ended.get(), AgiDesync)
        writer.close()


async def test_a_url_without_a_call_id_is_refused() -> None:
    calls = Calls()
    async with FastAgiServer("127.0.0.1", 0, calls.hold) as server:
        await FakeAsterisk(server.port, call_id="../../etc").run()
    assert calls.started.empty()


@pytest.mark.fault("F03")
async def test_a_link_that_ends_without_notice_is_not_a_hang_up() -> None:
    ended: asyncio.Queue[WireError] = asyncio.Queue()

    async def handler(session: AgiSession) -> None:
        try:
            await session.execute("AudioSocket", "x", "y")
        except WireError as exc:
            ended.put_nowait(exc)

    async with FastAgiServer("127.0.0.1", 0, handler) as server:
        reader, writer = await connect(server, environment(CALL))
        await reader.readline()
        writer.close()
        assert isinstance(await ended.get(), AgiPeerGone)


async def test_a_silent_asterisk_ends_the_session_in_time() -> None:
    ended: asyncio.Queue[WireError] = asyncio.Queue()

    async def handler(session: AgiSession) -> None:
        for _ in range(2):
            try:
                await session.get_variable("A", seconds=0.05)
            except WireError as exc:
                ended.put_nowait(exc)

    async with FastAgiServer("127.0.0.1", 0, handler) as server:
        _, writer = await connect(server, environment(CALL))
        assert isinstance(await ended.get(), AgiPeerGone)
        assert isinstance(await ended.get(), AgiPeerGone)
        writer.close()


async def test_a_refused_command_leaves_the_session_usable() -> None:
    codes: list[int] = []

    async def handler(session: AgiSession) -> None:
        try:
            await session.get_variable("A")
        except AgiRefused as exc:
            codes.append(exc.code)
        with pytest.raises(LocalFault):
            await session.set_variable("A", "x\ny")
        codes.append(len(await session.get_variable("B") or ""))

    async with FastAgiServer("127.0.0.1", 0, handler) as server:
        reader, writer = await connect(server, environment(CALL))
        await reader.readline()
        writer.write(b"520-Invalid command syntax.  Proper usage follows:\n x\n520 End of proper usage.\n")
        assert await reader.readline() == b'GET VARIABLE "B"\n'
        writer.write(b"200 result=1 (ok)\n")
        assert await reader.read() == b""
        writer.close()
    assert codes == [520, 2]


async def test_a_dead_channel_is_a_hang_up() -> None:
    ended: asyncio.Queue[WireError] = asyncio.Queue()

    async def handler(session: AgiSession) -> None:
        try:
            await session.execute("Answer")
        except WireError as exc:
            ended.put_nowait(exc)

    async with FastAgiServer("127.0.0.1", 0, handler) as server:
        reader, writer = await connect(server, environment(CALL))
        await reader.readline()
        writer.write(b"511 Command Not Permitted on a dead channel or intercept routine\n")
        assert isinstance(await ended.get(), CallerHungUp)
        writer.close()


async def test_a_cancelled_command_does_not_give_its_reply_to_the_next() -> None:
    values: asyncio.Queue[str | None] = asyncio.Queue()

    async def handler(session: AgiSession) -> None:
        asked = asyncio.ensure_future(session.get_variable("A"))
        await got.wait()
        asked.cancel()
        await asyncio.wait({asked})
        values.put_nowait(await session.get_variable("B"))

    got = asyncio.Event()
    async with FastAgiServer("127.0.0.1", 0, handler) as server:
        reader, writer = await connect(server, environment(CALL))
        await reader.readline()
        got.set()
        assert await reader.readline() == b'GET VARIABLE "B"\n'
        writer.write(b"200 result=1 (a)\n200 result=1 (b)\n")
        assert await values.get() == "b"
        writer.close()


@pytest.mark.fault("F16")
async def test_closing_waits_for_running_calls_and_then_cuts_them() -> None:
    calls = Calls()
    async with FastAgiServer("127.0.0.1", 0, calls.hold) as server:
        call = FakeAsterisk(server.port)
        async with asyncio.TaskGroup() as group:
            group.create_task(call.run())
            await calls.started.get()
            await server.close(0.05)
        assert call.done.is_set()
        with pytest.raises(OSError, match="onnect"):
            await asyncio.open_connection("127.0.0.1", server.port)
