"""Decisions by behaviour: what a caller says, and what a supervisor would expect of it."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.decision import EmergencyLevel, RequestKind
from routing.router import Router

Sets = Callable[[str], list[tuple[str, str]]]


@pytest.mark.parametrize(
    "text",
    [
        "我们小区门口的垃圾堆了好几天没有人清理，味道特别大",
        "我們小區門口的拉圾堆了好幾天沒有人清理 味道特別大",
    ],
)
def test_garbage_is_understood_also_in_traditional_and_misspelt_words(router: Router, text: str) -> None:
    decision = router.decide(text)
    assert decision.category is not None
    assert decision.category.l1 in ("城乡建设", "环境保护")
    assert decision.needs_place
    assert decision.unit
    assert decision.kind is RequestKind.COMPLAINT


def test_local_matter_goes_to_the_street_of_the_place(router: Router) -> None:
    decision = router.decide("幸福里小区门口的垃圾好几天没有人清理了")
    assert decision.unit == "南桥街道办事处"
    assert [place.name for place in decision.places] == ["幸福里小区"]
    assert not decision.needs_place


def test_professional_matter_stays_with_its_unit(router: Router) -> None:
    assert router.decide("北苑新城三号楼暖气不热").unit == "供热公司"


def test_reasons_name_the_words_and_the_unit(router: Router) -> None:
    reasons = router.decide("路灯坏了，晚上一片漆黑").reasons
    assert any("路灯" in reason for reason in reasons)
    assert any("城市管理局" in reason for reason in reasons)


def test_words_without_a_matter_give_no_category_but_three_candidates(router: Router) -> None:
    for text in ("嗯", "", "你好", "喂喂喂能听见吗"):
        decision = router.decide(text)
        assert decision.category is None
        assert len(decision.candidates) == 3


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("请问办身份证要什么材料", RequestKind.ENQUIRY),
        ("我要投诉物业不修电梯", RequestKind.COMPLAINT),
        ("我要表扬公交司机拾金不昧", RequestKind.PRAISE),
        ("建议在学校门口装一个红绿灯", RequestKind.SUGGESTION),
        ("我要举报有人贪污公款", RequestKind.REPORT),
        ("我实在没办法了求你们帮帮忙，家里揭不开锅", RequestKind.HELP),
    ],
)
def test_kind_of_request_is_told_apart(router: Router, text: str, kind: RequestKind) -> None:
    assert router.decide(text).kind is kind


def test_decision_prints_as_the_documented_line(router: Router) -> None:
    line = json.loads(json.dumps(router.decide("建设路12号门口井盖没了").as_json("a1"), ensure_ascii=False))
    assert line["id"] == "a1"
    assert line["places"][0]["text"] == "建设路12号"
    assert set(line) == {
        *("id", "text", "emergency", "kind", "category", "confidence", "unit", "places", "level", "reasons"),
    }


def test_development_sentences_reach_the_known_floor(router: Router, development_set: Sets) -> None:
    sentences = development_set("category")
    decisions = [(router.decide(text), label) for text, label in sentences]
    first_level = {name: problem.category.l1 for name, problem in router.taxonomy.problems.items()}
    best = [(decision.candidates[0].category, label) for decision, label in decisions]
    assert sum(found.l1 == first_level[label] for found, label in best) / len(best) >= 0.82
    assert sum(found.id == label for found, label in best) / len(best) >= 0.78
    three = [label in {c.category.id for c in decision.candidates} for decision, label in decisions]
    assert sum(three) / len(three) >= 0.91


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=400))
def test_any_text_gives_the_same_decision_twice(router: Router, text: str) -> None:
    first = router.decide(text, [text[::-1]])
    assert first == router.decide(text, [text[::-1]])
    assert 0.0 <= first.confidence <= 1.0
    assert 1 <= first.level <= 4


@pytest.mark.parametrize("piece", ["救命", "\U0001f600", "垃圾", "\x00\ud800", "　 \n", "١٢٣", "着火了没有人"])
def test_twenty_thousand_characters_give_a_decision(router: Router, piece: str) -> None:
    assert router.decide(piece * (20_000 // len(piece))).candidates


def test_danger_that_was_heard_is_not_corrected_away(router: Router) -> None:
    said = "楼下的垃圾站着火了快来人"
    assert router.decide("楼下的垃圾站没人管").emergency.level is EmergencyLevel.NONE
    assert router.decide("楼下的垃圾站没人管", heard=said).emergency == router.emergency(said)
    assert router.emergency(said).level is EmergencyLevel.CERTAIN
