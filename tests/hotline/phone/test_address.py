"""SIP addresses: what is written comes back, whatever the caller chose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.phone.address import NameAddr, SipSyntaxError, SipUri, Via, split_commas


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_any_caller_number_comes_back_from_the_user_part(user: str):
    uri = str(SipUri(user, "127.0.0.1", 5060))
    assert "\r" not in uri
    assert "\n" not in uri
    assert SipUri.parse(uri) == SipUri(user, "127.0.0.1", 5060)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40).map(str.strip).filter(bool))
def test_any_display_name_comes_back(display: str):
    address = NameAddr("sip:a@b", display, {"tag": "1"})
    assert NameAddr.parse(str(address)) == address


def test_parameters_after_the_address_belong_to_the_header_and_inside_to_the_uri():
    address = NameAddr.parse("<sip:a@b;transport=udp>;tag=7;lr")
    assert (address.uri, address.tag, dict(address.params)) == ("sip:a@b;transport=udp", "7", {"tag": "7", "lr": ""})
    assert SipUri.parse(address.uri).params == {"transport": "udp"}
    assert NameAddr.parse("sip:a@b;tag=7").tag == "7"


def test_commas_in_quotes_and_brackets_do_not_part_a_list():
    assert split_commas('"a, b" <sip:x@y;p=1,2>, <sip:z>') == ['"a, b" <sip:x@y;p=1,2>', "<sip:z>"]


@pytest.mark.parametrize("text", ["tel:110", "sip:", "sip:a@", "sip:a@h:0", "sip:a@h:66000", "sip:a@h:x"])
def test_other_addresses_are_refused(text: str):
    with pytest.raises(SipSyntaxError, match="expected"):
        SipUri.parse(text)


@given(st.text(max_size=60))
def test_garbage_gives_an_address_or_the_one_error(text: str):
    for parse in (SipUri.parse, NameAddr.parse, Via.parse):
        try:
            parse(text)
        except SipSyntaxError:
            continue
