"""Sections that several reports share: overall numbers, rates, distributions, lists of requests."""

from collections.abc import Iterable, Sequence

from tickets.reports.counts import Counts, Intake
from tickets.reports.desk import LIST_LINES, Desk
from tickets.reports.document import Chart, ChartKind, Column, Kind, Section, Table
from tickets.reports.figures import DEFINITIONS, Rate, figure
from tickets.reports.periods import Span, china_time
from tickets.reports.source import By, Group, IntakeGroup, Narrow, TicketLine
from tickets.reports.words import RESPONSE_LEVELS, STATES, masked, named

RATE_COLUMNS = (Rate.SIGN, Rate.RESPONSE, Rate.DONE, Rate.ON_TIME, Rate.RESOLUTION, Rate.SATISFACTION)


async def intake(desk: Desk, span: Span) -> Intake:
    groups = await desk.source.intake(span, (), desk.narrow)
    return sum((each.counts for each in groups), Intake())


async def counts(desk: Desk, span: Span, narrow: Narrow | None = None) -> Counts:
    groups = await desk.source.counts(span, desk.now, (), narrow or desk.narrow)
    return sum((each.counts for each in groups), Counts())


async def overall(desk: Desk, span: Span) -> Section:
    """Numbers and rates of the span, beside the span before."""
    now, before = await intake(desk, span), await intake(desk, span.before())
    orders = await counts(desk, span)
    text = (
        f"{span.label}共受理诉求{now.received:,}件,{compared(now.received, before.received)};"
        f"派单{orders.dispatched:,}件,办结{orders.done:,}件,超期未办结{orders.overdue:,}件。"
    )
    numbers = (
        ("受理诉求", now.received),
        ("派单", orders.dispatched),
        ("办结", orders.done),
        ("超期未办结", orders.overdue),
        ("专项工单", now.special),
        ("紧急(110等)", now.emergency),
        ("提交联席会议", orders.escalated),
    )
    on_the_spot = figure(Rate.ON_THE_SPOT, now.on_the_spot, now.enquiries)
    return Section("overall", "总体情况", (text,), numbers, (*orders.rates(), on_the_spot))


def compared(now: int, before: int) -> str:
    """`较上期增加12.0%`; the numbers themselves when the period before had none."""
    if before == 0:
        return "上期为0件,不计增幅"
    if now == before:
        return f"与上期({before:,}件)持平"
    word = "增加" if now > before else "减少"
    shown = abs(now - before) * 1000 / before
    return f"较上期({before:,}件){word}{int(shown + 0.5) / 10:.1f}%"


def distribution(
    key: str, title: str, heading: str, groups: Iterable[IntakeGroup], names: dict[str, str], *, most: int = 20
) -> Section:
    """Requests by one key, the largest first, each with its share. What is beyond `most` is added up as 其他, so that
    the rows always add up to the whole."""
    pairs = sorted(((named(names, each.key[0]), each.counts) for each in groups), key=lambda each: -each[1].received)
    whole = sum(each.received for _, each in pairs)
    shown = pairs[:most]
    if rest := pairs[most:]:
        shown.append((f"其他{len(rest)}项", sum((each for _, each in rest), Intake())))
    rows = tuple(
        (name, each.received, figure(Rate.SHARE, each.received, whole), each.open, each.special) for name, each in shown
    )
    columns = (
        Column("name", heading),
        Column("received", "受理", Kind.COUNT),
        Column("share", "占比", Kind.RATE),
        Column("open", "未归档", Kind.COUNT),
        Column("special", "专项", Kind.COUNT),
    )
    chart = Chart(ChartKind.BARS, title, tuple((name, float(each.received)) for name, each in shown[:12]))
    return Section(key, title, chart=chart if shown else None, table=Table(columns, rows))


async def by_day(desk: Desk, span: Span) -> Section:
    groups = await desk.source.intake(span, (By.DAY,), desk.narrow)
    received = {each.key[0]: each.counts.received for each in groups}
    points = tuple((f"{day.month}/{day.day}", float(received.get(day.isoformat(), 0))) for day in span)
    table = Table(
        (Column("day", "日期"), Column("received", "受理", Kind.COUNT)),
        tuple((day.isoformat(), received.get(day.isoformat(), 0)) for day in span),
        folded=True,
    )
    return Section("days", "逐日受理量", chart=Chart(ChartKind.LINE, "逐日受理量", points), table=table)


def rate_table(rows: Sequence[tuple[str, Counts]], heading: str, rates: tuple[Rate, ...] = RATE_COLUMNS) -> Table:
    """One line for each group: its dispatched orders and its rates."""
    columns = (
        Column("name", heading),
        Column("dispatched", "派单", Kind.COUNT),
        *(Column(rate.value, DEFINITIONS[rate].name, Kind.RATE) for rate in rates),
        Column("overdue", "超期未办结", Kind.COUNT),
    )
    return Table(
        columns,
        tuple((name, each.dispatched, *each.rates(rates), each.overdue) for name, each in rows),
    )


async def unit_groups(desk: Desk, span: Span, narrow: Narrow | None = None) -> list[Group]:
    """Units with orders in the span, the busiest first."""
    groups = await desk.source.counts(span, desk.now, (By.UNIT,), narrow or desk.narrow)
    return sorted(groups, key=lambda each: (-each.counts.dispatched, each.key))


def ticket_table(lines: Sequence[TicketLine]) -> Table:
    """Requests as leaders see them; long digits in the summary are masked."""
    columns = (
        Column("number", "工单号"),
        Column("received", "受理时间"),
        Column("special", "专项"),
        Column("level", "响应级别"),
        Column("problem", "类别"),
        Column("area", "区域"),
        Column("unit", "承办单位"),
        Column("deputy", "负责副职"),
        Column("state", "状态"),
        Column("due", "办理时限"),
        Column("summary", "诉求摘要"),
    )
    return Table(columns, tuple(_ticket_row(each) for each in lines))


def cut_notice(lines: Sequence[TicketLine]) -> tuple[str, ...]:
    return (f"仅列前{LIST_LINES}件。",) if len(lines) >= LIST_LINES else ()


def _ticket_row(line: TicketLine) -> tuple[str, ...]:
    return (
        line.number,
        china_time(line.created_at),
        line.special or "—",
        RESPONSE_LEVELS.get(line.level, str(line.level)),
        line.problem or "未归类",
        line.area or "—",
        line.unit or "未派单",
        line.deputy or "未登记",
        named(STATES, line.state) + ("(督办)" if line.supervised else ""),
        china_time(line.due_at) if line.due_at else "—",
        masked(line.summary)[:120],
    )
