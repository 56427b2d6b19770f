import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.errors import WireError
from speech.wire import MAX_PAYLOAD, Kind, Message, MessageReader, encode, encode_json

messages = st.lists(
    st.builds(Message, st.sampled_from(list(Kind)), st.integers(0, 2**32 - 1), st.binary(max_size=50)), max_size=8
)


@given(messages)
def test_one_byte_at_a_time_equals_all_at_once(sent: list[Message]) -> None:
    data = b"".join(encode(message.kind, message.stream, message.payload) for message in sent)
    assert MessageReader().feed(data) == sent
    reader, got = MessageReader(), []
    for byte in data:
        got += reader.feed(bytes([byte]))
    assert got == sent


@given(st.binary(max_size=200))
def test_garbage_gives_only_the_wire_error(data: bytes) -> None:
    with contextlib.suppress(WireError):
        for message in MessageReader().feed(data):
            with contextlib.suppress(WireError):
                message.json()


def test_a_length_beyond_the_limit_is_refused_before_the_payload_comes() -> None:
    with pytest.raises(WireError, match="length"):
        MessageReader().feed(b"\x03\x00\x00\x00\x01" + (MAX_PAYLOAD + 1).to_bytes(4, "big"))
    with pytest.raises(ValueError, match="at most"):
        encode(Kind.AUDIO, 1, bytes(MAX_PAYLOAD + 1))


def test_json_payloads_keep_chinese() -> None:
    (message,) = MessageReader().feed(encode_json(Kind.PARTIAL, 7, {"text": "垃圾"}))
    assert message.json() == {"text": "垃圾"}
