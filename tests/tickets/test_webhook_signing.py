"""Signed messages in both directions (F81)."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.tickets import FakeClock
from tickets.service.signing import (
    BadSignature,
    Replayed,
    Verifier,
    key_of,
    new_secret,
    signature,
    signed_headers,
)

KEY = b"k" * 32
BODY = b'{"type":"ticket.sign"}'


def now_of(clock: FakeClock) -> int:
    return int(clock.now().timestamp())


def test_the_signature_is_that_of_the_specification() -> None:
    mac = hmac.new(KEY, b"msg_1.1700000000." + BODY, hashlib.sha256).digest()
    assert signature(KEY, "msg_1", 1700000000, BODY) == "v1," + base64.b64encode(mac).decode()


def test_a_secret_carries_its_key() -> None:
    assert len(key_of(new_secret())) == 32
    assert new_secret() != new_secret()


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "whsec_!!", "whsec_" + base64.b64encode(b"short").decode(), "c2VjcmV0"]
)
def test_what_is_no_secret_is_refused_without_repeating_it(secret: str) -> None:
    with pytest.raises(ValueError, match="whsec_ and base64") as caught:
        key_of(secret)
    assert secret in ("", "whsec_") or secret not in str(caught.value)


@given(st.binary(max_size=500), st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True))
def test_what_was_signed_is_accepted_once(body: bytes, message_id: str) -> None:
    clock = FakeClock()
    headers = signed_headers(KEY, message_id, now_of(clock), body)
    assert Verifier(KEY, clock).verify(headers, body) == message_id


@pytest.mark.fault("F81")
def test_the_same_message_twice_is_refused() -> None:
    clock = FakeClock()
    verifier = Verifier(KEY, clock)
    headers = signed_headers(KEY, "m1", now_of(clock), BODY)
    verifier.verify(headers, BODY)
    with pytest.raises(Replayed):
        verifier.verify(headers, BODY)


@pytest.mark.fault("F81")
def test_a_message_dated_ahead_is_remembered_for_as_long_as_it_could_come_again() -> None:
    clock = FakeClock()
    verifier = Verifier(KEY, clock)
    headers = signed_headers(KEY, "m1", now_of(clock) + 299, BODY)
    verifier.verify(headers, BODY)
    clock.advance(598)
    with pytest.raises(Replayed):
        verifier.verify(headers, BODY)


@pytest.mark.fault("F81")
@pytest.mark.parametrize("late", [301, -301, 86400])
def test_a_message_that_is_not_from_now_is_refused(late: int) -> None:
    clock = FakeClock()
    headers = signed_headers(KEY, "m1", now_of(clock) - late, BODY)
    with pytest.raises(BadSignature, match="300 s"):
        Verifier(KEY, clock).verify(headers, BODY)


@pytest.mark.fault("F81")
@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_a_changed_body_is_refused(at: int, change: int) -> None:
    clock = FakeClock()
    headers = signed_headers(KEY, "m1", now_of(clock), BODY)
    changed = BODY[:at] + bytes([BODY[at] ^ change]) + BODY[at + 1 :]
    with pytest.raises(BadSignature, match="does not fit"):
        Verifier(KEY, clock).verify(headers, changed)


@pytest.mark.fault("F81")
@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_message_without_one_of_the_headers_is_refused(missing: str) -> None:
    clock = FakeClock()
    headers = signed_headers(KEY, "m1", now_of(clock), BODY)
    del headers[missing]
    with pytest.raises(BadSignature):
        Verifier(KEY, clock).verify(headers, BODY)


@given(st.dictionaries(st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature"]), st.text(max_size=50)))
def test_garbage_is_only_ever_refused(headers: dict[str, str]) -> None:
    with pytest.raises(BadSignature):
        Verifier(KEY, FakeClock()).verify(headers, BODY)


def test_one_of_several_signatures_is_enough() -> None:
    clock = FakeClock()
    headers = signed_headers(KEY, "m1", now_of(clock), BODY)
    headers["webhook-signature"] = "v1,AAAA v2,BBBB " + headers["webhook-signature"]
    assert Verifier(KEY, clock).verify(headers, BODY) == "m1"
