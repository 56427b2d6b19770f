"""Ticket numbers: in order, by China's day, and never one twice."""

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.outbox import durable
from ivr.outbox.numbering import BLOCK, LAST, Numbering, NumbersUsedUp
from tests.fakes.clock import FakeToday


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "numbers.json"


def test_a_number_is_the_day_the_node_and_a_sequence(file: Path) -> None:
    numbering = Numbering(file, 7, FakeToday(date(2026, 11, 22)))
    assert [numbering.next() for _ in range(3)] == ["261122070001", "261122070002", "261122070003"]


def test_numbers_are_reserved_on_disk_a_block_at_a_time(file: Path) -> None:
    numbering = Numbering(file, 1, FakeToday())
    numbering.next()
    reserved = json.loads(file.read_text())
    assert reserved == {"day": "261122", "reserved_below": 1 + BLOCK}
    for _ in range(BLOCK - 1):
        numbering.next()
    assert json.loads(file.read_text()) == reserved
    numbering.next()
    assert json.loads(file.read_text())["reserved_below"] == 1 + 2 * BLOCK


def test_a_restart_leaves_a_gap_and_repeats_nothing(file: Path) -> None:
    first = Numbering(file, 1, FakeToday()).next()
    assert Numbering(file, 1, FakeToday()).next() == f"{int(first) + BLOCK:012d}"


@given(uses=st.lists(st.integers(1, 2 * BLOCK + 1), min_size=1, max_size=6), days=st.lists(st.booleans(), max_size=6))
def test_no_number_is_given_twice_however_often_the_process_dies(
    tmp_path_factory: pytest.TempPathFactory, uses: list[int], days: list[bool]
) -> None:
    file = tmp_path_factory.mktemp("numbers") / "numbers.json"
    today = FakeToday()
    given_out: list[str] = []
    for count, new_day in zip(uses, [*days, *[False] * len(uses)], strict=False):
        numbering = Numbering(file, 1, today)
        given_out += [numbering.next() for _ in range(count)]
        if new_day:
            today.advance()
    assert len(set(given_out)) == len(given_out)
    assert given_out == sorted(given_out)


def test_a_new_day_in_china_begins_at_one(file: Path) -> None:
    today = FakeToday()
    numbering = Numbering(file, 1, today)
    numbering.next()
    today.advance()
    assert numbering.next() == "261123010001"


@pytest.mark.fault("F91")
def test_a_clock_that_goes_back_stays_on_the_later_day(file: Path) -> None:
    today = FakeToday()
    numbering = Numbering(file, 1, today)
    numbering.next()
    today.advance(-1)
    assert numbering.next() == "261122010002"
    assert Numbering(file, 1, today).next() == "261122010021"


def test_when_all_numbers_of_a_day_are_given_it_says_so_until_the_next(file: Path) -> None:
    durable.write_json(file, {"day": "261122", "reserved_below": LAST})
    today = FakeToday()
    numbering = Numbering(file, 1, today)
    assert numbering.next() == f"26112201{LAST}"
    with pytest.raises(NumbersUsedUp, match="node 01 has given 9999 numbers on 261122"):
        numbering.next()
    today.advance()
    assert numbering.next() == "261123010001"


@pytest.mark.fault("F25")
def test_a_number_that_could_not_be_reserved_is_not_given(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, value: object) -> None:
        raise OSError(28, "No space left on device")

    numbering = Numbering(file, 1, FakeToday())
    with monkeypatch.context() as patch:
        patch.setattr(durable, "write_json", refuse)
        with pytest.raises(OSError, match="No space"):
            numbering.next()
    assert numbering.next() == "261122010001"


@pytest.mark.fault("F28")
@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"day": "261122"}', '{"day": 1, "reserved_below": "x"}', "\xff"]
)
def test_a_damaged_file_is_refused_with_the_mend(file: Path, content: str) -> None:
    file.write_bytes(content.encode("latin-1"))
    with pytest.raises(ValueError, match="Put it right by hand") as caught:
        Numbering(file, 1, FakeToday())
    assert str(file) in str(caught.value)


@pytest.mark.parametrize("node", [-1, 100])
def test_a_node_number_has_two_digits(file: Path, node: int) -> None:
    with pytest.raises(ValueError, match="0 to 99"):
        Numbering(file, node, FakeToday())
