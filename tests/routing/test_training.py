"""Retraining on an organisation's own tickets: figures, use of the result, and clear words about a bad file."""

from pathlib import Path

import pytest

from routing.classifier import Classifier
from routing.errors import DataError
from routing.evaluation import evaluate_csv, score
from routing.router import Router
from routing.text import read
from routing.training import train_csv

ROADS = ("路面有坑", "马路塌陷了", "人行道地砖坏了", "修路没修完", "路上坑坑洼洼", "柏油路裂缝", "路沿石坏了")
WAGES = ("拖欠工资", "老板不发工钱", "工资三个月没给", "包工头欠薪", "讨要血汗钱", "公司扣工资", "干完活不给钱")


@pytest.fixture
def tickets(tmp_path: Path) -> Path:
    path = tmp_path / "tickets.csv"
    rows = [f"{text},市政" for text in ROADS] + [f"{text},劳动" for text in WAGES]
    path.write_text("\n".join(["text,label", *rows]) + "\n", encoding="utf-8")
    return path


def test_own_tickets_give_a_model_that_knows_them(tickets: Path, tmp_path: Path) -> None:
    report = train_csv(tickets, tmp_path / "out")
    assert report.sentences == 14
    assert report.labels == 2
    classifier = Classifier.load(tmp_path / "out" / "classifier.npz")
    assert classifier.classify(read("老板拖欠我们工资")).ranked[0][0] == "劳动"
    assert evaluate_csv(tickets, classifier).accuracy >= 0.8


def test_training_twice_gives_the_same_model(tickets: Path, tmp_path: Path) -> None:
    first, second = (train_csv(tickets, tmp_path / name) for name in ("a", "b"))
    assert first == second


def test_the_shipped_router_is_measured_at_the_level_of_the_labels(router: Router, tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("text,label\n路灯坏了不亮,城乡建设\n老板拖欠工资三个月,劳动和社会保障\n", encoding="utf-8")
    report = evaluate_csv(path, router)
    assert report.accuracy == 1.0
    assert report.as_json()["confusion"]["城乡建设"] == {"城乡建设": 1}


def test_figures_are_those_of_the_confusion_table() -> None:
    report = score([("a", "a"), ("a", "b"), ("b", "b"), ("b", "")])
    assert report.accuracy == 0.5
    assert report.macro_f1 == pytest.approx((2 / 3 + 1 / 2) / 2)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("words,class\na,b\n", "expected the columns text,label"),
        ("text,label\n", "no rows"),
        ("text,label\n路坏了,\n", "tickets.csv:2"),
        ("text,label\n路坏了,市政,多余\n", "expected 2 cells, found 3"),
        ("text,label\n路坏了,市政\n", "at least two labels"),
    ],
)
def test_a_bad_file_is_refused_in_clear_words(tmp_path: Path, content: str, expected: str) -> None:
    path = tmp_path / "tickets.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=expected):
        train_csv(path, tmp_path / "out")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.csv"):
        train_csv(tmp_path / "none.csv", tmp_path)
