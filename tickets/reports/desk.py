"""What every report is written with: where the counts come from, the house's rules, the moment and what was asked."""

from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Final

from tickets.domain.errors import InvalidValue
from tickets.reports.periods import Span
from tickets.reports.scoring import Scoring
from tickets.reports.source import AssessmentSource, By, Narrow, UnitLine
from tickets.reports.tags import DEFAULT, Tagging

EARLIEST: Final = date(2001, 1, 1)
LATEST: Final = date(2199, 12, 31)
LIST_LINES: Final = 500
"""Most lines of a list in a report; a longer one says that it was cut."""


@dataclass(frozen=True, slots=True)
class House:
    """A region's own: who issues, who signs and receives, how units are scored. `brief_at` is when the brief
    of the special list is cut, in Asia/Shanghai: each one goes on where the one before ended."""

    issuer: str = "12345政务服务便民热线"
    leaders: tuple[str, ...] = ("主要领导", "督察局", "干部作风督查中心")
    sign_off: tuple[str, ...] = ("分管副市长签批", "市长签批")
    brief_at: time = time(17, 20)
    scoring: Scoring = field(default_factory=Scoring)
    tagging: Tagging = field(default_factory=lambda: DEFAULT)
    award_units: int = 3
    award_people: int = 20
    award_satisfaction: float = 0.9


@dataclass(frozen=True, slots=True)
class Ask:
    """What was asked: a day in the period, or `first` and `last` for a span of one's own. `unit` narrows reports of one
    unit; category fields narrow the rates and, with `words`, name a topic; `by` is what rates are grouped by."""

    day: date
    first: date | None = None
    last: date | None = None
    unit: str | None = None
    l1: str | None = None
    l2: str | None = None
    problem: str | None = None
    words: tuple[str, ...] = ()
    by: By | None = None

    def __post_init__(self) -> None:
        for each in (self.day, self.first, self.last):
            if each is not None and not EARLIEST <= each <= LATEST:
                raise InvalidValue(f"reports are made of days from {EARLIEST} to {LATEST}; {each} was asked for")

    def span(self, usual: Span) -> Span:
        """The asked span, or the report's usual one. Raises InvalidValue for half a span."""
        if self.first is None and self.last is None:
            return usual
        if self.first is None or self.last is None:
            raise InvalidValue("give both from and to, or neither")
        return Span(self.first, self.last)


@dataclass(frozen=True, slots=True)
class Desk:
    """Collaborators of one report. `now` is the moment as of which everything is counted."""

    source: AssessmentSource
    house: House
    now: datetime
    ask: Ask

    @property
    def narrow(self) -> Narrow:
        return Narrow(self.ask.unit, None, self.ask.l1, self.ask.l2, self.ask.problem)

    async def directory(self) -> dict[str, UnitLine]:
        return {each.id: each for each in await self.source.units()}

    async def unit_name(self) -> str:
        """The name of the unit that was asked for. Raises InvalidValue when the directory has no such unit."""
        unit = (await self.directory()).get(self.ask.unit or "")
        if unit is None:
            raise InvalidValue("this report is about one unit: give unit=… with the id of a unit in the directory")
        return unit.name
