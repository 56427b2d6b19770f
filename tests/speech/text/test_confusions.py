from hypothesis import given
from hypothesis import strategies as st

from speech.text.confusions import Confusions, count, count_characters
from speech.text.sounds import sounds

SHIPPED = Confusions.load()
SYLLABLES = st.sampled_from([each for char in "停水医保报销占道经营垃圾清运柳浦镇二爱我" for each in sounds(char)])


@given(SYLLABLES, SYLLABLES)
def test_hearing_what_was_said_costs_nothing_and_anything_else_something(
    said: tuple[str, str], heard: tuple[str, str]
) -> None:
    cost = SHIPPED.cost(said, heard)
    assert (cost == 0.0) == (said == heard)


def test_what_belongs_together_costs_less_before_anything_was_counted() -> None:
    bare = Confusions({})
    assert bare.cost(("n", "an"), ("l", "an")) < bare.cost(("n", "an"), ("zh", "an"))
    assert bare.cost(("b", "en"), ("b", "eng")) < bare.cost(("b", "en"), ("b", "u"))


def test_what_was_counted_often_costs_less() -> None:
    counted = Confusions({("initial", "sh", "x"): 50, ("initial", "sh", "sh"): 50})
    assert counted.cost(("sh", "i"), ("x", "i")) < Confusions({}).cost(("sh", "i"), ("x", "i"))


def test_sounds_that_mandarin_has_not_are_dear() -> None:
    assert SHIPPED.cost(("b", "a"), ("", "hotline")) > 5


def test_pairs_are_counted_syllable_beside_syllable_although_one_is_missing() -> None:
    counts = count([("家里停水了", "家里听水"), ("水", "水")])
    assert counts["initial", "t", "t"] == 1
    assert counts["final", "i", "i"] == 1
    assert counts["initial", "sh", "sh"] == 2


def test_a_pair_that_is_mostly_wrong_is_not_counted() -> None:
    assert count([("家里停水了", "我们去北京玩")]) == {}


def test_characters_that_were_written_are_counted_and_nothing_else() -> None:
    assert count_characters(["停水了, ok", "水"]) == {
        ("char", "", "停"): 1,
        ("char", "", "水"): 2,
        ("char", "", "了"): 1,
    }
