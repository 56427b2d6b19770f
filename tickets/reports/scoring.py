"""Scores and ranks of units from the three rates (三率), with bonus points and the "department + trade" joint score.

A score is the weighted mean of the rates that have a value, in points of 100, plus the bonus: a rate without cases
neither helps nor harms. Units with fewer cases than `least_cases` are listed and not ranked. Equal scores share a rank.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from tickets.reports.counts import Counts
from tickets.reports.figures import Rate


@dataclass(frozen=True, slots=True)
class Scoring:
    """The rules; weights need not add up to 1. Points for each solved group matter (群体性诉求) and long-standing
    matter (历史遗留问题), up to `bonus_most`. `own_share` is the department's own part of the joint score."""

    response: float = 0.2
    resolution: float = 0.4
    satisfaction: float = 0.4
    bonus_group: float = 0.5
    bonus_long_standing: float = 1.0
    bonus_most: float = 5.0
    own_share: float = 0.5
    least_cases: int = 5
    joint_trades: int = 10

    def __post_init__(self) -> None:
        if min(self.response, self.resolution, self.satisfaction) < 0 or self.weight <= 0:
            raise ValueError("weights must not be negative, and one of them must be above zero")

    @property
    def weight(self) -> float:
        return self.response + self.resolution + self.satisfaction

    def weights(self) -> tuple[tuple[Rate, float], ...]:
        return (
            (Rate.RESPONSE, self.response),
            (Rate.RESOLUTION, self.resolution),
            (Rate.SATISFACTION, self.satisfaction),
        )

    @property
    def formula(self) -> str:
        parts = "、".join(
            f"{name}{weight:g}" for name, weight in zip(("响应率", "解决率", "满意率"), self._plain(), strict=True)
        )
        return (
            f"综合得分 = 三率加权平均×100 + 加分;权重:{parts}(无样本的项不计入平均);"
            f"解决群体性诉求每件加{self.bonus_group:g}分,历史遗留问题每件加{self.bonus_long_standing:g}分,"
            f"加分最多{self.bonus_most:g}分;派单不足{self.least_cases}件不排名"
        )

    def _plain(self) -> tuple[float, float, float]:
        return self.response, self.resolution, self.satisfaction


@dataclass(frozen=True, slots=True)
class Score:
    """`points` is None when no rate has a value. `how` shows the arithmetic."""

    base: float | None
    bonus: float
    points: float | None
    how: str


@dataclass(frozen=True, slots=True)
class Ranked:
    """A unit in a ranking; `rank` None when it is not ranked. `change` is in points against the period before."""

    unit_id: str
    name: str
    counts: Counts
    score: Score
    rank: int | None
    change: float | None


def score(counts: Counts, rules: Scoring) -> Score:
    """The score of one group of orders."""
    pairs = [(counts.rate(key), weight) for key, weight in rules.weights()]
    valued = [(each, weight) for each, weight in pairs if each.value is not None and weight > 0]
    total = sum(weight for _, weight in valued)
    earned = counts.group_resolved * rules.bonus_group + counts.long_standing_resolved * rules.bonus_long_standing
    bonus = two_places(min(earned, rules.bonus_most))
    if not valued or total <= 0:
        return Score(None, bonus, None, "三率均无样本,不计分")
    base = two_places(sum((each.value or 0.0) * weight for each, weight in valued) * 100 / total)
    terms = " + ".join(f"{each.name}{each.text}×{weight:g}" for each, weight in valued)
    how = f"({terms}) ÷ {total:g} = {base:.2f}"
    if bonus:
        how += f";加分 {bonus:.2f}(群体性{counts.group_resolved}件、历史遗留{counts.long_standing_resolved}件)"
    return Score(base, bonus, two_places(base + bonus), how)


def rank(
    groups: Iterable[tuple[str, str, Counts]], rules: Scoring, before: Mapping[str, Counts] | None = None
) -> tuple[Ranked, ...]:
    """Ranks units given as (id, name, counts): best first, then those that are not ranked. `before` has the counts of
    the period before."""
    scored = [(unit_id, name, counts, score(counts, rules)) for unit_id, name, counts in groups]
    ordered = sorted(
        scored, key=lambda each: (not _counts_for(each[2], each[3], rules), -(each[3].points or 0), each[0])
    )
    ranked: list[Ranked] = []
    for position, (unit_id, name, counts, points) in enumerate(ordered, start=1):
        place: int | None = None
        if _counts_for(counts, points, rules):
            same = ranked and ranked[-1].score.points == points.points
            place = ranked[-1].rank if same else position
        ranked.append(Ranked(unit_id, name, counts, points, place, _change(unit_id, points, rules, before)))
    return tuple(ranked)


@dataclass(frozen=True, slots=True)
class Joint:
    """The joint score (部门+行业) of a trade: its lead department's own score and that of all units in the trade."""

    trade: str
    unit_id: str
    unit_name: str
    counts: Counts
    own: Score
    whole: Score
    points: float | None


def joint_scores(
    trades: Sequence[tuple[str, str, str, Counts]], departments: Mapping[str, tuple[str, Counts]], rules: Scoring
) -> tuple[Joint, ...]:
    """Joint scores of the busiest trades. `trades` are (trade, unit id, unit name, counts) for each unit that works in
    it. The lead department of a trade is the department with most orders in it; a trade without one has no score."""
    found: list[Joint] = []
    for trade in dict.fromkeys(each[0] for each in trades):
        members = [each for each in trades if each[0] == trade]
        leading = [each for each in members if each[1] in departments]
        if not leading:
            continue
        _, unit_id, _, _ = max(leading, key=lambda each: (each[3].dispatched, each[1]))
        name, own_counts = departments[unit_id]
        counts = sum((each[3] for each in members), Counts())
        own, whole = score(own_counts, rules), score(counts, rules)
        points = None
        if own.points is not None and whole.points is not None:
            points = two_places(own.points * rules.own_share + whole.points * (1 - rules.own_share))
        found.append(Joint(trade, unit_id, name, counts, own, whole, points))
    busiest = sorted(found, key=lambda each: (-each.counts.dispatched, each.trade))[: rules.joint_trades]
    return tuple(sorted(busiest, key=lambda each: (-(each.points or 0), each.trade)))


def two_places(value: float) -> float:
    return float(Decimal(repr(value)).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP))


def _counts_for(counts: Counts, points: Score, rules: Scoring) -> bool:
    return points.points is not None and counts.dispatched >= rules.least_cases


def _change(unit_id: str, now: Score, rules: Scoring, before: Mapping[str, Counts] | None) -> float | None:
    if before is None or now.points is None or unit_id not in before:
        return None
    earlier = score(before[unit_id], rules).points
    return None if earlier is None else two_places(now.points - earlier)
