import pytest

from hotline.errors import WrongUse
from hotline.twins.correcting import Recognised, figures, judge, terms_in
from speech.text.correction import Corrector

CORRECTOR = Corrector(("医保报销", "占道经营"))


def test_terms_and_characters_are_counted_before_and_after() -> None:
    ticks = iter(range(8))
    rows = [
        Recognised("问医保报销", ("医保报销",), ("问以保暴消",)),
        Recognised("占道经营和占道经营", ("占道经营",), ("占道经营和占道经营", "占到经营")),
        Recognised("没有声音", ("声音",), ()),
    ]
    found = figures([judge(row, CORRECTOR.correct, clock=lambda: next(ticks) / 1_000) for row in rows])
    assert (found.texts, found.terms, found.wrong_before, found.wrong_after) == (3, 3, 2, 1)
    assert (found.changed, found.better, found.worse) == (1, 1, 0)
    assert found.cer_before > found.cer_after
    assert found.as_json()["term_error_rate"] == {"before": 0.6667, "after": 0.3333}
    assert found.as_json()["ms"] == {"p50": 1.0, "p95": 1.0}


def test_nothing_to_judge_is_said() -> None:
    with pytest.raises(WrongUse, match="no recognised text"):
        figures([])


def test_terms_in_a_text_are_the_longest_and_do_not_overlap() -> None:
    assert terms_in("住房公积金和公积金", ("公积金", "住房公积金", "金和", "垃圾")) == ("住房公积金", "公积金")
