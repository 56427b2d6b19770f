"""One sample life as it is played by the rules of the service, each step at its own time."""

from dataclasses import replace
from datetime import datetime, timedelta

from tickets.domain import commands as c
from tickets.domain.case import Case, Desk, Facts
from tickets.domain.life import DeadlineKind, Life
from tickets.domain.moves import decide
from tickets.domain.ticket import (
    TicketHead,
    TicketRecord,
)
from tickets.domain.units import Unit


class Played:
    """One life as it is played: what happens moves its clock on; nothing happens after `until`."""

    def __init__(self, record: TicketRecord, until: datetime) -> None:
        draft = record.draft
        self.life: Life = record.life
        self._record = record
        self._facts = Facts(draft.kind, draft.level, draft.unit_id, draft.unit)
        self._events = list(record.history)
        self._now = record.created_at
        self._until = until
        self._over = False

    def stop(self) -> None:
        """Nothing more happens."""
        self._over = True

    def after(self, wait: timedelta, command: c.Command, desk: Desk) -> None:
        self._act(self._now + wait, command, desk)

    def by_clock(self, kind: DeadlineKind, unit: Unit | None, share: float, command: c.Command, desk: Desk) -> None:
        """Acts when `share` of a running clock's time is over: above 1 that is too late."""
        named = unit.id if unit else None
        clock = next((each for each in self.life.open_clocks(kind) if named in (None, each.unit_id)), None)
        if clock is None:
            self._act(self._now + timedelta(hours=1), command, desk)
            return
        at = clock.started_at + (clock.due_at - clock.started_at) * share
        self._act(max(at, self._now + timedelta(seconds=30)), command, desk)

    @property
    def record(self) -> TicketRecord:
        last = self._events[-1]
        return replace(self._record, state=last.state, updated_at=last.at, history=tuple(self._events), life=self.life)

    def _act(self, at: datetime, command: c.Command, desk: Desk) -> None:
        if self._over or at >= self._until:
            self._over = True
            return
        last = self._events[-1]
        head = TicketHead(self._record.id, self._record.number, last.state, last.seq, last.hash)
        change = decide(Case(head, self._facts, self.life), command, replace(desk, now=at))
        self._events.extend(change.events)
        self.life, self._now = change.life, at
