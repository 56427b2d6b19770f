"""The monthly notice to a unit's head (SU-4): last month's work, main problems, suggestions, all drawn from the counts.

Suggestions are rules over figures, never opinions: each says which figure called for it.
"""

from collections.abc import AsyncIterator
from dataclasses import replace

from tickets.reports.counts import Counts
from tickets.reports.desk import Desk
from tickets.reports.document import Column, Kind, Report, Section, Table
from tickets.reports.figures import Figure, Rate, figure
from tickets.reports.parts import compared, counts, rate_table, ticket_table, unit_groups
from tickets.reports.periods import Span
from tickets.reports.scoring import score
from tickets.reports.source import By, Group, Listing, Narrow, UnitLine

_ADVICE = {
    Rate.SIGN_ON_TIME: "安排专人值守签收,收到派单后即签收",
    Rate.RESPONSE: "接到交办后立即联系诉求人,重新确认诉求,告知何人受理、何时办结",
    Rate.ON_TIME: "按办理时限倒排进度,复杂事项及时提出延期申请,经热线同意后延期",
    Rate.RESOLUTION: "对未解决的诉求逐件复核,客观上暂不能办的列入未结事项台账跟踪",
    Rate.SATISFACTION: "办结前与诉求人当面或电话说明处理结果,避免只见答复不见落实",
}


async def notice(desk: Desk) -> Report:
    """The notice to the head of the unit that was asked for."""
    await desk.unit_name()
    unit = (await desk.directory())[desk.ask.unit or ""]
    return await _notice(desk, unit, await counts(desk, _span(desk), Narrow()))


async def notices(desk: Desk) -> AsyncIterator[tuple[str, Report]]:
    """The notices to all units with orders in the period, each with its unit's id; the shared figures are counted
    once."""
    span, directory = _span(desk), await desk.directory()
    everyone = await counts(desk, span, Narrow())
    for group in await unit_groups(desk, span, Narrow()):
        unit = directory.get(str(group.key[0]))
        if unit is not None:
            yield unit.id, await _notice(replace(desk, ask=replace(desk.ask, unit=unit.id)), unit, everyone)


async def _notice(desk: Desk, unit: UnitLine, everyone: Counts) -> Report:
    span = _span(desk)
    mine, before = await counts(desk, span), await counts(desk, span.before())
    problems = await desk.source.counts(span, desk.now, (By.PROBLEM,), desk.narrow)
    late = await desk.source.listing(Listing.OVERDUE, span.start, min(span.end, desk.now), unit_id=unit.id, limit=20)
    sections = (
        _work(desk, span, mine, before, everyone),
        _problems(problems, mine),
        Section("overdue", "超期未办结工单", table=ticket_table(late)),
        Section("suggestions", "工作建议", suggestions(mine, everyone)),
    )
    subject = f"{unit.name}主要负责同志" + (f" {unit.head}" if unit.head else "")
    title = f"{desk.house.issuer}每月告知单"
    return Report("notice", title, span, desk.now, subject, sections, desk.house.issuer)


def _span(desk: Desk) -> Span:
    return desk.ask.span(Span.month(desk.ask.day))


def suggestions(mine: Counts, everyone: Counts) -> tuple[str, ...]:
    """One line for each rate below that of all units, worst first; one line of thanks when there is none."""
    found: list[tuple[float, str]] = []
    for rate, advice in _ADVICE.items():
        own, all_ = mine.rate(rate), everyone.rate(rate)
        if own.value is not None and all_.value is not None and own.value < all_.value:
            gap = all_.value - own.value
            found.append((gap, f"{own.name}{own.text}({own.how}),低于全部单位的{all_.text}:{advice}。"))
    if mine.overdue:
        found.append((1.0, f"有{mine.overdue}件超期未办结,请负责同志逐件过问,明确办结日期。"))
    if not found:
        return ("各项比率均不低于全部单位平均水平,请继续保持。",) if mine.dispatched else ("本期没有派单。",)
    return tuple(text for _, text in sorted(found, key=lambda each: (-each[0], each[1])))


def _work(desk: Desk, span: Span, mine: Counts, before: Counts, everyone: Counts) -> Section:
    points = score(mine, desk.house.scoring)
    text = (
        f"{span.label}派给贵单位工单{mine.dispatched:,}件,{compared(mine.dispatched, before.dispatched)};"
        f"办结{mine.done:,}件,超期未办结{mine.overdue:,}件。"
    )
    score_line = "综合得分:" + (f"{points.points:.2f};" if points.points is not None else "") + points.how
    rows = [("本期", mine), ("上期", before), ("全部单位本期", everyone)]
    return Section("work", "工作情况", (text, score_line), figures=mine.rates(), table=rate_table(rows, "范围"))


def _problems(groups: list[Group], mine: Counts) -> Section:
    """The problems with most unresolved requests."""
    rows: list[tuple[str, int, Figure, Figure, Figure, int]] = []
    for each in sorted(groups, key=lambda each: (-_unsolved(each.counts), -each.counts.dispatched, str(each.key)))[:10]:
        share = figure(Rate.SHARE, each.counts.dispatched, mine.dispatched)
        solved, pleased = each.counts.rate(Rate.RESOLUTION), each.counts.rate(Rate.SATISFACTION)
        rows.append((each.key[0] or "未归类", each.counts.dispatched, share, solved, pleased, each.counts.second_round))
    columns = (
        Column("problem", "问题"),
        Column("dispatched", "派单", Kind.COUNT),
        Column("share", "占本单位", Kind.RATE),
        Column("resolution", "解决率", Kind.RATE),
        Column("satisfaction", "满意率", Kind.RATE),
        Column("second-round", "退回重办", Kind.COUNT),
    )
    return Section(
        "problems", "主要问题", ("按未解决与不满意件数由多到少,最多列10项。",), table=Table(columns, tuple(rows))
    )


def _unsolved(counts: Counts) -> int:
    return 2 * counts.visited - counts.resolved - counts.satisfied + counts.overdue
