"""What the requests are about: "每月一题" candidates, the 七有五性 view (SU-6) and a topic's share (RP-5)."""

from tickets.domain.errors import InvalidValue
from tickets.reports.counts import Counts
from tickets.reports.desk import Desk
from tickets.reports.document import Chart, ChartKind, Column, Kind, Report, Section, Table
from tickets.reports.figures import DEFINITIONS, Rate, figure
from tickets.reports.parts import RATE_COLUMNS
from tickets.reports.periods import Span
from tickets.reports.scoring import two_places
from tickets.reports.source import By, Topic
from tickets.reports.tags import FIVE, SEVEN, TAGS, tags_of

_SHARE_POINTS, _GROWTH_POINTS, _UNSOLVED_POINTS = 50, 20, 30
_FORMULA = (
    f"候选指数 = 件数占比×{_SHARE_POINTS} + 环比增幅(0~100%)×{_GROWTH_POINTS} + 未解决率×{_UNSOLVED_POINTS};"
    "上期无此类诉求时增幅按100%计,无回访评价时未解决率按0计"
)


async def theme(desk: Desk) -> Report:
    span = desk.ask.span(Span.month(desk.ask.day))
    sections = (await candidates(desk, span, most=20), await tag_section(desk, span))
    title = f"{desk.house.issuer}“每月一题”候选与七有五性分析"
    return Report("theme", title, span, desk.now, "全部诉求", sections, desk.house.issuer)


async def candidates(desk: Desk, span: Span, *, most: int = 10) -> Section:
    """Problems fit for a month of special work: many, growing, badly solved."""
    by = (By.L2, By.PROBLEM)
    now = {each.key: each.counts for each in await desk.source.intake(span, by, desk.narrow)}
    before = {each.key: each.counts.received for each in await desk.source.intake(span.before(), by, desk.narrow)}
    orders = {each.key: each.counts for each in await desk.source.counts(span, desk.now, by, desk.narrow)}
    whole = sum(each.received for each in now.values())
    found = []
    for key, each in now.items():
        if key[1] is None:
            continue
        rates = orders.get(key, Counts())
        solved = rates.rate(Rate.RESOLUTION)
        unsolved = 0.0 if solved.value is None else 1 - solved.value
        earlier = before.get(key, 0)
        growth = 1.0 if earlier == 0 else max(0.0, min(1.0, (each.received - earlier) / earlier))
        share = figure(Rate.SHARE, each.received, whole)
        index = (share.value or 0) * _SHARE_POINTS + growth * _GROWTH_POINTS + unsolved * _UNSOLVED_POINTS
        tags = "、".join(tags_of(None, key[0], key[1], desk.house.tagging)) or "—"
        found.append((key[1], each.received, share, earlier, solved, two_places(index), tags))
    columns = (
        Column("problem", "问题"),
        Column("received", "受理", Kind.COUNT),
        Column("share", "占比", Kind.RATE),
        Column("before", "上期", Kind.COUNT),
        Column("resolution", "解决率", Kind.RATE),
        Column("index", "候选指数", Kind.SCORE),
        Column("tags", "七有五性"),
    )
    rows = tuple(sorted(found, key=lambda row: (-row[5], row[0]))[:most])
    return Section("candidates", "“每月一题”候选", (_FORMULA,), table=Table(columns, rows))


async def tag_section(desk: Desk, span: Span) -> Section:
    """Requests by tag. A request with two tags counts for both, so the shares may add up to more than one."""
    by = (By.L1, By.L2, By.PROBLEM)
    received = dict.fromkeys(TAGS, 0)
    orders = {tag: Counts() for tag in TAGS}
    whole, untagged = 0, 0
    for each in await desk.source.intake(span, by, desk.narrow):
        tags = tags_of(each.key[0], each.key[1], each.key[2], desk.house.tagging)
        whole += each.counts.received
        untagged += 0 if tags else each.counts.received
        for tag in tags:
            received[tag] += each.counts.received
    for group in await desk.source.counts(span, desk.now, by, desk.narrow):
        for tag in tags_of(group.key[0], group.key[1], group.key[2], desk.house.tagging):
            orders[tag] = orders[tag] + group.counts
    columns = (
        Column("side", "维度"),
        Column("tag", "指标"),
        Column("received", "受理", Kind.COUNT),
        Column("share", "占比", Kind.RATE),
        *(Column(rate.value, DEFINITIONS[rate].name, Kind.RATE) for rate in RATE_COLUMNS),
    )
    rows = tuple(
        (
            "七有" if tag in SEVEN else "五性",
            tag,
            received[tag],
            figure(Rate.SHARE, received[tag], whole),
            *orders[tag].rates(RATE_COLUMNS),
        )
        for tag in (*SEVEN, *FIVE)
    )
    text = f"一件诉求可对应多个指标,各项占比之和可能超过100%;未对应任何指标的诉求{untagged:,}件,共{whole:,}件。"
    chart = Chart(ChartKind.BARS, "七有五性受理量", tuple((tag, float(received[tag])) for tag in TAGS))
    return Section("tags", "七有五性", (text,), chart=chart, table=Table(columns, rows))


async def topic(desk: Desk) -> Report:
    """One topic's share of all requests in the span, from one query."""
    ask = desk.ask
    span = ask.span(Span.month(ask.day))
    parts = [each for each in (ask.l1, ask.l2, ask.problem, *ask.words) if each]
    if not parts:
        raise InvalidValue("name the topic: l1=, l2=, problem= or word= (words are looked for in the summary)")
    name = "、".join(parts)
    hits, whole = await desk.source.share(span, Topic(name, ask.l1, ask.l2, ask.problem, ask.words))
    share = figure(Rate.SHARE, hits, whole, name=f"“{name}”占比")
    text = f"{span.label}共受理诉求{whole:,}件,其中涉及“{name}”{hits:,}件,占比{share.text}。"
    section = Section("topic", "专题占比", (text,), (("同期受理", whole), ("专题诉求", hits)), (share,))
    title = f"{desk.house.issuer}专题分析:{name}"
    return Report("topic", title, span, desk.now, name, (section,), desk.house.issuer)
