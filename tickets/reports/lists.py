"""Lists to act on: the 17:30 brief (RP-1), exposure (SU-3), call-backs (IN-8), the tracking ledger (TK-7)."""

from datetime import datetime, timedelta

from tickets.reports.desk import LIST_LINES, Desk
from tickets.reports.document import Cell, Column, Kind, Report, Section, Table
from tickets.reports.figures import Figure, Rate, figure
from tickets.reports.parts import cut_notice, ticket_table
from tickets.reports.periods import Span, at_clock, china_day, china_time
from tickets.reports.source import CallBackCounts, Listing
from tickets.reports.words import masked

_DAY = timedelta(days=1)


async def brief(desk: Desk) -> Report:
    """The special list of the day: what came since the brief before, and what is still open from earlier."""
    day, house = desk.ask.day, desk.house
    until = min(at_clock(day, house.brief_at), desk.now)
    since = at_clock(day - _DAY, house.brief_at)
    fresh = await desk.source.listing(Listing.SPECIAL, since, until, unit_id=desk.ask.unit, limit=LIST_LINES)
    still = await desk.source.listing(Listing.SPECIAL_OPEN, since, until, unit_id=desk.ask.unit, limit=LIST_LINES)
    overdue = sum(1 for each in (*fresh, *still) if _late(each.due_at, each.completed_at, until))
    kinds: dict[str, int] = {}
    for each in fresh:
        name = each.special or "未列专项"
        kinds[name] = kinds.get(name, 0) + 1
    shares = "、".join(f"{name}{number}件" for name, number in sorted(kinds.items(), key=lambda pair: -pair[1]))
    text = (
        f"{china_time(since)}至{china_time(until)},新增专项工单{len(fresh)}件"
        + (f"({shares})" if shares else "")
        + f";此前未办结{len(still)}件;其中超期{overdue}件。专项工单即派即办,由承办单位负责副职总负责,督察局跟踪督办。"
    )
    done = sum(1 for each in fresh if each.completed_at is not None)
    sections = (
        Section(
            "overall",
            "综述",
            (text, f"呈报:{'、'.join(house.leaders)}"),
            (("新增", len(fresh)), ("其中已办结", done), ("此前未办结", len(still)), ("超期", overdue)),
            (figure(Rate.SPECIAL_DONE, done, len(fresh)),),
        ),
        Section("fresh", "新增专项工单", cut_notice(fresh), table=ticket_table(fresh)),
        Section("open", "此前未办结专项工单", cut_notice(still), table=ticket_table(still)),
    )
    return Report("brief", f"{house.issuer}专项工单简报", Span.day(day), desk.now, "专项工单", sections, house.issuer)


async def exposure(desk: Desk) -> Report:
    """What may be exposed (曝光): supervised or marked requests, and those overdue beyond all urging."""
    span = desk.ask.span(Span.month(desk.ask.day))
    until = min(span.end, desk.now)
    unit = desk.ask.unit
    marked = await desk.source.listing(Listing.EXPOSED, span.start, until, unit_id=unit, limit=LIST_LINES)
    late = await desk.source.listing(Listing.OVERDUE, span.start, until, unit_id=unit, limit=LIST_LINES)
    sections = (
        Section("marked", "督办与曝光工单", cut_notice(marked), table=ticket_table(marked)),
        Section("overdue", "超期未办结工单", cut_notice(late), table=ticket_table(late)),
    )
    title = f"{desk.house.issuer}曝光与联合督办名单"
    return Report("exposure", title, span, desk.now, "督办、曝光与超期工单", sections, desk.house.issuer)


async def call_backs(desk: Desk) -> Report:
    """On-time rate and satisfaction of call-backs by unit: ten minutes, then the hotline asks after an hour."""
    span = desk.ask.span(Span.month(desk.ask.day))
    units = await desk.source.call_backs(span, desk.now, desk.ask.unit)
    total = CallBackCounts(
        "",
        "合计",
        handed=sum(each.handed for each in units),
        due=sum(each.due for each in units),
        on_time=sum(each.on_time for each in units),
        followed=sum(each.followed for each in units),
        satisfied=sum(each.satisfied for each in units),
    )
    columns = (
        Column("unit", "单位"),
        Column("handed", "转交", Kind.COUNT),
        Column("call-back-on-time", "按时答复率", Kind.RATE),
        Column("call-back-satisfaction", "答复满意率", Kind.RATE),
    )
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (each.unit_name, each.handed, *_call_back_rates(each)) for each in (*units, total)
    )
    section = Section("call-backs", "稍后回电", figures=_call_back_rates(total), table=Table(columns, rows))
    title = f"{desk.house.issuer}稍后回电情况"
    return Report("callbacks", title, span, desk.now, "咨询转交", (section,), desk.house.issuer)


async def ledger(desk: Desk) -> Report:
    """The tracking ledger as it stands; the asked span only dates the report."""
    counts = await desk.source.ledger(desk.now, desk.ask.unit)
    lines = await desk.source.ledger_open(desk.ask.unit, LIST_LINES)
    columns = (
        Column("number", "工单号"),
        Column("unit", "承办单位"),
        Column("problem", "类别"),
        Column("listed", "列账时间"),
        Column("review", "下次调度"),
        Column("reviews", "已调度", Kind.COUNT),
        Column("reason", "暂不能落实的原因"),
    )
    rows = tuple(
        (
            each.number,
            each.unit or "—",
            each.problem or "未归类",
            china_time(each.listed_at),
            china_time(each.review_due) + ("(已过)" if each.review_due <= desk.now else ""),
            each.reviews,
            masked(each.reason),
        )
        for each in lines
    )
    section = Section(
        "ledger",
        "未结事项跟踪台账",
        (f"仅列前{LIST_LINES}件。",) if len(lines) >= LIST_LINES else (),
        (("列账", counts.listed), ("已销号", counts.struck_off), ("调度逾期", counts.review_overdue)),
        (figure(Rate.STRIKE_OFF, counts.struck_off, counts.listed),),
        table=Table(columns, rows, "没有未销号的事项"),
    )
    title = f"{desk.house.issuer}未结事项台账"
    span = Span.day(china_day(desk.now))
    return Report("ledger", title, span, desk.now, "未结事项", (section,), desk.house.issuer)


def _call_back_rates(each: CallBackCounts) -> tuple[Figure, ...]:
    return (
        figure(Rate.CALL_BACK, each.on_time, each.due),
        figure(Rate.CALL_BACK_SATISFIED, each.satisfied, each.followed),
    )


def _late(due_at: datetime | None, completed_at: datetime | None, until: datetime) -> bool:
    return due_at is not None and due_at <= until and completed_at is None
