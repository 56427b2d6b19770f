"""Chinese names of what is counted, and the masking of digits in text that leaders and screens are shown."""

import re
from typing import Final

from tickets.domain.roles import mask_number
from tickets.domain.states import State

STATES: Final[dict[str, str]] = {
    State.UNDER_REVIEW: "待审核",
    State.REJECTED: "未通过审核",
    State.ACCEPTED: "已受理",
    State.HANDED_OVER: "已转交回电",
    State.CALLED_BACK: "已回电",
    State.DISPATCHED: "已派单",
    State.SIGNED: "已签收",
    State.CONTACTED: "已联系诉求人",
    State.IN_PROGRESS: "办理中",
    State.EXTENSION_REQUESTED: "申请延期",
    State.EXTENSION_APPROVED: "已准延期",
    State.EXTENSION_REFUSED: "未准延期",
    State.ON_LEDGER: "列入台账",
    State.MERGED: "已并案",
    State.ANSWERED: "已答复",
    State.COMPLETED: "已办结",
    State.VISIT_DUE: "待回访",
    State.CLOSED: "已归档",
    State.REHANDLING: "重新办理",
    State.ESCALATED: "联席会议",
}

CHANNELS: Final[dict[str, str]] = {
    "phone": "电话",
    "web": "网站",
    "sms": "短信",
    "wechat": "微信",
    "weibo": "微博",
    "toutiao": "头条",
    "app": "手机应用",
    "mail": "信箱",
    "message-board": "留言板",
    "supervision": "督查平台",
    "transfer": "转办",
    "open311": "开放接口",
}

KINDS: Final[dict[str, str]] = {
    "complaint": "投诉",
    "enquiry": "咨询",
    "help": "求助",
    "report": "举报",
    "suggestion": "建议",
    "praise": "表扬",
}

UNIT_LEVELS: Final[dict[str, str]] = {"city": "市(州)级", "county": "县(市、区)级", "town": "乡镇(街道)级"}
UNIT_KINDS: Final[dict[str, str]] = {
    "department": "部门",
    "town": "乡镇",
    "street": "街道",
    "company": "公共服务企业",
    "office": "热线机构",
}

RESPONSE_LEVELS: Final[dict[int, str]] = {1: "一级", 2: "二级", 3: "三级", 4: "四级"}

_DIGITS: Final = re.compile(r"(?<![0-9０-９])[0-9０-９][0-9０-９ \-－]{5,}[0-9０-９Xx](?![0-9０-９])")
_SEPARATORS: Final = re.compile(r"[ \-－]")


def named(names: dict[str, str], value: str | None, missing: str = "未归类") -> str:
    """The Chinese name; a value without one stands for itself."""
    return missing if value is None else names.get(value, value)


def masked(text: str) -> str:
    """The text with every run of seven digits or more (telephones, identity cards) masked: `138****0000`."""
    return _DIGITS.sub(_mask, text)


def _mask(found: re.Match[str]) -> str:
    return mask_number(_SEPARATORS.sub("", found.group())) or ""
