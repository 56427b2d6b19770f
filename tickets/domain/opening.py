"""How a ticket begins: reviewed first, dispatched at once, or waiting for a dispatcher, with its clocks running.

Whatever was taken completely and names its unit is dispatched in the moment of its creation (DI-7), so that both are
one durable write; requests by web and mail wait for their review (IN-4). A request is never lost for what is missing.
"""

from dataclasses import dataclass, replace
from typing import Any

from tickets.domain.case import Case, Desk, Facts, begin_clock
from tickets.domain.commands import Dispatch
from tickets.domain.errors import UnknownUnit
from tickets.domain.history import GENESIS, seal
from tickets.domain.life import DeadlineKind, Life
from tickets.domain.moves import decide
from tickets.domain.states import State, Verb
from tickets.domain.ticket import Completeness, TicketDraft, TicketHead, TicketRecord


@dataclass(frozen=True, slots=True)
class Opening:
    """A request that was taken; `fingerprint` is that of its body. `desk` has the moment, the clocks and the unit."""

    id: str
    draft: TicketDraft
    fingerprint: str
    desk: Desk

    def _joint(self) -> tuple[str, ...]:
        """The joint units that can get an order. One that the directory does not have keeps nobody waiting: it stays
        on the ticket as what was proposed."""
        wanted = dict.fromkeys(self.draft.joint_unit_ids)
        known = (self.desk.units.get(each) for each in wanted if each != self.draft.unit_id)
        return tuple(unit.id for unit in known if unit is not None and unit.active)

    def begin(self, number: str) -> TicketRecord:
        """The new ticket under its number. Pure: whoever has the last word on the number calls it."""
        desk = self.desk
        draft = self.draft if self.draft.number == number else replace(self.draft, number=number)
        special = desk.policy.special(draft.category, draft.emergency)
        life = Life(special=special, supervised=special is not None)
        reviewed = draft.channel in desk.policy.review_channels
        verb, state = (Verb.SUBMIT, State.UNDER_REVIEW) if reviewed else (Verb.ACCEPT, State.ACCEPTED)
        data: dict[str, Any] = {
            "body_sha256": self.fingerprint,
            "channel": draft.channel.value,
            "source_line": draft.source_line,
        }
        event = seal(number, 1, verb, state, desk.now, desk.who.name, data, GENESIS)
        head = TicketHead(self.id, number, state, 1, event.hash)
        facts = Facts(draft.kind, draft.level, draft.unit_id, draft.unit)
        case = Case(head, facts, life)
        if not reviewed and draft.unit_id is not None and draft.completeness is Completeness.COMPLETE:
            try:
                change = decide(case, Dispatch(draft.unit_id, self._joint()), desk)
            except UnknownUnit:
                pass
            else:
                events = (event, *change.events)
                return TicketRecord(self.id, draft, events[-1].state, desk.now, desk.now, (), events, change.life)
        rules = desk.clocks.rules
        kind, limit = (DeadlineKind.REVIEW, rules.review) if reviewed else (DeadlineKind.DISPATCH, rules.dispatch)
        life = begin_clock(life, desk, kind, limit, draft.level)
        return TicketRecord(self.id, draft, state, desk.now, desk.now, (), (event,), life)
