from pathlib import Path

import pytest

from hotline.errors import WrongUse
from hotline.twins.table import Table, open_twins, read_table

SMALL = Table(("situation", "text"), (("fire", "楼下着火了"), ("gas", "屋里，有煤气味")))


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_keeps_its_columns_and_rows(tmp_path: Path) -> None:
    table = read_table(written(tmp_path / "in.csv", "situation,text\nfire,楼下着火了\n\ngas,屋里，有煤气味\n"))
    assert table == SMALL
    assert table.text(table.rows[0]) == "楼下着火了"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("situation,words\na,b\n", "column named text"),
        ("", "found nothing"),
        ("text,heard\na,b\n", "heard already"),
        ("situation,text\nfire\n", "line 2: expected 2 cells, found 1"),
        ("situation,text\nfire, \n", "line 2: the text is empty"),
        ("situation,text\nfire,着了\nfire,着了\n", "line 3: the same row as line 2"),
    ],
)
def test_an_unusable_table_is_refused_naming_the_line(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(WrongUse, match=message):
        read_table(written(tmp_path / "in.csv", content))


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="expected a UTF-8 CSV"):
        read_table(tmp_path / "none.csv")
    (tmp_path / "bytes.csv").write_bytes(b"text\n\xff\n")
    with pytest.raises(WrongUse, match="expected a UTF-8 CSV"):
        read_table(tmp_path / "bytes.csv")


def test_twins_are_written_beside_their_rows_and_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    with open_twins(out, SMALL, resume=False) as twins:
        twins.add(SMALL.rows[0], ["落下着火了", "楼下着火吧"])
        assert out.read_text(encoding="utf-8") == "situation,text,heard\nfire,楼下着火了,落下着火了\n"
    with pytest.raises(WrongUse, match="--resume"), open_twins(out, SMALL, resume=False):
        pass


def test_a_run_that_was_cut_off_goes_on_without_the_torn_line(tmp_path: Path) -> None:
    out = written(tmp_path / "out.csv", "situation,text,heard\nfire,楼下着火了,落下着火了\ngas,屋里，有")
    with open_twins(out, SMALL, resume=True) as twins:
        assert twins.done == {SMALL.rows[0]}
        twins.add(SMALL.rows[1], ["屋里有没气味"])
    assert out.read_text(encoding="utf-8").splitlines()[2] == "gas,屋里，有煤气味,屋里有没气味"


def test_twins_of_another_table_are_not_added_to(tmp_path: Path) -> None:
    out = written(tmp_path / "out.csv", "problem,text,heard\n")
    with (
        pytest.raises(WrongUse, match="expected the columns situation,text,heard"),
        open_twins(out, SMALL, resume=True),
    ):
        pass


def test_lower_readings_are_kept_where_they_are_asked_for(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    with open_twins(out, SMALL, resume=False, alternatives=2) as twins:
        twins.add(SMALL.rows[0], ["落下着火了", "楼下着火吧", "楼下找火了", "楼下"])
        twins.add(SMALL.rows[1], [])
    assert out.read_text(encoding="utf-8").splitlines() == [
        "situation,text,heard,others",
        "fire,楼下着火了,落下着火了,楼下着火吧|楼下找火了",
        "gas,屋里，有煤气味,,",
    ]
    with open_twins(out, SMALL, resume=True, alternatives=2) as twins:
        assert twins.done == set(SMALL.rows)
