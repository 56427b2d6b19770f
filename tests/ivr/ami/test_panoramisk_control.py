"""The AMI adapter against a scripted management server."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.ami import AmiSettings, LinkLimits, PanoramiskControl
from ivr.ami.fields import checked, live_channel
from ivr.ami.panoramisk_control import retry_seconds
from ivr.errors import AmiUnavailable, AmiUnknownOutcome, LocalFault
from tests.fakes.asterisk import FakeAmi

CHANNEL = "PJSIP/caller-00000001"
LIMITS = LinkLimits(connect_seconds=1, login_seconds=1, action_seconds=0.3)


def settings(port: int, *, secret: str = "right", ping_every: float = 10, pong: float = 5) -> AmiSettings:  # noqa: S107
    return AmiSettings(
        "127.0.0.1",
        port,
        "hotline",
        secret,
        contexts=frozenset({"hotline-emergency", "hotline-agents"}),
        retry_min_seconds=0.01,
        retry_max_seconds=0.05,
        refused_seconds=30,
        ping_every_seconds=ping_every,
        pong_seconds=pong,
        limits=LIMITS,
    )


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(3):
        while not condition():
            await asyncio.sleep(0.005)


@asynccontextmanager
async def connected(ami: FakeAmi, given: AmiSettings | None = None) -> AsyncIterator[PanoramiskControl]:
    control = PanoramiskControl(given or settings(ami.port), random.Random(1))
    await control.start()
    try:
        await until(lambda: control.connected)
        yield control
    finally:
        await control.aclose()
    assert len(asyncio.all_tasks()) <= 3  # the test and the fake's own connection handlers


def names(ami: FakeAmi) -> list[str]:
    return [action["Action"] for action in ami.actions]


async def test_the_dead_man_timer_is_re_armed_on_a_channel() -> None:
    async with FakeAmi() as ami:
        ami.add_channel(CHANNEL, "1.1")
        async with connected(ami) as control:
            assert await control.set_timeout(CHANNEL, 8)
            assert await control.set_variable(CHANNEL, "HOTLINE_NOTE", "垃圾")
            assert not await control.set_timeout("PJSIP/gone-1", 8)
    assert ami.variables == {(CHANNEL, "TIMEOUT(absolute)"): "8.000", (CHANNEL, "HOTLINE_NOTE"): "垃圾"}


async def test_live_channels_are_listed_however_the_bytes_are_cut() -> None:
    async with FakeAmi() as ami:
        ami.segment = 5
        ami.add_channel(CHANNEL, "1.1")
        ami.add_channel("Local/张三李四@x;1", "1.2", caller="+8610")
        async with connected(ami) as control:
            first, second = await control.live_channels()
    assert (first.unique_id, first.state, first.seconds, first.pii_caller) == ("1.1", "Up", 65, "13800001234")
    assert (second.channel, second.pii_caller) == ("Local/张三李四@x;1", "+8610")


@pytest.mark.fault("F32")
@pytest.mark.parametrize(
    "caller", ["1\r\nUniqueid: 9.9", "1\r\nChannel: PJSIP/x", "1\r\n\r\nEvent: Hangup\r\nChannel: PJSIP/x"]
)
async def test_a_row_with_forged_lines_is_left_out(caller: str) -> None:
    async with FakeAmi() as ami:
        ami.add_channel(CHANNEL, "1.1", caller=caller)
        ami.add_channel("PJSIP/caller-00000002", "1.2")
        async with connected(ami) as control:
            assert [channel.unique_id for channel in await control.live_channels()] == ["1.2"]


async def test_without_a_link_nothing_is_sent_and_start_returns() -> None:
    control = PanoramiskControl(settings(1))
    await control.start()
    with pytest.raises(AmiUnavailable):
        await control.live_channels()
    await control.aclose()
    await control.aclose()


@pytest.mark.fault("F12")
async def test_a_lost_link_is_taken_up_again_and_no_action_is_sent_twice() -> None:
    async with FakeAmi() as ami:
        ami.mute.add("originate")
        async with connected(ami) as control:
            asked = asyncio.ensure_future(
                control.originate(
                    "hotline-agents", "alert", then="hotline-agents", caller_id="", seconds=5, variables={"A": "b"}
                )
            )
            await until(lambda: "Originate" in names(ami))
            ami.drop()
            with pytest.raises(AmiUnknownOutcome):
                await asked
            await until(lambda: control.connected and ami.connections == 2)
            await control.live_channels()
    assert names(ami) == ["Login", "Originate", "Login", "CoreShowChannels"]


@pytest.mark.fault("F12")
async def test_an_asterisk_that_comes_back_later_is_found() -> None:
    ami = FakeAmi()
    async with ami:
        port = ami.port
    control = PanoramiskControl(settings(port))
    await control.start()
    async with ami:
        await until(lambda: control.connected)
        await control.aclose()
        assert not control.connected


@pytest.mark.fault("F13")
async def test_a_ping_without_pong_ends_the_link() -> None:
    async with FakeAmi() as ami:
        ami.mute.add("ping")
        async with connected(ami, settings(ami.port, ping_every=0.05, pong=0.05)):
            await until(lambda: ami.connections >= 2)
    assert names(ami)[:3] == ["Login", "Ping", "Login"]


async def test_a_ping_with_pong_keeps_it() -> None:
    async with FakeAmi() as ami, connected(ami, settings(ami.port, ping_every=0.02, pong=1)) as control:
        await until(lambda: names(ami).count("Ping") >= 3)
        assert control.connected
    assert ami.connections == 1


@pytest.mark.fault("F14")
async def test_a_refused_login_is_not_tried_again_soon() -> None:
    async with FakeAmi() as ami:
        control = PanoramiskControl(settings(ami.port, secret="wrong"))  # noqa: S106 - the point of the test
        await control.start()
        await until(lambda: names(ami) == ["Login"])
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await until(lambda: ami.connections > 1)
        assert not control.connected
        await control.aclose()


async def test_an_action_without_an_answer_ends_in_time() -> None:
    async with FakeAmi() as ami:
        ami.mute.add("setvar")
        async with connected(ami) as control:
            with pytest.raises(AmiUnknownOutcome):
                await control.set_timeout(CHANNEL, 8)
            assert await control.live_channels() == ()


@pytest.mark.fault("F34")
@pytest.mark.parametrize("value", ["a\r\nAction: Originate", "a\nb", "a\0"])
async def test_a_line_break_never_leaves(value: str) -> None:
    async with FakeAmi() as ami, connected(ami) as control:
        with pytest.raises(LocalFault):
            await control.set_variable(CHANNEL, "HOTLINE_NOTE", value)
        with pytest.raises(LocalFault):
            await control.set_variable(value, "HOTLINE_NOTE", "x")
        with pytest.raises(LocalFault):
            await control.set_variable(CHANNEL, value, "x")
    assert names(ami) == ["Login"]


@pytest.mark.parametrize(
    ("place", "extension", "then", "caller"),
    [
        ("hotline-other", "s", "hotline-agents", ""),
        ("hotline-agents", "s", "default", ""),
        ("hotline-agents", "s@evil", "hotline-agents", ""),
        ("hotline-agents", "垃圾", "hotline-agents", ""),
        ("hotline-agents", "s", "hotline-agents", '"name" <1>'),
    ],
)
async def test_only_fixed_places_are_called(place: str, extension: str, then: str, caller: str) -> None:
    async with FakeAmi() as ami, connected(ami) as control:
        with pytest.raises(LocalFault):
            await control.originate(place, extension, then=then, caller_id=caller, seconds=5, variables={})
    assert names(ami) == ["Login"]


async def test_originate_is_always_asynchronous_and_names_its_channel() -> None:
    async with FakeAmi() as ami, connected(ami) as control:
        channel_id = await control.originate(
            "hotline-agents", "alert", then="hotline-emergency", caller_id="12345", seconds=20, variables={"A": "b"}
        )
        action = ami.actions[-1]
    assert action["ChannelId"] == channel_id
    assert (action["Channel"], action["Async"]) == ("Local/alert@hotline-agents", "true")
    assert "Application" not in action


def test_a_context_outside_the_hotline_is_refused_at_once() -> None:
    with pytest.raises(LocalFault):
        PanoramiskControl(AmiSettings("127.0.0.1", 1, "u", "s", contexts=frozenset({"default"})))


@given(st.integers(0, 100), st.integers())
def test_waits_stay_within_their_bounds(attempt: int, seed: int) -> None:
    given_settings = AmiSettings("127.0.0.1", 1, "u", "s")
    rng = random.Random(seed)
    assert 0.5 <= retry_seconds(given_settings, attempt, refused=False, rng=rng) <= 30
    assert retry_seconds(given_settings, attempt, refused=True, rng=rng) >= 30


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=4))
def test_what_is_checked_holds_one_line_a_header(fields: dict[str, str]) -> None:
    try:
        sound = checked(dict(fields))
    except LocalFault:
        return
    assert not any(char in f"{key}{value}" for key, value in sound.items() for char in "\r\n\0")


def test_a_row_without_its_headers_is_no_channel() -> None:
    assert live_channel({}) is None
