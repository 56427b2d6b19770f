"""The hand-over sheet as an A4 page, and the page that says what its code is worth.

The caller is on it masked (`138****0000`), and confidential callers not at all; runs of digits in the summary are
masked too. Code, QR and watermark name the copy, so that a photograph tells whose paper it shows.
"""

from datetime import datetime
from typing import Final

import segno
from markupsafe import Markup

from tickets.domain.roles import mask_number
from tickets.domain.ticket import TicketRecord
from tickets.reports.periods import china_time
from tickets.reports.render.pages import Page, Pages
from tickets.reports.words import CHANNELS, KINDS, RESPONSE_LEVELS, masked, named
from tickets.service.sheets import Checked, Print, Verdict, grouped

_WORDS: Final = {Verdict.VALID: "有效", Verdict.ALTERED: "已被改动", Verdict.UNKNOWN: "查无此单"}
_DEMANDS: Final = (
    "接到交办后立即签收,并与诉求人联系,重新确认诉求,告知何人受理、何时办结。",
    "在办理时限内办结并答复诉求人;复杂事项可申请延期,经热线同意后方可延期。",
    "办结后报告办理结果,热线将在1个工作日内回访。",
)
_CONFIDENTIAL: Final = "诉求人要求保密"


def sheet_page(record: TicketRecord, sheet: Print, issuer: str, link: str | None, pages: Pages) -> Page:
    """The printable sheet. `link` is where a scanned code leads; without it the QR holds the code itself."""
    code = grouped(sheet.code)
    qr = segno.make(link or code, error="m", micro=False).svg_inline(scale=3, border=1, title="防伪编码")
    return pages.page(
        "sheet.html",
        "sheet.css",
        sheet=sheet,
        issuer=issuer,
        code=code,
        qr=Markup(qr),  # noqa: S704 - drawn here from the code and a settings value
        pairs=_pairs(record, sheet),
        summary=masked(record.draft.summary),
        demands=_DEMANDS,
        watermark=f"{sheet.unit or ''} {sheet.printed_by} {china_time(sheet.printed_at)} 第{sheet.copy}份",
    )


def verdict_page(checked: Checked, issuer: str, pages: Pages) -> Page:
    code = grouped(checked.sheet.code) if checked.sheet else ""
    word = _WORDS[checked.verdict]
    return pages.page("verdict.html", "sheet.css", checked=checked, issuer=issuer, code=code, word=word)


def _pairs(record: TicketRecord, sheet: Print) -> tuple[tuple[tuple[str, str], tuple[str, str]], ...]:
    draft, life = record.draft, record.life
    caller = _CONFIDENTIAL if draft.caller.confidential else mask_number(draft.caller.number) or "未留号码"
    category = " / ".join(name for name in (draft.category.l1, draft.category.l2, draft.category.problem) if name)
    places = "、".join(masked(f"{each.name} {each.text}".strip()) for each in draft.places) or "—"
    joint = "、".join(each.unit_name for each in life.assignments if each.runs and each.unit_id != sheet.unit_id)
    return (
        (("受理时间", china_time(record.created_at)), ("受理渠道", named(CHANNELS, draft.channel.value))),
        (
            ("诉求性质", named(KINDS, draft.kind.value)),
            ("响应级别", RESPONSE_LEVELS.get(draft.level, str(draft.level))),
        ),
        (("诉求类别", category or "未归类"), ("专项", life.special or "—")),
        (("诉求人电话", caller), ("诉求地点", places)),
        (("承办单位", sheet.unit or "—"), ("协办单位", joint or "—")),
        (("派单时间", _moment(life.dispatched_at)), ("办理时限", _moment(life.due_at))),
    )


def _moment(at: datetime | None) -> str:
    return china_time(at) if at is not None else "—"
