"""Rates: the documents' own figures are reproduced where they are right, and shown true where they are not."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.router import DATA_DIR
from routing.taxonomy import Taxonomy
from tickets.domain.states import State
from tickets.reports.counts import COUNT_NAMES, Counts
from tickets.reports.figures import DEFINITIONS, Rate, checked, figure, numerators, percent
from tickets.reports.service import BUILDERS
from tickets.reports.tags import DEFAULT, TAGS, tags_of
from tickets.reports.words import STATES, masked


@pytest.mark.requirement("RP-4")
def test_a_stated_rate_that_its_own_counts_contradict_is_shown_true() -> None:
    """S0: 4,135 dispatched, 3,852 of them done, said to be 96.1 %."""
    found = checked(Rate.DONE, "96.1%", 3_852, 4_135)
    assert not found.agrees
    assert found.figure.text == "93.2%"
    assert "3,852 ÷ 4,135 = 93.2%" in found.message


@pytest.mark.requirement("RP-4", "TK-7")
@pytest.mark.parametrize(
    ("rate", "stated", "numerator", "denominator"),
    [
        (Rate.STRIKE_OFF, "91.5%", 257, 281),  # S3: 281 on the ledger, 257 done
        (Rate.SHARE, "18%", 3_521, 20_000),  # S2: 3,521 of "more than 20,000" on one topic
        (Rate.CALL_BACK, "100%", 12, 12),  # S3: both call-back rates
        (Rate.VALID, "72.1%", 8_022, 11_124),  # S0 states the counts alone
        (Rate.DONE, "97.7%", 7_839, 8_022),
    ],
)
def test_stated_rates_that_fit_their_counts_are_reproduced(
    rate: Rate, stated: str, numerator: int, denominator: int
) -> None:
    assert checked(rate, stated, numerator, denominator).agrees


@pytest.mark.requirement("RP-4", "TK-5")
@pytest.mark.parametrize(
    ("rate", "stated", "fewest", "most"),
    [
        (Rate.SIGN, "99.6%", 90_870, 90_960),
        (Rate.DONE, "98.9%", 90_231, 90_321),
        (Rate.SATISFACTION, "91.7%", 83_659, 83_749),
    ],
)
def test_rates_stated_without_a_numerator_fit_a_known_range_of_counts(
    rate: Rate, stated: str, fewest: int, most: int
) -> None:
    """S2 states rates of 91,280 requests and no numerators: any count in the range gives the stated rate."""
    fitting = numerators(stated, 91_280)
    assert (fitting.start, fitting.stop - 1) == (fewest, most)
    assert checked(rate, stated, fitting.start, 91_280).agrees
    assert checked(rate, stated, fitting.stop - 1, 91_280).agrees
    assert not checked(rate, stated, fitting.start - 1, 91_280).agrees
    assert not checked(rate, stated, fitting.stop, 91_280).agrees


def test_the_share_of_the_epidemic_is_true_only_up_to_a_total_of_20120() -> None:
    assert checked(Rate.SHARE, "18%", 3_521, 20_120).agrees
    assert not checked(Rate.SHARE, "18%", 3_521, 20_121).agrees


def test_a_denominator_of_zero_gives_no_value_and_a_reason() -> None:
    empty = figure(Rate.SATISFACTION, 0, 0)
    assert empty.value is None
    assert empty.text == "—"
    assert empty.reason is not None
    assert "分母为零" in empty.reason
    assert empty.as_json()["percent"] is None


def test_counts_that_no_rate_can_have_are_refused() -> None:
    for numerator, denominator in ((2, 1), (-1, 5), (1, 0)):
        with pytest.raises(ValueError, match="0 <= numerator <= denominator"):
            figure(Rate.DONE, numerator, denominator)


def test_every_rate_says_what_it_divides() -> None:
    assert set(DEFINITIONS) == set(Rate)
    for rule in DEFINITIONS.values():
        assert rule.formula == f"{rule.name} = {rule.top} ÷ {rule.bottom} × 100%"
        assert rule.source


@given(st.integers(0, 10**7), st.integers(1, 10**7))
def test_a_percentage_is_the_nearest_one_of_its_decimals(numerator: int, denominator: int) -> None:
    text = percent(min(numerator, denominator), denominator)
    assert text is not None
    shown = Decimal(text.removesuffix("%"))
    exact = Decimal(min(numerator, denominator)) * 100 / Decimal(denominator)
    assert abs(shown - exact) <= Decimal("0.05")


@given(st.integers(1, 5000), st.integers(0, 1000))
def test_the_numerators_of_a_stated_rate_are_all_that_give_it(denominator: int, tenths: int) -> None:
    stated = f"{Decimal(tenths) / 10:.1f}%"
    fitting = numerators(stated, denominator)
    for each in range(max(0, fitting.start - 2), min(denominator, fitting.stop + 2) + 1):
        assert (percent(each, denominator) == stated) is (each in fitting)


_COUNTS = st.builds(Counts, **{name: st.integers(0, 1000) for name in COUNT_NAMES})


@given(_COUNTS, _COUNTS)
def test_counts_add_up_field_by_field(left: Counts, right: Counts) -> None:
    whole = left + right
    assert all(getattr(whole, name) == getattr(left, name) + getattr(right, name) for name in COUNT_NAMES)


@pytest.mark.requirement("SU-6")
def test_the_most_exact_entry_gives_the_tags() -> None:
    assert tags_of("社会救助", "法律服务", "法律援助") == ("弱有所扶", "公正性")
    assert tags_of("教育文体", "体育", "别的问题") == ("学有所教",)
    assert tags_of(None, None, None) == ()
    assert {tag for tags in DEFAULT.values() for tag in tags} == set(TAGS)


@pytest.mark.requirement("SU-6")
def test_a_ticket_has_the_tags_that_routing_gives_its_problem() -> None:
    categories = [(problem.category, problem.tags) for problem in Taxonomy.load(DATA_DIR).problems.values()]
    assert [tags_of(each.l1, each.l2, each.problem) for each, _ in categories] == [tags for _, tags in categories]


def test_every_state_has_a_chinese_name() -> None:
    assert set(STATES) == set(State)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("请回电13800000000谢谢", "请回电138****0000谢谢"),
        ("电话 138 0000 0000", "电话 138****0000"),
        ("身份证11010519491231002X", "身份证110****002X"),
        ("房号1203,5月3日", "房号1203,5月3日"),
    ],
)
def test_long_runs_of_digits_are_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_the_guide_has_the_formula_of_every_rate_and_every_report() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "reports.md").read_text("utf-8")
    for rule in DEFINITIONS.values():
        assert f"| {rule.name} | `{rule.key.value}` | {rule.formula} | {rule.source} |" in guide
    for name in BUILDERS:
        assert f"| `{name}`" in guide
