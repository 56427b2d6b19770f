"""What callers want is told from how they say it, with the phrases as evidence and the usual kind as odds."""

from pathlib import Path

import pytest

from routing.decision import RequestKind
from routing.errors import DataError
from routing.kinds import KindRules, Kinds
from routing.router import DATA_DIR, MODEL_DIR
from routing.text import read


@pytest.fixture(scope="module")
def kinds() -> Kinds:
    return Kinds.load(DATA_DIR, MODEL_DIR)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("我想咨询一下退休金怎么算", RequestKind.ENQUIRY),
        ("我要投诉这家饭店，服务员骂人", RequestKind.COMPLAINT),
        ("建议在村口装个红绿灯", RequestKind.SUGGESTION),
        ("我要举报有人偷排污水", RequestKind.REPORT),
        ("给社区的小张点个赞，太感谢了", RequestKind.PRAISE),
        ("求求你们帮帮我，我没钱回家了", RequestKind.HELP),
    ],
)
def test_plain_words_are_understood(kinds: Kinds, text: str, kind: RequestKind) -> None:
    assert kinds.decide(read(text), None)[0] is kind


def test_the_phrase_that_speaks_for_the_kind_is_named(kinds: Kinds) -> None:
    assert kinds.decide(read("我要表扬公交司机"), None)[1] == "表扬"


def test_silence_has_the_usual_kind_and_else_is_a_question(kinds: Kinds) -> None:
    assert kinds.decide(read(""), RequestKind.REPORT) == (RequestKind.REPORT, "")
    assert kinds.decide(read(""), None) == (RequestKind.ENQUIRY, "")


def test_the_usual_kind_weighs_in_but_does_not_override(kinds: Kinds) -> None:
    assert kinds.decide(read("我要表扬公交司机拾金不昧"), RequestKind.COMPLAINT)[0] is RequestKind.PRAISE


def test_a_file_without_a_kind_is_refused_with_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / "kinds.txt").write_text("[praise]\n表扬\n[shout]\n喂\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        KindRules.load(tmp_path / "kinds.txt")
    found = [str(fault) for fault in caught.value.faults]
    assert any("shout" in fault for fault in found)
    assert any("question" in fault for fault in found)
