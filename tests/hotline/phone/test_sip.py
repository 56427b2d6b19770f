"""The SIP codec: what it reads, what it refuses, what it writes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.phone.address import SipSyntaxError, escape_user
from hotline.phone.sip import Request, Response, parse, reply

INVITE = (
    b"INVITE sip:12345@127.0.0.1:5060 SIP/2.0\r\n"
    b"v: SIP/2.0/UDP 127.0.0.1:40000;branch=z9hG4bKabc;rport, SIP/2.0/UDP 10.0.0.1\r\n"
    b'f: "Zhang, \\"San\\"" <sip:13800001234@127.0.0.1>;tag=1\r\n'
    b"To:\r\n <sip:12345@127.0.0.1>\r\n"
    b"i: abc@host\r\n"
    b"CSeq: 7 INVITE\r\n"
    b"m: <sip:a@127.0.0.1:40000>\r\n"
    b"l: 4\r\n\r\nv=0\nrest"
)


def test_reads_compact_and_folded_headers_and_cuts_the_body():
    message = parse(INVITE)
    assert isinstance(message, Request)
    assert (message.method, message.cseq, message.call_id) == ("INVITE", (7, "INVITE"), "abc@host")
    assert message.from_.display == 'Zhang, "San"'
    assert message.from_.tag == "1"
    assert message.to.uri == "sip:12345@127.0.0.1"
    assert (message.via.host, message.via.port, message.via.branch) == ("127.0.0.1", 40000, "z9hG4bKabc")
    assert len(message.all("Via")) == 2
    assert message.body == b"v=0\n"


def test_a_response_copies_what_it_must_and_survives_the_wire():
    request = parse(INVITE)
    assert isinstance(request, Request)
    response = parse(reply(request, 486, tag="xyz").to_bytes())
    assert isinstance(response, Response)
    assert (response.status, response.reason) == (486, "Busy Here")
    assert response.all("Via") == request.all("Via")
    assert response.to.tag == "xyz"
    assert response.from_ == request.from_


@pytest.mark.parametrize(
    "change",
    [
        (b"SIP/2.0\r\n", b"SIP/9.0\r\n"),
        (b"CSeq: 7 INVITE", b"CSeq: 7 BYE"),
        (b"CSeq: 7 INVITE", b"CSeq: seven INVITE"),
        (b"l: 4", b"l: -4"),
        (b"l: 4", b"l: 400"),
        (b"i: abc@host\r\n", b""),
        (b"127.0.0.1:40000;branch", b"127.0.0.1:400000;branch"),
        (b"v: SIP/2.0/UDP", b"v: HTTP"),
        (b"<sip:13800001234@127.0.0.1>", b"<sip:13800001234"),
        (b"m: <", b"no colon <"),
    ],
)
def test_a_broken_message_gives_the_one_error(change: tuple[bytes, bytes]):
    with pytest.raises(SipSyntaxError, match="expected"):
        parse(INVITE.replace(*change, 1))


def test_limits_hold():
    with pytest.raises(SipSyntaxError, match="at most 100 bytes"):
        parse(INVITE, max_size=100)
    with pytest.raises(SipSyntaxError, match="at most 200 headers"):
        parse(INVITE.replace(b"l: 4\r\n", b"X: y\r\n" * 200))
    with pytest.raises(SipSyntaxError, match="characters"):
        parse(INVITE.replace(b"l: 4\r\n", b"X: " + b"y" * 9000 + b"\r\n"))


@given(st.binary(max_size=600))
def test_garbage_gives_the_one_error_or_nothing(data: bytes):
    with pytest.raises(SipSyntaxError):
        parse(data)


@given(st.integers(0, len(INVITE) - 1), st.binary(max_size=3))
def test_a_damaged_message_is_read_or_refused_and_can_be_answered(at: int, damage: bytes):
    try:
        message = parse(INVITE[:at] + damage + INVITE[at + 1 :])
    except SipSyntaxError:
        return
    if isinstance(message, Request):
        parse(reply(message, 200, tag="t").to_bytes())
        assert parse(message.to_bytes()) == message


@pytest.mark.fault("F30")
def test_line_breaks_in_a_caller_number_are_escaped_and_elsewhere_refused():
    assert escape_user("1380\r\nVia: x") == "1380%0D%0AVia%3A%20x"
    request = Request(headers=(("From", "a\r\nb"),), method="OPTIONS", uri="sip:a")
    with pytest.raises(ValueError, match="line break"):
        request.to_bytes()
