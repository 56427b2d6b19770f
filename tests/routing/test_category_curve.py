"""The learning curve: nested parts of the sentences, words apart, and clear words about a bad file."""

from dataclasses import replace
from pathlib import Path

import pytest

from routing.category_curve import curve, main
from routing.router import DATA_DIR
from routing.taxonomy import Taxonomy


def test_a_curve_has_a_point_a_share_and_one_without_words() -> None:
    taxonomy = Taxonomy.load(DATA_DIR)
    few = replace(taxonomy, problems={name: taxonomy.problems[name] for name in ("garbage", "taxi", "tax")})
    held = [("桶里的垃圾没有人收", "garbage"), ("出租车司机不打表", "taxi"), ("店里不给开发票", "tax")]
    points = list(curve(few, held, (0.5, 1.0)))
    assert [(point["share"], point["words"]) for point in points] == [(0.5, True), (1.0, True), (1.0, False)]
    assert 0 < points[0]["sentences"] < points[1]["sentences"] == points[2]["sentences"]
    assert points[1]["problem"] == 1.0
    assert points[1]["l1"] >= points[1]["problem"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("text,label\na,b\n", "expected the columns problem,text"),
        ("problem,text\n", "no rows"),
        ("problem,text\nnone,a\n", "'none'"),
    ],
)
def test_a_bad_file_is_refused_in_clear_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, expected: str
) -> None:
    path = tmp_path / "held.csv"
    path.write_text(content, encoding="utf-8")
    assert main([str(path)]) == 1
    assert expected in capsys.readouterr().err
