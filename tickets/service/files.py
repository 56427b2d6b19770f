"""Handing out files: who got what is written down first, then the file is checked and handed over (F82, F83)."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from tickets.domain.duties import check_sight
from tickets.domain.roles import Principal
from tickets.domain.ticket import Attachment
from tickets.ports import Clock
from tickets.service.clock import Ids
from tickets.service.tickets import TicketService, visible


@dataclass(frozen=True, slots=True)
class Access:
    """`part` is the range that was asked for, None for the whole."""

    id: str
    at: datetime
    actor: str
    role: str
    ticket_number: str
    attachment_id: str
    part: str | None


class AccessLog(Protocol):
    """Raises StoreUnavailable from every method."""

    async def note_access(self, access: Access) -> None: ...

    async def accesses(self, ticket_number: str, limit: int) -> list[Access]:
        """Latest first."""
        ...


class FileService:
    def __init__(self, tickets: TicketService, accesses: AccessLog, clock: Clock, ids: Ids) -> None:
        self._tickets = tickets
        self._accesses = accesses
        self._clock = clock
        self._ids = ids

    async def listed(self, number: str, who: Principal) -> tuple[Attachment, ...]:
        """Raises TicketNotFound, also for a unit that the ticket does not concern."""
        unit_id, record = check_sight(who), await self._tickets.get(number)
        return (record if unit_id is None else visible(record, unit_id)).attachments

    async def open(self, number: str, attachment_id: str, part: str | None, who: Principal) -> tuple[Attachment, Path]:
        """Nothing is handed out that was not written down. Raises AttachmentNotFound, AttachmentAltered."""
        found = await self._tickets.attachment(number, attachment_id)
        access = Access(
            self._ids.next(), self._clock.now(), who.name, who.role.value, number, attachment_id, part and part[:64]
        )
        await self._accesses.note_access(access)
        return found

    async def accesses(self, number: str, limit: int) -> list[Access]:
        await self._tickets.get(number)
        return await self._accesses.accesses(number, limit)
