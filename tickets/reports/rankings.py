"""The monthly ranking of units by the three rates (SU-1), the joint scores (SU-2) and the awards (SU-3).

Like is ranked with like: a list for each level of government and kind of unit. A trade (行业) is the `trade` of the
directory for units that name one, else the first level of the category.
"""

from collections.abc import Mapping, Sequence

from tickets.reports.counts import Counts
from tickets.reports.desk import Desk
from tickets.reports.document import Cell, Column, Kind, Report, Section, Table
from tickets.reports.figures import THREE_RATES, Rate
from tickets.reports.parts import rate_table
from tickets.reports.periods import Span
from tickets.reports.scoring import Ranked, joint_scores, rank
from tickets.reports.source import By, Group, UnitLine
from tickets.reports.words import UNIT_KINDS, UNIT_LEVELS, named

_OUTSIDE = ("", "")
"""Level and kind of units that the directory does not have."""


async def ranking(desk: Desk) -> Report:
    span = desk.ask.span(Span.month(desk.ask.day))
    lists = await ranked_units(desk, span)
    sections = [_levels(lists), *(_ranked_section(key, each) for key, each in lists.items())]
    sections.append(await _joint(desk, span, lists))
    title = f"{desk.house.issuer}考核排名通报"
    subject = "街道乡镇、区县、部门与公共服务企业"
    return Report("ranking", title, span, desk.now, subject, tuple(sections), desk.house.issuer, desk.house.sign_off)


async def ranked_units(desk: Desk, span: Span) -> dict[tuple[str, str], tuple[Ranked, ...]]:
    """Ranked units by (level, kind), in the order of levels."""
    directory = await desk.directory()
    now = await desk.source.counts(span, desk.now, (By.UNIT,), desk.narrow)
    earlier = await desk.source.counts(span.before(), desk.now, (By.UNIT,), desk.narrow)
    before = {str(each.key[0]): each.counts for each in earlier}
    lists: dict[tuple[str, str], list[tuple[str, str, Counts]]] = {}
    for each in now:
        unit_id, unit = str(each.key[0]), directory.get(str(each.key[0]))
        place = (unit.level, unit.kind) if unit else _OUTSIDE
        lists.setdefault(place, []).append((unit_id, _name(each, unit), each.counts))
    return {place: rank(lists[place], desk.house.scoring, before) for place in sorted(lists, key=_order)}


async def awards(desk: Desk) -> Report:
    """服务之星 for units and 小蜜蜂 for persons, with the rule that chose them."""
    span = desk.ask.span(Span.month(desk.ask.day))
    lists = await ranked_units(desk, span)
    sections = (_stars(desk, lists), await _bees(desk, span))
    title = f"{desk.house.issuer}表扬名单"
    return Report("awards", title, span, desk.now, "承办单位与承办人员", sections, desk.house.issuer)


def _levels(lists: Mapping[tuple[str, str], Sequence[Ranked]]) -> Section:
    """The three levels (三级) side by side."""
    totals: dict[str, Counts] = {}
    for (level, _), members in lists.items():
        name = named(UNIT_LEVELS, level or None, "未入目录单位")
        totals[name] = sum((each.counts for each in members), totals.get(name, Counts()))
    whole = sum(totals.values(), Counts())
    rows = [*totals.items(), ("合计", whole)]
    text = "统计口径:本期派出的主办与双派工单,以统计时刻的办理状况计;已改派、撤回、并案的派单不计。"
    return Section("levels", "三级办理情况", (text,), figures=whole.rates(THREE_RATES), table=rate_table(rows, "层级"))


def _ranked_section(place: tuple[str, str], members: Sequence[Ranked]) -> Section:
    level, kind = place
    title = f"{named(UNIT_LEVELS, level or None, '未入目录')}·{named(UNIT_KINDS, kind or None, '单位')}"
    columns = (
        Column("rank", "名次", Kind.COUNT),
        Column("unit", "单位"),
        Column("dispatched", "派单", Kind.COUNT),
        Column("response", "响应率", Kind.RATE),
        Column("resolution", "解决率", Kind.RATE),
        Column("satisfaction", "满意率", Kind.RATE),
        Column("bonus", "加分", Kind.SCORE),
        Column("points", "综合得分", Kind.SCORE),
        Column("change", "较上期", Kind.CHANGE),
        Column("how", "计算过程"),
    )
    rows = tuple(
        (
            each.rank,
            each.name,
            each.counts.dispatched,
            *each.counts.rates(THREE_RATES),
            each.score.bonus,
            each.score.points,
            each.change,
            each.score.how if each.rank is not None else f"{each.score.how}(样本不足,不排名)",
        )
        for each in members
    )
    return Section(f"rank-{level or 'other'}-{kind or 'other'}", title, table=Table(columns, rows))


async def _joint(desk: Desk, span: Span, lists: Mapping[tuple[str, str], Sequence[Ranked]]) -> Section:
    """The joint score (部门+行业) of the busiest trades."""
    directory = await desk.directory()
    by_trade = await desk.source.counts(span, desk.now, (By.UNIT, By.L1), desk.narrow)
    departments = {
        each.unit_id: (each.name, each.counts)
        for (_, kind), members in lists.items()
        if kind == "department"
        for each in members
    }
    trades = [
        (_trade(each, directory), str(each.key[0]), each.unit_name or str(each.key[0]), each.counts)
        for each in by_trade
        if each.key[1] is not None
    ]
    joint = joint_scores(trades, departments, desk.house.scoring)
    columns = (
        Column("trade", "行业"),
        Column("unit", "牵头部门"),
        Column("dispatched", "行业派单", Kind.COUNT),
        Column("own", "部门得分", Kind.SCORE),
        Column("whole", "行业得分", Kind.SCORE),
        Column("points", "联合得分", Kind.SCORE),
    )
    rows = tuple(
        (each.trade, each.unit_name, each.counts.dispatched, each.own.points, each.whole.points, each.points)
        for each in joint
    )
    share = desk.house.scoring.own_share
    text = (
        f"联合得分 = 部门得分×{share:g} + 行业得分×{1 - share:g};行业得分按该行业全部承办单位的工单计,"
        "牵头部门为本期该行业派单最多的部门;列派单最多的"
        f"{desk.house.scoring.joint_trades}个行业。"
    )
    return Section("joint", "部门+行业联合考评", (desk.house.scoring.formula, text), table=Table(columns, rows))


def _stars(desk: Desk, lists: Mapping[tuple[str, str], Sequence[Ranked]]) -> Section:
    floor = desk.house.award_satisfaction
    chosen: list[tuple[Cell, ...]] = []
    for (level, kind), members in lists.items():
        if not kind:
            continue
        group = f"{named(UNIT_LEVELS, level)}·{named(UNIT_KINDS, kind)}"
        worthy = [
            each
            for each in members
            if each.rank is not None and each.counts.overdue == 0 and _at_least(each.counts, Rate.SATISFACTION, floor)
        ]
        chosen.extend(
            (group, each.name, each.score.points, *each.counts.rates(THREE_RATES))
            for each in worthy[: desk.house.award_units]
        )
    columns = (
        Column("group", "组别"),
        Column("unit", "单位"),
        Column("points", "综合得分", Kind.SCORE),
        Column("response", "响应率", Kind.RATE),
        Column("resolution", "解决率", Kind.RATE),
        Column("satisfaction", "满意率", Kind.RATE),
    )
    text = f"评选条件:参加排名、无超期未办结、满意率不低于{floor:.0%};每组按综合得分取前{desk.house.award_units}名。"
    return Section("stars", "服务之星(单位)", (text,), table=Table(columns, tuple(chosen)))


async def _bees(desk: Desk, span: Span) -> Section:
    floor, least = desk.house.award_satisfaction, desk.house.scoring.least_cases
    groups = await desk.source.counts(span, desk.now, (By.UNIT, By.HANDLER), desk.narrow)
    worthy = [
        each
        for each in groups
        if each.key[1] is not None
        and each.counts.done >= least
        and each.counts.overdue == 0
        and _at_least(each.counts, Rate.SATISFACTION, floor)
    ]
    worthy.sort(key=lambda each: (-each.counts.satisfied, -each.counts.done, str(each.key)))
    rates = (Rate.ON_TIME, Rate.RESOLUTION, Rate.SATISFACTION)
    columns = (
        Column("person", "承办人"),
        Column("unit", "单位"),
        Column("done", "办结", Kind.COUNT),
        Column("satisfied", "满意", Kind.COUNT),
        Column("on-time", "及时率", Kind.RATE),
        Column("resolution", "解决率", Kind.RATE),
        Column("satisfaction", "满意率", Kind.RATE),
    )
    rows = tuple(
        (each.key[1], each.unit_name, each.counts.done, each.counts.satisfied, *each.counts.rates(rates))
        for each in worthy[: desk.house.award_people]
    )
    text = (
        f"评选条件:办结不少于{least}件、无超期未办结、满意率不低于{floor:.0%};"
        f"按满意件数取前{desk.house.award_people}名。"
    )
    return Section("bees", "小蜜蜂(个人)", (text,), table=Table(columns, rows))


def _at_least(counts: Counts, rate: Rate, floor: float) -> bool:
    value = counts.rate(rate).value
    return value is not None and value >= floor


def _name(group: Group, unit: UnitLine | None) -> str:
    return unit.name if unit else group.unit_name or str(group.key[0])


def _trade(group: Group, directory: Mapping[str, UnitLine]) -> str:
    unit = directory.get(str(group.key[0]))
    return unit.trade if unit and unit.trade else str(group.key[1])


def _order(place: tuple[str, str]) -> tuple[int, int, tuple[str, str]]:
    levels, kinds = list(UNIT_LEVELS), list(UNIT_KINDS)
    level = levels.index(place[0]) if place[0] in levels else len(levels)
    kind = kinds.index(place[1]) if place[1] in kinds else len(kinds)
    return level, kind, place
