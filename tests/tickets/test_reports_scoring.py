"""Ranks and scores: weights, bonus, ties, small samples, the joint score."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.reports.counts import Counts
from tickets.reports.scoring import Scoring, joint_scores, rank, score

RULES = Scoring(response=0.2, resolution=0.4, satisfaction=0.4, least_cases=5)


def unit(*, on_time: int = 10, resolved: int = 10, satisfied: int = 10, of: int = 10, group: int = 0) -> Counts:
    return Counts(
        dispatched=of,
        contact_due=of,
        contacted_on_time=on_time,
        visited=of,
        resolved=resolved,
        satisfied=satisfied,
        group_resolved=group,
    )


@pytest.mark.requirement("SU-1")
def test_the_score_is_the_weighted_mean_of_the_three_rates() -> None:
    found = score(unit(on_time=9, resolved=8, satisfied=7), RULES)
    assert found.points == pytest.approx(100 * (0.2 * 0.9 + 0.4 * 0.8 + 0.4 * 0.7))
    assert "响应率90.0%×0.2" in found.how


def test_a_rate_without_cases_neither_helps_nor_harms() -> None:
    unvisited = Counts(dispatched=10, contact_due=10, contacted_on_time=9)
    assert score(unvisited, RULES).points == pytest.approx(90.0)
    assert score(Counts(dispatched=10), RULES).points is None


@pytest.mark.requirement("SU-2")
def test_group_and_long_standing_matters_add_points_up_to_the_most() -> None:
    rules = Scoring(bonus_group=0.5, bonus_long_standing=1.0, bonus_most=1.2)
    assert score(unit(group=1), rules).bonus == 0.5
    assert score(unit(group=9), rules).bonus == 1.2
    assert "群体性1件" in score(unit(group=1), rules).how


def test_equal_scores_share_a_rank_and_the_next_rank_is_skipped() -> None:
    ranked = rank([("a", "甲", unit()), ("b", "乙", unit()), ("c", "丙", unit(satisfied=1))], RULES)
    assert [(each.unit_id, each.rank) for each in ranked] == [("a", 1), ("b", 1), ("c", 3)]


def test_a_unit_with_too_few_cases_is_listed_last_and_not_ranked() -> None:
    few = unit(on_time=4, resolved=4, satisfied=4, of=4)
    ranked = rank([("few", "少", few), ("bad", "差", unit(satisfied=0))], RULES)
    assert [(each.unit_id, each.rank) for each in ranked] == [("bad", 1), ("few", None)]


def test_the_change_is_against_the_same_unit_in_the_period_before() -> None:
    before = {"a": unit(satisfied=5)}
    ranked = rank([("a", "甲", unit()), ("b", "乙", unit())], RULES, before)
    assert [each.change for each in ranked] == [20.0, None]


@pytest.mark.requirement("SU-2")
def test_the_joint_score_joins_the_lead_department_with_its_whole_trade() -> None:
    good, bad = unit(), unit(on_time=0, resolved=0, satisfied=0)
    trades = [("环境保护", "eco", "生态环境局", good), ("环境保护", "town", "某镇", bad)]
    joint = joint_scores(trades, {"eco": ("生态环境局", good)}, Scoring(own_share=0.5))
    assert [(each.trade, each.unit_id) for each in joint] == [("环境保护", "eco")]
    assert joint[0].own.points == 100.0
    assert joint[0].whole.points == 50.0
    assert joint[0].points == 75.0
    assert joint_scores(trades, {}, Scoring()) == ()


def test_rules_without_weight_are_refused() -> None:
    with pytest.raises(ValueError, match="weights"):
        Scoring(response=0, resolution=0, satisfaction=0)
    with pytest.raises(ValueError, match="weights"):
        Scoring(response=-1)


@given(st.lists(st.tuples(st.integers(0, 10), st.integers(0, 10), st.integers(0, 10)), min_size=1, max_size=12))
def test_better_counts_never_rank_lower(rows: list[tuple[int, int, int]]) -> None:
    groups = [
        (f"u{index}", f"单位{index}", unit(on_time=a, resolved=b, satisfied=c)) for index, (a, b, c) in enumerate(rows)
    ]
    ranked = rank(groups, RULES)
    points = [each.score.points or 0.0 for each in ranked]
    assert points == sorted(points, reverse=True)
    assert all(each.rank is not None and 1 <= each.rank <= len(rows) for each in ranked)
    assert sorted(each.unit_id for each in ranked) == sorted(each[0] for each in groups)
