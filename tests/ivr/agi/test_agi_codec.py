"""The AGI codec: environment, replies, notices, and every kind of garbage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.agi.codec import AgiDecoder, CodecLimits, Environment, Event, HangupNotice, Reply
from ivr.agi.commands import MAX_LINE_BYTES, Command, quote
from ivr.errors import AgiDesync, LocalFault
from tests.fakes.asterisk import environment, parse_line

CALL = "1795312345.1"


def decode(data: bytes, *, commands: int = 0, step: int = 0) -> tuple[list[Event], str | None]:
    decoder = AgiDecoder()
    for _ in range(commands):
        decoder.expect_reply()
    events: list[Event] = []
    try:
        for at in range(0, len(data), step or len(data) or 1):
            events.extend(decoder.feed(data[at : at + (step or len(data))]))
    except AgiDesync as exc:
        return events, str(exc)
    return events, None


def after_environment(data: bytes, commands: int = 1) -> tuple[list[Event], str | None]:
    events, error = decode(environment(CALL) + data, commands=commands)
    return events[1:], error


def the_environment(data: bytes) -> Environment:
    (event,), error = decode(data)
    assert error is None
    assert isinstance(event, Environment)
    return event


def test_a_clean_environment_is_read_whole() -> None:
    env = the_environment(environment(CALL))
    assert not env.hostile
    assert (env.unique_id, env.caller_number, env.dialled) == (CALL, "13800001234", "12345")


def test_an_unknown_caller_has_no_number() -> None:
    assert the_environment(environment(CALL, caller="unknown")).caller_number == ""


@pytest.mark.fault("F30")
@pytest.mark.parametrize(
    "caller",
    ["1\nagi_uniqueid: 1.9", "1\r\nagi_uniqueid: 1.9", "1\nfree text", "1\nagi_X: y", "1\x00", "1\x1b[2J"],
)
def test_a_forged_line_makes_the_block_hostile_and_the_caller_unknown(caller: str) -> None:
    env = the_environment(environment(CALL, caller=caller))
    assert env.hostile
    assert env.caller_number == ""
    assert env.unique_id == CALL


@pytest.mark.fault("F31")
def test_a_block_ended_early_is_refused() -> None:
    events, error = decode(environment(CALL, caller="1\n\n200 result=1 (x)"))
    assert events == []
    assert error is not None


@pytest.mark.fault("F33")
def test_invalid_utf8_in_a_name_is_replaced_and_not_hostile() -> None:
    env = the_environment(environment(CALL).replace(b"calleridname: unknown", b"calleridname: \xe5\xbc\xa0\xff"))
    assert (env.caller_name, env.hostile) == ("张�", False)


@pytest.mark.fault("F06")
def test_an_endless_header_is_refused_at_its_limits() -> None:
    assert decode(b"agi_request: " + b"x" * 9_000)[1] is not None
    assert decode(b"agi_a: x\n" * 65)[1] is not None


@pytest.mark.parametrize(
    ("line", "result", "data"),
    [
        (b"200 result=1 (a (b) c)", "1", "a (b) c"),
        (b"200 result=1 ()", "1", ""),
        (b"200 result=0", "0", None),
        (b"200 result=-1 endpos=0", "-1", None),
        ("200 result=1 (垃圾)".encode(), "1", "垃圾"),
    ],
)
def test_a_reply_gives_result_and_data(line: bytes, result: str, data: str | None) -> None:
    (reply,), error = after_environment(line + b"\n")
    assert error is None
    assert isinstance(reply, Reply)
    assert (reply.result, reply.data) == (result, data)


def test_a_usage_reply_is_one_reply() -> None:
    data = b"520-Invalid command syntax.  Proper usage follows:\n Usage: GET\n\n 200 no\n520 End of proper usage.\n"
    events, error = after_environment(data + b"200 result=1\n", commands=2)
    assert error is None
    assert [event.code for event in events if isinstance(event, Reply)] == [520, 200]


def test_a_hang_up_line_is_never_a_reply() -> None:
    events, error = after_environment(b"HANGUP\n200 result=0\n")
    assert error is None
    assert isinstance(events[0], HangupNotice)
    assert isinstance(events[1], Reply)


def test_trying_is_not_the_reply() -> None:
    events, error = after_environment(b"100 result=0 Trying...\n200 result=0\n")
    assert error is None
    assert len(events) == 1


@pytest.mark.fault("F31")
@pytest.mark.parametrize("line", [b"agi_dnid: 12345\n", b"200\n", b"200 ok\n", b"20 result=1\n", b"\n", b"300-x\n"])
def test_a_line_that_is_no_reply_is_a_desync(line: bytes) -> None:
    assert after_environment(line)[1] is not None


@pytest.mark.fault("F31")
def test_a_reply_that_nobody_asked_for_is_a_desync() -> None:
    assert after_environment(b"200 result=1\n", commands=0)[1] is not None


def test_after_an_error_the_decoder_stays_failed() -> None:
    decoder = AgiDecoder(CodecLimits(header_bytes=8))
    with pytest.raises(AgiDesync):
        list(decoder.feed(b"x" * 20))
    with pytest.raises(AgiDesync):
        list(decoder.feed(b""))


@given(st.binary(max_size=2_000))
def test_garbage_gives_events_or_the_one_error(data: bytes) -> None:
    decode(data, commands=3)
    after_environment(data)


@given(
    st.lists(
        st.sampled_from([b"HANGUP\n", b"200 result=1 (\xe5\x9e\x83)\n", b"520-u\nx\n520 e\n", b"junk\n", b"200 "])
    ),
    st.integers(1, 7),
)
def test_bytes_in_pieces_equal_bytes_at_once(parts: list[bytes], step: int) -> None:
    data = environment(CALL) + b"".join(parts)
    assert decode(data, commands=4, step=step) == decode(data, commands=4)


@given(st.text(alphabet=st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=200))
def test_asterisk_reads_back_what_was_quoted(value: str) -> None:
    line = Command.set_variable("HOTLINE_NOTE", value).encode().decode()
    assert line.endswith("\n")
    assert parse_line(line[:-1]) == ["SET", "VARIABLE", "HOTLINE_NOTE", value]


@pytest.mark.fault("F34")
@pytest.mark.parametrize("value", ['"\nEXEC System x', "a\rb", "a\0b"])
def test_a_line_break_never_leaves(value: str) -> None:
    with pytest.raises(LocalFault):
        quote(value)
    with pytest.raises(LocalFault):
        Command.set_variable("HOTLINE_NOTE", value).encode()


@pytest.mark.fault("F34")
def test_what_asterisk_would_read_as_more_is_refused() -> None:
    with pytest.raises(LocalFault):
        Command.set_variable("A", "x" * MAX_LINE_BYTES).encode()
    with pytest.raises(LocalFault):
        Command.execute("Playback", "a,b")
    with pytest.raises(LocalFault):
        Command.get_variable("A B")
    with pytest.raises(LocalFault):
        Command.execute("Play back")
    with pytest.raises(LocalFault):
        Command.set_variable("A", "\ud800").encode()
