"""Digest answers, checked against the worked examples of the RFCs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.phone.digest import Challenge, DigestError, answer, parse_fields

EXAMPLE = "Circle Of Life"


def test_the_example_of_rfc_2617_gives_its_response():
    challenge = Challenge.parse(
        'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",'
        ' opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    value = answer(challenge, user="Mufasa", password=EXAMPLE, method="GET", uri="/dir/index.html", cnonce="0a4f113b")
    fields = parse_fields(value)
    assert fields["response"] == "6629fae49393a05397450978507c4ef1"
    assert fields["opaque"] == "5ccc069c403ebaf9f0171e9517f40e41"
    assert (fields["qop"], fields["nc"]) == ("auth", "00000001")


def test_without_qop_the_older_formula_is_used():
    fields = parse_fields(
        answer(Challenge.parse('Digest realm="a", nonce="n"'), user="u", password=EXAMPLE, method="INVITE", uri="sip:x")
    )
    assert "qop" not in fields
    assert "cnonce" not in fields


@pytest.mark.parametrize(
    "value", ['Basic realm="a"', 'Digest realm="a"', 'Digest nonce="n", algorithm=SHA-256', 'Digest nonce="n",qop="x"']
)
def test_a_challenge_that_cannot_be_answered_is_refused(value: str):
    with pytest.raises(DigestError, match="expected"):
        Challenge.parse(value)


@given(st.text(max_size=80))
def test_garbage_gives_fields_or_the_one_error(text: str):
    try:
        parse_fields("Digest " + text)
    except DigestError:
        return
