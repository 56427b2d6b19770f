"""Offers and answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.phone.sdp import Codec, Sdp, SdpError

OFFER = (
    b"v=0\r\no=- 1 1 IN IP4 10.0.0.9\r\ns=x\r\nc=IN IP4 10.0.0.9\r\nt=0 0\r\n"
    b"m=video 9 RTP/AVP 97\r\nm=audio 4000 RTP/AVP 9 0 8 96\r\na=rtpmap:96 telephone-event/8000\r\na=sendonly\r\n"
)


def test_the_answer_takes_the_first_known_codec_and_the_offers_key_payload():
    offer = Sdp.parse(OFFER)
    assert (offer.host, offer.port, offer.codecs, offer.event_payload) == (
        "10.0.0.9",
        4000,
        (Codec.PCMU, Codec.PCMA),
        96,
    )
    answer = offer.answer("127.0.0.1", 5000)
    assert (answer.codecs, answer.event_payload, answer.direction) == ((Codec.PCMU,), 96, "recvonly")


@given(st.integers(1, 65_535), st.permutations(list(Codec)), st.none() | st.integers(96, 127))
def test_what_is_written_is_read_back(port: int, codecs: list[Codec], event: int | None):
    sdp = Sdp("127.0.0.1", port, tuple(codecs), event)
    assert Sdp.parse(sdp.to_bytes(1)) == sdp


@pytest.mark.parametrize(
    "change",
    [
        (b"m=audio", b"m=image"),
        (b"9 0 8 96", b"9 18 96"),
        (b"c=IN IP4 10.0.0.9", b"c=IN IP4 evil.example"),
        (b"m=audio 4000", b"m=audio 400000"),
        (b"RTP/AVP 9", b"RTP/SAVP 9"),
        (b"c=", b"k="),
    ],
)
def test_an_offer_without_usable_audio_is_refused(change: tuple[bytes, bytes]):
    with pytest.raises(SdpError, match="expected"):
        Sdp.parse(OFFER.replace(*change))


@given(st.binary(max_size=300))
def test_garbage_gives_the_one_error(data: bytes):
    with pytest.raises(SdpError):
        Sdp.parse(data)
