"""Danger is found from partial and damaged words; words of danger without danger never bridge."""

import csv
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.danger_model import GRAVITIES, POSSIBLE, DangerModel
from routing.decision import Emergency, EmergencyLevel
from routing.emergency import EmergencyDetector, Facts
from routing.lexicon import SERVICES, Lexicon
from routing.linear import GramModel
from routing.router import DATA_DIR, MODEL_DIR

Sets = Callable[[str], list[tuple[str, str]]]
HELDOUT = Path(__file__).parent / "heldout"

COURTESIES = ("你好", "您好，", "麻烦您，", "谢谢", "谢谢你们", "请问一下，", "不好意思，", "辛苦了", "喂，你好，")
CERTAIN_DANGERS = ("救命啊有人抢劫", "我家着火了快来人", "有人拿刀砍人", "我爸晕倒了没有呼吸了")


@pytest.fixture(scope="module")
def detector() -> EmergencyDetector:
    return EmergencyDetector.load(DATA_DIR, MODEL_DIR)


def held_out(name: str) -> list[dict[str, str]]:
    with (HELDOUT / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def share(found: list[Emergency], level: EmergencyLevel) -> float:
    return sum(one.level is level for one in found) / len(found)


@pytest.mark.fault("F70")
@pytest.mark.parametrize("text", ["救命啊，有人抢劫，快点派警察过来", "救命啊有人抢", "救命爱 有言抢劫"])
def test_robbery_is_certain_from_the_partial_on(detector: EmergencyDetector, text: str) -> None:
    found = detector.check(text)
    assert (found.level, found.service) == (EmergencyLevel.CERTAIN, "110")
    assert found.span
    assert found.reasons


@pytest.mark.parametrize(
    ("text", "service"),
    [
        ("我家着火了，火很大，快来人", "119"),
        ("我爸突然倒下去没有呼吸了", "120"),
        ("两辆车撞了，有人被压在车底下", "122"),
        ("煤气管子断了一直在漏，满屋子味道", "gas"),
    ],
)
def test_the_right_service_is_named(detector: EmergencyDetector, text: str, service: str) -> None:
    found = detector.check(text)
    assert (found.level, found.service) == (EmergencyLevel.CERTAIN, service)


@pytest.mark.fault("F71")
@pytest.mark.parametrize(
    "text",
    [
        "气死我了",
        "附近哪家火锅店好吃",
        "水管抢修什么时候结束",
        "他是我的救命恩人，我要送锦旗",
        "110和12345有什么区别",
        "昨天被打了已经处理",
        "不是着火",
        "明天的消防演习几点开始",
    ],
)
def test_words_of_danger_without_danger_do_not_bridge(detector: EmergencyDetector, text: str) -> None:
    assert detector.check(text).level is not EmergencyLevel.CERTAIN


def test_robbery_is_certain_as_a_recogniser_heard_it_and_rubbish_is_nothing(detector: EmergencyDetector) -> None:
    assert detector.check("九名话有人向前,快点派警察过来").level is EmergencyLevel.CERTAIN
    rubbish = "我们小区门口的垃圾堆了好几天没有人清理，味道特别大"
    assert detector.check(rubbish).level is EmergencyLevel.NONE


def test_danger_is_found_at_either_end_of_a_very_long_text(detector: EmergencyDetector) -> None:
    talk = "今天天气不错我们在公园里散步" * 1400
    cry = "救命啊有人抢劫快点派警察过来"
    assert detector.check(cry + talk).level is not EmergencyLevel.NONE
    assert detector.check(talk[:19_000] + cry).level is not EmergencyLevel.NONE


@pytest.mark.parametrize("text", ["再不管我就跳楼了", "工钱再不给我就从塔吊上跳下去", "再来拆我就点煤气罐跟他们拼了"])
def test_a_conditional_threat_is_possible_never_nothing(detector: EmergencyDetector, text: str) -> None:
    assert detector.check(text).level is EmergencyLevel.POSSIBLE


@pytest.mark.parametrize("text", ["我不方便说话", "我不方便说……", "他在旁边，我不能说", "小点声，他听得见"])
def test_a_caller_who_cannot_speak_is_never_taken_for_nothing(detector: EmergencyDetector, text: str) -> None:
    found = detector.check(text)
    assert found.level is not EmergencyLevel.NONE
    assert found.service == "110"


def test_danger_only_in_a_lower_ranked_reading_is_possible(detector: EmergencyDetector) -> None:
    found = detector.check("九名啊优人", ["救命啊有人抢劫"])
    assert detector.check("今天天气不错", ["救命啊有人抢劫"]).level is EmergencyLevel.POSSIBLE
    assert found.level is not EmergencyLevel.NONE


def saying(shares: dict[str, float], bar: float) -> EmergencyDetector:
    """A detector that takes a text with one of these characters for a danger with that probability, others for none,
    and asks from `bar` on."""
    lexicon = Lexicon.load(DATA_DIR / "danger" / "lexicon.toml")
    facts = Facts(lexicon).names
    chars = sorted(shares)
    odds = np.log([shares[char] / (1.0 - shares[char]) for char in chars])
    weights = np.zeros((len(chars) + len(facts), len(GRAVITIES)), np.float32)
    weights[: len(chars), GRAVITIES.index(POSSIBLE)] = odds + 30.0
    model = GramModel(
        keys=np.array([ord(char) for char in chars], np.int64),
        idf=np.ones(len(chars), np.float32),
        labels=GRAVITIES,
        weights=weights,
        bias=np.array([0.0, -30.0, -60.0], np.float32),
        facts=facts,
        fact_weight=0.0,
        notes={"possible": bar},
    )
    service = replace(
        model,
        labels=SERVICES,
        weights=np.zeros((len(weights), len(SERVICES)), np.float32),
        bias=np.zeros(len(SERVICES)),
    )
    return EmergencyDetector(lexicon, DangerModel(model, service))


@pytest.mark.parametrize(
    ("others", "asked"),
    [
        ((), False),
        (("乙乙",), False),
        (("乙子丑寅卯",), True),
        (("甲子丑寅卯",), False),
        (("乙子丑寅卯", "子丑寅卯"), False),
    ],
)
def test_readings_that_all_hint_at_a_danger_are_asked_about_together(others: tuple[str, ...], asked: bool) -> None:
    detector = saying({"甲": 0.05, "乙": 0.3}, bar=0.1)
    found = detector.check("甲子丑寅卯", others, ended=True)
    assert found.level is (EmergencyLevel.POSSIBLE if asked else EmergencyLevel.NONE)
    assert any("合起来" in reason for reason in found.reasons) is asked


@pytest.mark.fault("F70")
@pytest.mark.parametrize(
    ("text", "share", "asked"), [("甲子丑", 0.9, True), ("甲子", 0.9, False), ("甲子丑", 0.6, False)]
)
def test_three_words_are_asked_about_once_they_are_all_the_caller_says(text: str, share: float, asked: bool) -> None:
    detector = saying({"甲": share}, bar=0.1)
    assert detector.check(text).level is EmergencyLevel.NONE
    ended = detector.check(text, ended=True).level
    assert ended is (EmergencyLevel.POSSIBLE if asked else EmergencyLevel.NONE)


def test_a_lower_ranked_reading_that_hardly_sounds_like_danger_is_nothing(detector: EmergencyDetector) -> None:
    assert detector.check("路灯不亮", ["物业停车费怎么收", "楼道里的灯不亮"]).level is EmergencyLevel.NONE


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(CERTAIN_DANGERS),
    st.lists(st.sampled_from(COURTESIES), max_size=3),
    st.lists(st.sampled_from(COURTESIES), max_size=3),
)
def test_courtesies_never_remove_a_certain_danger(
    detector: EmergencyDetector, text: str, before: list[str], after: list[str]
) -> None:
    assert detector.check("".join(before) + text + "".join(after)).level is EmergencyLevel.CERTAIN


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(COURTESIES), st.sampled_from(COURTESIES))
def test_courtesies_remove_no_certain_danger_of_the_held_out_set(
    detector: EmergencyDetector, number: int, before: str, after: str
) -> None:
    rows = held_out("emergencies")
    text = rows[number % len(rows)]["text"]
    if detector.check(text).level is EmergencyLevel.CERTAIN:
        assert detector.check(before + text + after).level is EmergencyLevel.CERTAIN


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300), st.lists(st.text(max_size=60), max_size=2))
def test_any_unicode_is_judged_and_judged_alike_twice(
    detector: EmergencyDetector, text: str, alternatives: list[str]
) -> None:
    assert detector.check(text, alternatives) == detector.check(text, alternatives)


def test_an_everyday_account_without_a_word_of_danger_never_bridges(detector: EmergencyDetector) -> None:
    text = "他就站在那里一直看着我们，后来又走了，又回来，我们都不知道怎么回事，" * 4
    assert detector.check(text).level is not EmergencyLevel.CERTAIN


def test_development_sets_reach_the_known_floors(detector: EmergencyDetector, development_set: Sets) -> None:
    danger = [detector.check(text) for text, _ in development_set("emergencies")]
    assert 1 - share(danger, EmergencyLevel.NONE) >= 0.96
    assert share(danger, EmergencyLevel.CERTAIN) >= 0.7


@pytest.mark.fault("F71")
def test_traps_and_ordinary_matters_hardly_ever_bridge(detector: EmergencyDetector, development_set: Sets) -> None:
    for name in ("traps", "category"):
        found = [detector.check(text) for text, _ in development_set(name)]
        assert share(found, EmergencyLevel.CERTAIN) <= 0.02


def test_held_out_emergencies_are_found_and_sent_to_the_right_service(detector: EmergencyDetector) -> None:
    rows = held_out("emergencies")
    found = [detector.check(row["text"]) for row in rows]
    assert 1 - share(found, EmergencyLevel.NONE) >= 0.98
    assert share(found, EmergencyLevel.CERTAIN) >= 0.7
    right = sum(one.service == row["service"] for one, row in zip(found, rows, strict=True))
    assert right / len(rows) >= 0.89


@pytest.mark.fault("F71")
@pytest.mark.parametrize(("name", "most_asked"), [("traps", 0.08), ("categories", 0.09)])
def test_held_out_harmless_sentences_hardly_ever_bridge_and_are_seldom_asked_about(
    detector: EmergencyDetector, name: str, most_asked: float
) -> None:
    found = [detector.check(row["text"]) for row in held_out(name)]
    assert share(found, EmergencyLevel.CERTAIN) <= 0.01
    assert share(found, EmergencyLevel.POSSIBLE) <= most_asked


@pytest.mark.fault("F70")
@pytest.mark.parametrize("beginning", ["有人", "我在", "把我", "娃刚", "我们小", "你好我想"])
def test_the_first_words_of_any_call_are_no_danger_yet(detector: EmergencyDetector, beginning: str) -> None:
    assert detector.check(beginning).level is EmergencyLevel.NONE


def test_no_beginning_of_a_held_out_ordinary_request_is_bridged(detector: EmergencyDetector) -> None:
    texts = [row["text"] for row in held_out("categories")]
    bridged = [
        text
        for text in texts
        if any(detector.check(text[:end]).level is EmergencyLevel.CERTAIN for end in range(3, len(text) + 1, 3))
    ]
    assert len(bridged) <= len(texts) // 100


def test_a_partial_is_judged_within_a_fraction_of_what_a_turn_may_cost(detector: EmergencyDetector) -> None:
    texts = [row["text"] for row in held_out("traps")][:200]
    spent = []
    for text in texts:
        before = time.process_time()
        detector.check(text)
        spent.append(time.process_time() - before)
    assert sorted(spent)[len(spent) // 2] < 0.005
