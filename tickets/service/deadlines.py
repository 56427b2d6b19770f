"""Work that clocks bring about: which steps of escalation ladders are due, and how each is taken exactly once.

Whoever runs this may be one of several instances and may be killed at any moment: a step is an ordinary move of its
ticket under a key made of the deadline, the step and the time it was due, so that taking it twice appends nothing.
"""

from datetime import datetime
from typing import Final

from tickets.domain.commands import Command, FallDue, Urge
from tickets.domain.errors import IllegalMove, KeyReused, NothingDue, TicketNotFound
from tickets.domain.life import DeadlineKind, Rung
from tickets.domain.roles import Principal, Role
from tickets.domain.states import State
from tickets.ports import DeadlineStore, DueWork
from tickets.service.tickets import TicketService

CLOCK: Final = Principal("clock", Role.MACHINE)
"""Who the history names for steps that no person took."""


class DeadlineService:
    def __init__(self, store: DeadlineStore, tickets: TicketService) -> None:
        self._store = store
        self._tickets = tickets

    async def due_work(self, now: datetime, limit: int) -> list[DueWork]:
        """At most `limit` steps whose time has come by `now`, the longest waiting first."""
        return await self._store.due(now, limit)

    async def perform(self, work: DueWork) -> bool:
        """Takes the step. False when there was nothing left to do: taken before, called off, or the ticket moved on."""
        try:
            acted = await self._tickets.carry_out(work.number, key_of(work), command_of(work), CLOCK)
        except (NothingDue, IllegalMove, TicketNotFound, KeyReused):
            return False
        return acted.fresh


def command_of(work: DueWork) -> Command:
    """The first step of a return visit's clock moves the ticket; every other one urges."""
    if work.kind is DeadlineKind.VISIT and work.rung is Rung.URGE and work.state is State.COMPLETED:
        return FallDue(work.deadline, work.rung)
    return Urge(rung=work.rung, deadline=work.deadline)


def key_of(work: DueWork) -> str:
    verb = command_of(work).verb
    return f"clock:{work.deadline}:{work.rung}:{verb}:{int(work.due_at.timestamp())}"
