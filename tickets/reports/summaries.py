"""日通报, 周汇总 and 月分析 (RP-2, RP-3, SU-5): one shape, growing with the length of the period."""

from collections.abc import Mapping
from typing import Final

from tickets.reports.counts import UNIT_RATES, Counts
from tickets.reports.desk import LIST_LINES, Desk
from tickets.reports.document import Column, Kind, Report, Section, Table
from tickets.reports.parts import (
    by_day,
    compared,
    cut_notice,
    distribution,
    overall,
    rate_table,
    ticket_table,
    unit_groups,
)
from tickets.reports.periods import Span
from tickets.reports.source import By, Listing
from tickets.reports.themes import candidates, tag_section
from tickets.reports.words import CHANNELS, KINDS, named

_UNITS_SHOWN = 30
HEADINGS: Final[Mapping[By, str]] = {
    By.UNIT: "承办单位",
    By.AREA: "区域",
    By.L1: "一级类别",
    By.L2: "二级类别",
    By.PROBLEM: "问题",
    By.DAY: "派单日期",
    By.CHANNEL: "渠道",
    By.KIND: "性质",
    By.HANDLER: "承办人",
    By.SPECIAL: "专项",
}
NAMES: Final[Mapping[By, dict[str, str]]] = {By.CHANNEL: CHANNELS, By.KIND: KINDS}


async def daily(desk: Desk) -> Report:
    span = desk.ask.span(Span.day(desk.ask.day))
    sections = (
        await overall(desk, span),
        await _categories(desk, span),
        await _channels(desk, span),
        await _kinds(desk, span),
        await _areas(desk, span),
        await _special(desk, span),
        await _overdue(desk, span),
    )
    return _report(desk, "daily", "日通报", span, sections)


async def weekly(desk: Desk) -> Report:
    span = desk.ask.span(Span.week(desk.ask.day))
    sections = (
        await overall(desk, span),
        await by_day(desk, span),
        await _categories(desk, span),
        await _movers(desk, span),
        await _channels(desk, span),
        await _areas(desk, span),
        await _units(desk, span),
        await _overdue(desk, span),
    )
    return _report(desk, "weekly", "周汇总", span, sections)


async def rates(desk: Desk) -> Report:
    """Every rate of every unit, area, category, day or person in the span, and of all together."""
    span, by = desk.ask.span(Span.month(desk.ask.day)), desk.ask.by or By.UNIT
    groups = await desk.source.counts(span, desk.now, (by,), desk.narrow)
    ordered = sorted(groups, key=lambda each: (-each.counts.dispatched, str(each.key)))
    whole = sum((each.counts for each in groups), Counts())
    rows = [(each.unit_name or named(NAMES.get(by, {}), each.key[0]), each.counts) for each in ordered]
    table = rate_table([*rows, ("合计", whole)], HEADINGS[by], UNIT_RATES)
    section = Section("rates", f"按{HEADINGS[by]}", figures=whole.rates(), table=table)
    return _report(desk, "rates", "各项比率", span, (section,))


async def monthly(desk: Desk) -> Report:
    """The month's run for the mayor and the deputy mayor to sign."""
    span = desk.ask.span(Span.month(desk.ask.day))
    sections = (
        await overall(desk, span),
        await by_day(desk, span),
        await _categories(desk, span),
        await _movers(desk, span),
        await _channels(desk, span),
        await _kinds(desk, span),
        await _areas(desk, span),
        await _area_rates(desk, span),
        await _units(desk, span),
        await tag_section(desk, span),
        await candidates(desk, span),
        await _problem_ledger(desk, span),
    )
    return _report(desk, "monthly", "月分析", span, sections, desk.house.sign_off)


def _report(
    desk: Desk, name: str, title: str, span: Span, sections: tuple[Section, ...], sign_off: tuple[str, ...] = ()
) -> Report:
    subject = "全部承办单位" if desk.ask.unit is None else f"承办单位 {desk.ask.unit}"
    return Report(name, f"{desk.house.issuer}{title}", span, desk.now, subject, sections, desk.house.issuer, sign_off)


async def _categories(desk: Desk, span: Span) -> Section:
    groups = await desk.source.intake(span, (By.L1,), desk.narrow)
    return distribution("categories", "诉求类别", "类别", groups, {})


async def _channels(desk: Desk, span: Span) -> Section:
    groups = await desk.source.intake(span, (By.CHANNEL,), desk.narrow)
    return distribution("channels", "受理渠道", "渠道", groups, CHANNELS)


async def _kinds(desk: Desk, span: Span) -> Section:
    groups = await desk.source.intake(span, (By.KIND,), desk.narrow)
    return distribution("kinds", "诉求性质", "性质", groups, KINDS)


async def _areas(desk: Desk, span: Span) -> Section:
    groups = await desk.source.intake(span, (By.AREA,), desk.narrow)
    return distribution("areas", "区域分布", "区域", groups, {})


async def _area_rates(desk: Desk, span: Span) -> Section:
    groups = await desk.source.counts(span, desk.now, (By.AREA,), desk.narrow)
    ordered = sorted(groups, key=lambda each: (-each.counts.dispatched, str(each.key)))[:_UNITS_SHOWN]
    rows = [(named({}, each.key[0]), each.counts) for each in ordered]
    text = f"派单最多的{len(rows)}个区域。"
    return Section("area-rates", "各区域办理情况", (text,), table=rate_table(rows, "区域"))


async def _units(desk: Desk, span: Span) -> Section:
    groups = await unit_groups(desk, span)
    rows = [(each.unit_name or str(each.key[0]), each.counts) for each in groups[:_UNITS_SHOWN]]
    text = f"本期有派单的承办单位{len(groups)}个,下表为派单最多的{len(rows)}个;全部单位见考核排名。"
    return Section("units", "承办单位办理情况", (text,), table=rate_table(rows, "承办单位"))


async def _movers(desk: Desk, span: Span) -> Section:
    """Problems whose number has changed most against the period before."""
    now = {each.key[0]: each.counts.received for each in await desk.source.intake(span, (By.PROBLEM,), desk.narrow)}
    groups = await desk.source.intake(span.before(), (By.PROBLEM,), desk.narrow)
    before = {each.key[0]: each.counts.received for each in groups}
    changes = sorted(
        ((now.get(key, 0) - before.get(key, 0), key) for key in {*now, *before}),
        key=lambda each: (-each[0], each[1] or ""),
    )
    rows = tuple(
        (
            key or "未归类",
            now.get(key, 0),
            before.get(key, 0),
            float(change),
            compared(now.get(key, 0), before.get(key, 0)),
        )
        for change, key in changes[:10]
        if change > 0
    )
    columns = (
        Column("problem", "问题"),
        Column("received", "本期", Kind.COUNT),
        Column("before", "上期", Kind.COUNT),
        Column("change", "增减", Kind.CHANGE),
        Column("words", "环比"),
    )
    return Section("movers", "增长较快的问题", table=Table(columns, rows, "没有比上期增多的问题"))


async def _special(desk: Desk, span: Span) -> Section:
    lines = await desk.source.listing(Listing.SPECIAL, span.start, span.end, unit_id=desk.ask.unit, limit=LIST_LINES)
    return Section("special", "专项工单", cut_notice(lines), table=ticket_table(lines))


async def _overdue(desk: Desk, span: Span) -> Section:
    until = min(span.end, desk.now)
    lines = await desk.source.listing(Listing.OVERDUE, span.start, until, unit_id=desk.ask.unit, limit=50)
    text = "截至统计时刻办理时限已过而未办结的工单,按超期时间由长到短,最多列50件。"
    return Section("overdue", "超期未办结工单", (text,), table=ticket_table(lines))


async def _problem_ledger(desk: Desk, span: Span) -> Section:
    """The city-problem ledger (城市问题台账): each problem with its volume and how well it was solved."""
    groups = await desk.source.counts(span, desk.now, (By.L2, By.PROBLEM), desk.narrow)
    ordered = sorted(groups, key=lambda each: (-each.counts.dispatched, str(each.key)))
    rows = [(" / ".join(name or "未归类" for name in each.key), each.counts) for each in ordered]
    return Section("problems", "城市问题台账", table=rate_table(rows, "问题"))
