"""Common questions are answered on the spot, everything else is left to people; bad data is refused whole."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.errors import DataError
from routing.gazetteer import load_entries
from routing.knowledge import CALIBRATION, Calibration, KnowledgeBase
from routing.knowledge_file import LONGEST_ANSWER, load_knowledge
from routing.knowledge_training import digest, fit
from routing.router import DATA_DIR
from routing.taxonomy import Taxonomy

TODAY = date(2026, 3, 2)
KNOWLEDGE = DATA_DIR / "knowledge.toml"
ENTRY = """
[[entry]]
id = "card"
category = "household"
keys = ["证", "丢|补"]
questions = ["身份证丢了怎么补", "补身份证要带什么", "身份证遗失补领"]
answer = "到派出所补。"
source = "县公安局"
valid_until = 2027-01-01
"""


@pytest.fixture(scope="module")
def knowledge() -> KnowledgeBase:
    taxonomy = Taxonomy.load(DATA_DIR)
    areas = load_entries(DATA_DIR / "places.csv", taxonomy.units)
    return KnowledgeBase.load(KNOWLEDGE, problems=taxonomy.problems, areas=areas)


def questions(name: str) -> Iterator[tuple[str, str]]:
    with (Path(__file__).parent / "data" / name).open(encoding="utf-8", newline="") as file:
        yield from ((row["text"], row["entry"]) for row in csv.DictReader(file))


@pytest.mark.requirement("IN-5")
@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("请问身份证丢了怎么补办", "id-card-lost"),
        ("喂你好，我想问一下那个公积金租房子能不能取出来啊", "fund-withdraw-rent"),
        ("劳动仲裁要不要交钱", "labour-arbitration"),
        ("申份证丢了咋补办", "id-card-lost"),
    ],
)
def test_common_question_is_answered_with_its_source(knowledge: KnowledgeBase, text: str, entry: str) -> None:
    answer = knowledge.answer(text, TODAY)
    assert answer is not None
    assert (answer.id, answer.prompt) == (entry, f"answer/{entry}")
    assert answer.source
    assert answer.text in {each.answer for each in knowledge.entries}
    assert knowledge.calibration.least <= answer.confidence <= 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "嗯",
        "明天会下雨吗",
        "县长叫什么",
        "我要投诉派出所的人态度不好",
        "暖气一点都不热没人管",
        "救命啊着火了",
        "12345",
    ],
)
def test_what_is_not_known_gets_no_answer(knowledge: KnowledgeBase, text: str) -> None:
    assert knowledge.answer(text, TODAY) is None


@pytest.mark.parametrize(
    ("name", "floor", "wrong", "loose"), [("knowledge", 0.93, 2, 3), ("knowledge_final", 0.8, 1, 4)]
)
def test_question_sets_reach_the_known_floor(
    knowledge: KnowledgeBase, name: str, floor: float, wrong: int, loose: int
) -> None:
    """`knowledge` was looked at while the keys were written, `knowledge_final` was written after and never tuned on."""
    asked = [(text, entry, knowledge.answer(text, TODAY)) for text, entry in questions(f"{name}.csv")]
    known = [(entry, answer) for _, entry, answer in asked if entry]
    assert sum(bool(answer and answer.id == entry) for entry, answer in known) / len(known) >= floor
    assert sum(bool(answer and answer.id != entry) for entry, answer in known) <= wrong
    assert sum(bool(answer) for _, entry, answer in asked if not entry) <= loose


def test_an_answer_is_given_until_its_last_day_and_not_after(knowledge: KnowledgeBase) -> None:
    text = "请问身份证丢了怎么补办"
    answer = knowledge.answer(text, TODAY)
    assert answer is not None
    assert knowledge.answer(text, answer.valid_until) == answer
    assert knowledge.answer(text, answer.valid_until.replace(year=answer.valid_until.year + 1)) is None


def test_an_answer_for_one_area_is_given_only_there(knowledge: KnowledgeBase) -> None:
    entries = [replace(entry, area="shimo") if entry.id == "id-card-lost" else entry for entry in knowledge.entries]
    local = KnowledgeBase(entries, knowledge.calibration)
    text = "请问身份证丢了怎么补办"
    assert local.answer(text, TODAY) is None
    answer = local.answer(text, TODAY, areas=("shimo", "county"))
    assert answer is not None
    assert answer.id == "id-card-lost"


def test_sample_is_large_short_and_flagged(knowledge: KnowledgeBase) -> None:
    assert knowledge.sample
    assert len(knowledge.entries) >= 60
    assert all(len(entry.answer) <= LONGEST_ANSWER for entry in knowledge.entries)
    assert all(entry.source and entry.valid_until > TODAY for entry in knowledge.entries)


def test_what_is_published_is_recorded_and_drafts_are_not(knowledge: KnowledgeBase) -> None:
    published = {f"answer/{entry.id}": entry.answer for entry in knowledge.entries if entry.published}
    assert dict(knowledge.spoken()) == published
    assert 10 <= len(published) < len(knowledge.entries)


def test_calibration_is_of_this_data() -> None:
    notes = Calibration.load(CALIBRATION).notes
    assert notes["data"] == digest(DATA_DIR), "run: python -m routing.knowledge_training"


def test_fitting_again_gives_the_same_calibration(tmp_path: Path) -> None:
    fit(DATA_DIR).save(tmp_path / "knowledge.json")
    again, shipped = Calibration.load(tmp_path / "knowledge.json"), Calibration.load(CALIBRATION)
    assert again.weights == pytest.approx(shipped.weights, abs=0.02)
    assert again.least == pytest.approx(shipped.least, abs=0.02)


@given(st.text(max_size=400))
def test_any_text_gives_the_same_answer_twice(knowledge: KnowledgeBase, text: str) -> None:
    assert knowledge.answer(text, TODAY) == knowledge.answer(text, TODAY)


def test_every_fault_of_a_bad_file_is_listed_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    second = (
        ENTRY.replace('id = "card"', 'id = "Card"').replace("2027-01-01", '"soon"').replace("到派出所补。", "长" * 200)
    )
    third = ENTRY.replace('keys = ["证", "丢|补"]', 'key = "证"').replace(', "身份证遗失补领"]', "]")
    fourth = ENTRY.replace('category = "household"', 'category = "nowhere"\narea = "moon"')
    path.write_text(ENTRY + second + third + fourth, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_knowledge(path, problems={"household"}, areas={"county"})
    faults = [str(fault) for fault in caught.value.faults]
    for expected in (
        "own.toml:11: Card: id is not ascii-kebab",
        "own.toml:11: Card: the answer has 200 characters",
        "own.toml:11: Card: valid_until must be a date",
        "own.toml:20: card: unknown keys key",
        "own.toml:20: card: keys must be a list of groups",
        "own.toml:20: card: has 2 questions",
        "own.toml:29: card: id is used twice",
        "own.toml:29: card: category 'nowhere' is no id in problems.csv",
        "own.toml:29: card: area 'moon' is no id in places.csv",
        "own.toml:29: card: question '身份证丢了怎么补' is asked again; first under card",
    ):
        assert any(fault.startswith(expected) for fault in faults), (expected, faults)


@pytest.mark.parametrize(
    ("content", "message"), [("version = 1", r"has no \[\[entry\]\]"), ("a = \n", "own.toml:1: is no TOML")]
)
def test_what_is_no_knowledge_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "own.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        KnowledgeBase.load(path)


def test_missing_files_are_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        KnowledgeBase.load(tmp_path / "none.toml")
    with pytest.raises(DataError, match=r"routing\.knowledge_training"):
        KnowledgeBase.load(KNOWLEDGE, tmp_path / "none.json")
