"""The spool: idempotent, ordered, and nothing that cannot be read is lost."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.outbox.spool import BadItem, Item, Spool


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path)


def ticket(call: str = "1795312345.1", index: int = 1, number: str = "261122010001") -> Item:
    return Item(key=f"{call}:{index}", number=number, body={"number": number})


def age(tmp_path: Path, key: str, at: float) -> None:
    os.utime(tmp_path / "pending" / (key.replace(":", "_") + ".json"), (at, at))


def test_an_item_is_found_again_also_by_another_process(spool: Spool, tmp_path: Path) -> None:
    spool.put(ticket())
    assert Spool(tmp_path).find("1795312345.1:1") == ticket()
    assert spool.find("1795312345.1:2") is None


@pytest.mark.fault("F22")
def test_the_same_request_put_twice_is_one_item(spool: Spool) -> None:
    spool.put(ticket(number="261122010001"))
    spool.put(ticket(number="261122010002"))
    assert [item.number for item in spool.pending()] == ["261122010001"]


def test_what_was_sent_is_not_put_again(spool: Spool) -> None:
    spool.put(ticket())
    spool.sent(ticket(), {"state": "accepted"})
    spool.put(ticket(number="261122010009"))
    assert spool.count() == 0
    found = spool.find(ticket().key)
    assert found
    assert (found.number, found.answer) == ("261122010001", {"state": "accepted"})


def test_tickets_go_before_recordings_and_the_oldest_first(spool: Spool, tmp_path: Path) -> None:
    recording = Item(key="1.1:rec", number="1", recording="/tmp/x.wav")  # noqa: S108 - a name, never opened
    for at, item in ((30.0, ticket("3.3")), (10.0, recording), (20.0, ticket("2.2")), (40.0, ticket("1.1"))):
        spool.put(item)
        age(tmp_path, item.key, at)
    assert [item.key for item in spool.pending()] == ["2.2:1", "3.3:1", "1.1:1", "1.1:rec"]


@pytest.mark.fault("F28")
@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"null", b"[]", b"17", b"\xff\xfe", b'{"key": "a"}', b'{"key": "../x", "number": "1"}'),
        *(
            b'{"key": "a", "number": "x"}',
            b'{"key": "a", "number": "1", "extra": 1}',
            b'{"key": 1.5e400, "number": "1"}',
        ),
        *(b'{"key": "a", "number": "1", "body": 5}', b'{"key": "a", "number": "1", "recording": 5}'),
    ],
)
def test_a_file_that_is_no_item_goes_to_quarantine_with_its_reason(
    spool: Spool, tmp_path: Path, content: bytes
) -> None:
    spool.put(ticket())
    (tmp_path / "pending" / "bad.json").write_bytes(content)
    assert [item.key for item in spool.pending()] == ["1795312345.1:1"]
    assert spool.quarantined() == 1
    assert (tmp_path / "quarantine" / "bad.json").read_bytes() == content
    assert (tmp_path / "quarantine" / "bad.json.reason").read_text()
    assert [item.key for item in spool.pending()] == ["1795312345.1:1"]


@pytest.mark.fault("F27")
def test_files_that_a_crash_left_half_written_are_no_items(spool: Spool, tmp_path: Path) -> None:
    (tmp_path / "pending" / ".tmp-abc").write_bytes(b'{"key": "a"')
    assert list(spool.pending()) == []
    assert spool.quarantined() == 0


def test_a_refused_item_is_kept_for_a_person(spool: Spool, tmp_path: Path) -> None:
    spool.put(ticket())
    spool.refuse(ticket(), "409 key reused")
    assert spool.count() == 0
    assert spool.quarantined() == 1
    kept = json.loads((tmp_path / "quarantine" / "1795312345.1_1.json").read_text())
    assert kept["body"] == {"number": "261122010001"}


@pytest.mark.fault("F82")
@pytest.mark.parametrize("key", ["", "../1", "a/b", "a b", "x" * 121, "a\n", "垃圾/", "a\0"])
def test_a_key_that_is_no_file_name_is_refused(spool: Spool, key: str) -> None:
    with pytest.raises(ValueError, match="spool key"):
        spool.put(Item(key=key, number="1"))


def test_a_file_damaged_after_it_was_put_does_not_stop_the_call(spool: Spool, tmp_path: Path) -> None:
    (tmp_path / "pending" / "1.1_1.json").write_bytes(b"{")
    assert spool.find("1.1:1") is None


@given(st.binary(max_size=200))
def test_any_bytes_are_an_item_or_a_bad_item(data: bytes) -> None:
    try:
        item = Item.parse(data)
    except BadItem:
        return
    assert item.key
