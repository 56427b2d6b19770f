import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.text.correction import Change, Corrected, Corrector

TERMS = ("医保报销", "占道经营", "小区垃圾清运", "建设路", "城管局", "养老院", "出租车", "停水", "柳浦镇")
CORRECTOR = Corrector(TERMS)


def test_a_term_wins_over_characters_that_sound_alike() -> None:
    assert CORRECTOR.correct(["我想问一下以保暴消"]) == Corrected(
        "我想问一下医保报销", (Change(5, "以保暴消", "医保报销", 1.0),)
    )


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("他们在展道惊营", "他们在占道经营"),
        ("小区拉及清运没人管", "小区垃圾清运没人管"),
        ("见设路的灯不亮,城管具不来", "建设路的灯不亮,城管局不来"),
        ("刘浦真停电", "柳浦镇停电"),
    ],
)
def test_sounds_that_a_telephone_blurs_are_put_right(heard: str, meant: str) -> None:
    assert CORRECTOR.correct([heard]).text == meant


def test_a_confident_word_is_never_touched() -> None:
    # 往里 and 建设 are words of their own; only a stretch that is none may become a term.
    assert CORRECTOR.correct(["建设录像厅"]).changes == ()
    assert CORRECTOR.correct(["出租彻底没有了"]).changes == ()


def test_a_word_that_other_readings_do_not_have_is_not_confident() -> None:
    unsure = CORRECTOR.correct(["出租彻在哪里", "出租车在哪里"])
    assert unsure.text == "出租车在哪里"


SENTENCES = (
    "小区门口的垃圾没人清",
    "垃圾堆了好几天",
    "家里又停水了",
    "停水三天了",
    "他躲在厕所抽烟",
    "有人在厕所里",
    "我打听水费怎么交",
)


def test_two_syllables_need_another_reading_or_neighbours_that_callers_use_beside_them() -> None:
    assert CORRECTOR.correct(["家里听水了"]).changes == ()
    assert CORRECTOR.correct(["家里亭水了", "家里停水了"]).text == "家里停水了"
    assert Corrector(TERMS, sentences=SENTENCES).correct(["家里亭水了"]).text == "家里停水了"
    assert Corrector(TERMS, sentences=SENTENCES).correct(["爬到山亭水边"]).changes == ()


def test_two_syllables_of_every_day_need_neither_where_they_are_no_word() -> None:
    everyday = Corrector(("垃圾", "停水"), common=("垃圾",))
    assert everyday.correct(["小区门口的拉机堆了好几天"]).text == "小区门口的垃圾堆了好几天"
    assert everyday.correct(["家里听水了"]).changes == ()
    # 打听 is a word.
    assert Corrector(("停水",), common=("停水",)).correct(["我打听水费"]).changes == ()


def test_a_word_of_the_hotline_that_was_heard_stays_whatever_longer_one_another_reading_has() -> None:
    corrector = Corrector(("垃圾", "拖拉机"))
    heard = ["门口的垃圾堆了好几天", "门口拖拉机堆了好几天"]
    assert corrector.correct(heard).changes == ()


def test_what_callers_say_as_it_was_heard_is_not_changed_into_what_is_only_nearly_alike() -> None:
    assert Corrector(("拆厕所",), sentences=SENTENCES).correct(["他躲在厕所"]).changes == ()


def test_what_another_reading_has_at_a_place_helps_a_term_there() -> None:
    corrector = Corrector(("种粮补贴",))
    assert corrector.correct(["总量不贴还没到"]).changes == ()
    assert corrector.correct(["总量不贴还没到", "中阳不贴还没到"]).text == "种粮补贴还没到"


def test_a_long_term_may_go_on_behind_a_pause_that_was_heard() -> None:
    assert Corrector(("南桥小学",)).correct(["男乔小,学收费"]) == Corrected(
        "南桥小学收费", (Change(0, "男乔小,学", "南桥小学", 1.0),)
    )


def test_what_is_right_already_stays_and_what_is_not_chinese_too() -> None:
    for text in ("占道经营", "OK 120 号", "", "，。！"):
        assert CORRECTOR.correct([text]) == Corrected(text)
    assert CORRECTOR.correct([]) == Corrected("")


def test_a_term_is_found_wherever_it_stands_in_a_long_text() -> None:
    for ahead in (88, 97, 99, 100, 150):
        text = CORRECTOR.correct(["嗯" * ahead + "以保暴消" + "嗯" * 90]).text
        assert text == "嗯" * ahead + "医保报销" + "嗯" * 90


def test_without_terms_nothing_changes() -> None:
    assert Corrector(()).correct(["以保暴消"]) == Corrected("以保暴消")
    assert len(Corrector(("OK", "x", "过长" * 10))) == 0


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8"), max_size=80), max_size=5))
def test_any_text_gives_a_text_whose_changes_lead_back_to_it(readings: list[str]) -> None:
    corrected = CORRECTOR.correct(readings)
    text = corrected.text
    for change in reversed(corrected.changes):
        assert text[change.at : change.at + len(change.after)] == change.after
        text = text[: change.at] + change.before + text[change.at + len(change.after) :]
    assert text == (readings[0] if readings else "")
