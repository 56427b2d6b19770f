"""What holds a danger back and what is never nothing, rule by rule."""

import pytest

from routing.emergency import courteous
from routing.lexicon import Lexicon
from routing.rails import affirmed, alarming, brake, evidence
from routing.router import DATA_DIR


@pytest.fixture(scope="module")
def lexicon() -> Lexicon:
    return Lexicon.load(DATA_DIR / "danger" / "lexicon.toml")


@pytest.mark.parametrize(
    "text",
    ["不是着火", "电视里有人喊救命", "去年被人打了", "请问着火了怎么报销", "万一着火怎么办", "抢东西的没事了已经处理"],
)
@pytest.mark.fault("F71")
def test_negated_seen_past_asked_and_supposed_dangers_are_braked(lexicon: Lexicon, text: str) -> None:
    ids = {hit.group.id for hit in lexicon.scan(courteous(text))}
    assert brake(ids, ids, len(text))


def test_a_present_danger_is_not_braked(lexicon: Lexicon) -> None:
    ids = {hit.group.id for hit in lexicon.scan(courteous("救命啊有人抢劫快来"))}
    assert not brake(ids, ids, 9)


@pytest.mark.parametrize("text", ["再不管我就跳楼了", "工钱不给我们就上塔吊", "他说要弄死我全家", "要出人命了"])
def test_threats_and_plain_cries_are_never_nothing(lexicon: Lexicon, text: str) -> None:
    assert alarming(lexicon.scan(courteous(text)), len(text))


def test_what_is_denied_right_before_is_no_danger_word(lexicon: Lexicon) -> None:
    utterance = courteous("我没有自杀")
    assert not any(hit.group.danger for hit in affirmed(utterance, lexicon.scan(utterance)))


def test_evidence_grows_with_a_cry_and_what_it_is_for(lexicon: Lexicon) -> None:
    counts = [evidence(lexicon.scan(courteous(text))) for text in ("今天天气不错", "有人抢劫", "救命有人抢劫")]
    assert counts == [0, 1, 2]


@pytest.mark.parametrize("text", ["我不方便说", "他听得见", "嘘，小点声"])
def test_a_caller_who_cannot_speak_is_never_nothing_whatever_the_model_says(lexicon: Lexicon, text: str) -> None:
    assert alarming(lexicon.scan(courteous(text)), len(text))


def test_an_errand_of_somebody_who_cannot_talk_right_now_is_no_danger(lexicon: Lexicon) -> None:
    text = "我现在开会不方便说话，社保的材料发短信给我"
    assert not alarming(lexicon.scan(courteous(text)), len(text))


@pytest.mark.parametrize("text", ["门口坐着个大姐", "大伙都在等", "一辆大货停着", "正在装车"])
def test_an_everyday_word_that_sounds_like_a_danger_is_none(lexicon: Lexicon, text: str) -> None:
    assert not any(hit.group.danger for hit in lexicon.scan(courteous(text)))


def test_what_was_misheard_for_a_danger_still_is_one(lexicon: Lexicon) -> None:
    assert {hit.group.id for hit in lexicon.scan(courteous("有人打结")) if hit.group.danger} == {"robbery"}
