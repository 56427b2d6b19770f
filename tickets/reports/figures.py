"""Rates as figures that can be checked by hand: numerator, denominator, formula and what each of them counts.

`DEFINITIONS` is the one table of every rate that is printed anywhere. A denominator of zero gives no value and a
reason, never a 0 % or a 100 % that nobody measured. Percentages are rounded half up from whole numbers, so a rate
printed here is the one that a person gets on paper; `checked` compares a percentage that somebody stated with the true
one.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any, Final


class Rate(StrEnum):
    SIGN = "sign-in"
    SIGN_ON_TIME = "sign-in-on-time"
    RESPONSE = "response"
    DONE = "done"
    ON_TIME = "on-time"
    RESOLUTION = "resolution"
    SATISFACTION = "satisfaction"
    EXTENSION = "extension"
    SECOND_ROUND = "second-round"
    VALID = "valid"
    ON_THE_SPOT = "on-the-spot"
    CALL_BACK = "call-back-on-time"
    CALL_BACK_SATISFIED = "call-back-satisfaction"
    SPECIAL_DONE = "special-done"
    STRIKE_OFF = "strike-off"
    SHARE = "share"


@dataclass(frozen=True, slots=True)
class Definition:
    """What a rate is. `name`, `top` and `bottom` are printed (Chinese); `source` is where the rule comes from."""

    key: Rate
    name: str
    top: str
    bottom: str
    source: str

    @property
    def formula(self) -> str:
        return f"{self.name} = {self.top} ÷ {self.bottom} × 100%"


_DISPATCHED: Final = "本期派单件数"
_VISITED: Final = "已回访且有明确评价的件数"

DEFINITIONS: Final[dict[Rate, Definition]] = {
    each.key: each
    for each in (
        Definition(Rate.SIGN, "签收率", "其中已签收件数", _DISPATCHED, "TK-5"),
        Definition(Rate.SIGN_ON_TIME, "按时签收率", "在签收时限内签收件数", "应签收件数(已签收或签收时限已过)", "TK-5"),
        Definition(
            Rate.RESPONSE, "响应率", "在时限内首次联系诉求人的件数", "应联系件数(已联系或联系时限已过)", "SU-1, TK-4"
        ),
        Definition(Rate.DONE, "办结率", "其中已办结件数", _DISPATCHED, "RP-4"),
        Definition(Rate.ON_TIME, "及时率", "在办理时限内办结件数", "应办结件数(已办结或办理时限已过)", "RP-4, TK-2"),
        Definition(Rate.RESOLUTION, "解决率", "诉求人认为已解决的件数", _VISITED, "SU-1"),
        Definition(Rate.SATISFACTION, "满意率", "诉求人表示满意的件数", _VISITED, "SU-1, RV-2"),
        Definition(Rate.EXTENSION, "延期率", "经批准延期的件数", _DISPATCHED, "TK-3"),
        Definition(Rate.SECOND_ROUND, "二次办理率", "回访不满意退回重办的件数", _VISITED, "RV-2"),
        Definition(Rate.VALID, "有效诉求率", "受理的有效诉求件数", "接听来电个数", "RP-4"),
        Definition(Rate.ON_THE_SPOT, "当场答复率", "当场答复的咨询件数", "受理咨询件数", "IN-5"),
        Definition(Rate.CALL_BACK, "按时答复率", "在10分钟内回电的件数", "应回电件数(已回电或时限已过)", "IN-8"),
        Definition(Rate.CALL_BACK_SATISFIED, "答复满意率", "对答复满意的件数", "一小时回访且有评价的件数", "IN-8"),
        Definition(Rate.SPECIAL_DONE, "新增专项办结率", "其中已办结件数", "新增专项工单件数", "DI-8, RP-1"),
        Definition(Rate.STRIKE_OFF, "销号率", "已销号件数", "列入未结事项台账件数", "TK-7"),
        Definition(Rate.SHARE, "占比", "该类诉求件数", "同期受理诉求件数", "RP-5"),
    )
}
"""Every rate. Rates of units count the requests dispatched in the period, as they stand at the report's moment."""

THREE_RATES: Final = (Rate.RESPONSE, Rate.RESOLUTION, Rate.SATISFACTION)
"""三率: what units are ranked by."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One printed rate. `value` is a fraction (0.9316), None when there is nothing to divide by: see `reason`."""

    key: str
    name: str
    numerator: int
    denominator: int
    value: float | None
    formula: str
    how: str
    reason: str | None = None

    @property
    def text(self) -> str:
        """`93.2%`, or a dash."""
        return percent(self.numerator, self.denominator) or "—"

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "key": self.key,
            "numerator": self.numerator,
            "denominator": self.denominator,
            "value": self.value,
            "percent": percent(self.numerator, self.denominator),
            "formula": self.formula,
            "how": self.how,
            "reason": self.reason,
        }


def figure(key: Rate, numerator: int, denominator: int, *, name: str | None = None) -> Figure:
    """The figure of a rate. Raises ValueError for counts that no rate can have: negative, or more than all."""
    if not 0 <= numerator <= denominator:
        raise ValueError(f"{key.value}: a rate needs 0 <= numerator <= denominator, got {numerator} of {denominator}")
    rule = DEFINITIONS[key]
    called = name or rule.name
    if denominator == 0:
        reason = f"分母为零:没有{rule.bottom},无法计算"
        return Figure(key.value, called, 0, 0, None, rule.formula, reason, reason)
    value = float(Decimal(numerator) / Decimal(denominator))
    how = f"{numerator:,} ÷ {denominator:,} = {percent(numerator, denominator)}"
    return Figure(key.value, called, numerator, denominator, round(value, 6), rule.formula, how)


def percent(numerator: int, denominator: int, places: int = 1) -> str | None:
    """`93.2%` with `places` decimals, half up; None for a denominator of zero."""
    if denominator == 0:
        return None
    return f"{_rounded(numerator, denominator, places)}%"


@dataclass(frozen=True, slots=True)
class Checked:
    """A percentage as somebody stated it, beside the true figure. `agrees` at the decimals that were stated."""

    stated: str
    figure: Figure
    agrees: bool
    message: str


def checked(key: Rate, stated: str, numerator: int, denominator: int) -> Checked:
    """Compares a stated percentage (`"96.1%"`) with the counts given beside it."""
    true = figure(key, numerator, denominator)
    digits = stated.strip().removesuffix("%")
    places = len(digits.partition(".")[2])
    agrees = denominator > 0 and Decimal(digits) == _rounded(numerator, denominator, places)
    shown = percent(numerator, denominator, max(places, 1)) or "—"
    words = "与计数一致" if agrees else f"与计数不符:{numerator:,} ÷ {denominator:,} = {shown},不是 {stated}"
    return Checked(stated, true, agrees, f"{true.name} {stated} {words}")


def numerators(stated: str, denominator: int) -> range:
    """The whole numerators that round to a stated percentage; empty when no count of that many gives it."""
    digits = stated.strip().removesuffix("%")
    places = len(digits.partition(".")[2])
    wanted, half = Decimal(digits), Decimal(1).scaleb(-places) / 2
    first = max(0, int((wanted - half) * denominator / 100) - 1)
    last = min(denominator, int((wanted + half) * denominator / 100) + 1)
    fitting = [each for each in range(first, last + 1) if _rounded(each, denominator, places) == wanted]
    return range(fitting[0], fitting[-1] + 1) if fitting else range(0)


def _rounded(numerator: int, denominator: int, places: int) -> Decimal:
    exact = Decimal(numerator * 100) / Decimal(denominator)
    return exact.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
