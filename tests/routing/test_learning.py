"""Retraining has a safety catch, a card, and reads what operators have corrected."""

import json
from datetime import date
from pathlib import Path

import pytest

from routing.classifier import Classifier
from routing.errors import DataError
from routing.evaluation import Pair, evaluate, read_pairs, score
from routing.learning import FEWEST_HELD_OUT, MODEL_NAME, split, train_checked, with_ids
from routing.modelcard import JSON_NAME, PAGE_NAME, data_digest
from routing.router import DATA_DIR, Router
from routing.taxonomy import Taxonomy

TODAY = date(2026, 3, 2)
ROADS = ("路面有坑", "马路塌陷了", "人行道地砖坏了", "修路没修完", "路上坑坑洼洼", "柏油路裂缝", "路沿石坏了")
WAGES = ("拖欠工资", "老板不发工钱", "工资三个月没给", "包工头欠薪", "讨要血汗钱", "公司扣工资", "干完活不给钱")


def labelled() -> list[Pair]:
    return [(text, "市政") for text in ROADS] + [(text, "劳动") for text in WAGES]


def many(count: int) -> list[Pair]:
    return [(f"{text}第{i}次反映了", label) for i in range(count) for text, label in labelled()]


def test_model_and_card_are_written_together(tmp_path: Path) -> None:
    outcome = train_checked(labelled(), "own.csv", tmp_path, today=TODAY)
    assert not outcome.kept
    assert {path.name for path in tmp_path.iterdir()} == {MODEL_NAME, JSON_NAME, PAGE_NAME}
    card = json.loads((tmp_path / JSON_NAME).read_text(encoding="utf-8"))
    assert card["made"] == "2026-03-02"
    assert card["source"] == "own.csv"
    assert card["data_sha256"] == data_digest(labelled())
    assert card["labels"] == {"市政": 7, "劳动": 7}
    assert card["five_fold"]["sentences"] == 14
    assert "劳动 | 7" in (tmp_path / PAGE_NAME).read_text(encoding="utf-8")
    assert evaluate(labelled(), Classifier.load(tmp_path / MODEL_NAME)).accuracy >= 0.8


def test_a_worse_model_is_refused_unless_forced(tmp_path: Path) -> None:
    train_checked(labelled(), "own.csv", tmp_path, today=TODAY)
    before = (tmp_path / MODEL_NAME).read_bytes()
    other = {"市政": "劳动", "劳动": "市政"}
    swapped = [(text, other[label] if i % 3 == 0 else label) for i, (text, label) in enumerate(labelled())]
    refused = train_checked(swapped, "bad.csv", tmp_path, today=TODAY)
    assert refused.kept
    assert "--force" in refused.words
    assert (tmp_path / MODEL_NAME).read_bytes() == before
    forced = train_checked(swapped, "bad.csv", tmp_path, today=TODAY, force=True)
    assert not forced.kept
    assert forced.card.forced
    assert json.loads((tmp_path / JSON_NAME).read_text(encoding="utf-8"))["source"] == "bad.csv"


def test_the_shipped_model_is_in_use_where_it_knows_the_labels(router: Router, tmp_path: Path) -> None:
    pairs = [(text, "road-damage") for text in ROADS] + [(text, "unpaid-wages") for text in WAGES]
    outcome = train_checked(pairs, "own.csv", tmp_path, today=TODAY, shipped=router, force=True)
    assert outcome.card.replaced == "the shipped model"
    assert outcome.card.held_out.previous_accuracy is not None
    other = train_checked(labelled(), "own.csv", tmp_path / "other", today=TODAY, shipped=router)
    assert other.card.replaced is None


def test_the_same_tickets_are_held_out_whatever_else_comes() -> None:
    pairs = many(150)
    learn, held = split(pairs)
    assert FEWEST_HELD_OUT <= len(held) < len(pairs) / 5
    assert sorted(learn + held) == sorted(pairs)
    more = [*reversed(pairs), *((f"另外的事情{i}", "市政") for i in range(500))]
    learnt_more, _ = split(more)
    assert not set(learn) & set(split(more)[1])
    assert set(learn) <= set(learnt_more)


def test_too_few_tickets_are_not_split() -> None:
    assert split(labelled()) == (labelled(), [])


def test_names_of_problem_types_become_their_ids() -> None:
    taxonomy = Taxonomy.load(DATA_DIR)
    assert with_ids([("路灯坏了", "路灯不亮"), ("x", "别的")], taxonomy) == [
        ("路灯坏了", "street-light"),
        ("x", "别的"),
    ]


TICKET = {"number": "26", "category": {"l1": "城乡建设", "l2": "x", "problem": "路灯不亮"}, "summary": "灯不亮"}
SPOKEN = {**TICKET, "transcript": [{"text": "路灯坏了"}, {"text": "三天了"}]}
COARSE = {**TICKET, "category": {"l1": "城乡建设", "l2": None, "problem": None}}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (json.dumps([{"text": "灯坏了", "label": "市政"}]), [("灯坏了", "市政")]),
        (json.dumps({"items": [TICKET], "next": None}), [("灯不亮", "路灯不亮")]),
        (
            json.dumps(SPOKEN) + "\n" + json.dumps(COARSE) + "\n",
            [("路灯坏了，三天了", "路灯不亮"), ("灯不亮", "城乡建设")],
        ),
        (json.dumps(SPOKEN), [("路灯坏了，三天了", "路灯不亮")]),
    ],
)
def test_corrected_tickets_are_read(tmp_path: Path, content: str, expected: list[Pair]) -> None:
    path = tmp_path / "export.json"
    path.write_text(content, encoding="utf-8")
    assert read_pairs(path) == expected


def test_every_faulty_ticket_is_named(tmp_path: Path) -> None:
    path = tmp_path / "export.jsonl"
    path.write_text('{"text":"a","label":""}\nnot json\n[1]\n{"number":1}\n', encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_pairs(path)
    assert sorted(str(fault).split(": ")[0] for fault in caught.value.faults) == [
        f"export.jsonl:{n}" for n in range(1, 5)
    ]


def test_figures_a_label_and_the_table_for_people() -> None:
    report = score([("a", "a"), ("a", "b"), ("b", "b"), ("b", "")], [True, False, True, False])
    assert (report.accuracy, report.answered, report.answered_accuracy) == (0.5, 0.5, 1.0)
    assert report.labels["a"].precision == 1.0
    assert report.labels["b"].recall == 0.5
    assert report.labels["b"].f1 == 0.5
    assert any("taken for b 1" in line for line in report.lines())


def test_nothing_answered_is_no_division_by_zero() -> None:
    assert score([("a", "")], [False]).answered_accuracy == 0.0
