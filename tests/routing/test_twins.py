"""Twins belong to the exact words they were made of, and a file that is none says what was expected."""

from pathlib import Path

from routing.errors import Fault
from routing.twins import read_twins


def test_twins_are_found_by_their_sentence_and_empty_ones_left_out(tmp_path: Path) -> None:
    path = tmp_path / "twins_categories.csv"
    path.write_text("problem,text,heard\ngarbage,没人收垃圾,没人手垃圾\ngarbage,没人收垃圾,\n", encoding="utf-8")
    faults: list[Fault] = []
    assert read_twins([path], faults) == {"没人收垃圾": ["没人手垃圾"]}
    assert not faults


def test_a_file_without_the_columns_or_that_is_missing_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "twins.csv"
    path.write_text("words,class\na,b\n", encoding="utf-8")
    faults: list[Fault] = []
    assert read_twins([path, tmp_path / "none.csv"], faults) == {}
    assert sorted(fault.file for fault in faults) == ["none.csv", "twins.csv"]
    assert any("text,heard" in str(fault) for fault in faults)
