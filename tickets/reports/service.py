"""The reports by name. One `Report` is computed here; renderers only write it down."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final

from tickets.domain.errors import TicketError
from tickets.ports import Clock
from tickets.reports import lists, rankings, summaries, themes
from tickets.reports.desk import Ask, Desk, House
from tickets.reports.document import Report
from tickets.reports.notice import notice, notices
from tickets.reports.periods import china_day
from tickets.reports.source import AssessmentSource

Builder = Callable[[Desk], Awaitable[Report]]

BUILDERS: Final[Mapping[str, Builder]] = {
    "daily": summaries.daily,
    "weekly": summaries.weekly,
    "monthly": summaries.monthly,
    "brief": lists.brief,
    "rates": summaries.rates,
    "ranking": rankings.ranking,
    "notice": notice,
    "theme": themes.theme,
    "topic": themes.topic,
    "awards": rankings.awards,
    "exposure": lists.exposure,
    "callbacks": lists.call_backs,
    "ledger": lists.ledger,
}
"""Every report there is."""


class UnknownReport(TicketError):
    code = "report_not_found"
    title = "No such report"


class Reports:
    """Computes reports; holds no state of its own."""

    def __init__(self, source: AssessmentSource, clock: Clock, house: House) -> None:
        self._source = source
        self._clock = clock
        self.house = house

    async def build(self, name: str, ask: Ask) -> Report:
        """Raises UnknownReport, InvalidValue for what the report cannot be asked, and the store's refusals."""
        builder = BUILDERS.get(name)
        if builder is None:
            raise UnknownReport(f"there is no report {name[:32]}; there are: {', '.join(BUILDERS)}")
        return await builder(Desk(self._source, self.house, self._clock.now(), ask))

    def notices(self, ask: Ask) -> AsyncIterator[tuple[str, Report]]:
        """The monthly notice of every unit with orders in the period, with the unit's id (SU-4)."""
        return notices(Desk(self._source, self.house, self._clock.now(), ask))

    async def brief(self, at: datetime) -> Report:
        """The special-list brief as of `at`: from the brief before up to then (RP-1)."""
        ask = Ask(china_day(at))
        return await BUILDERS["brief"](Desk(self._source, self.house, at, ask))
