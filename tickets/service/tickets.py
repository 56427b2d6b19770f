"""Use cases on tickets: take a request, read it, list, carry out the verbs of its life, add and fetch attachments."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import structlog

from tickets.domain.case import NO_CALENDAR, Case, Change, Desk
from tickets.domain.clocks import Clocks
from tickets.domain.commands import AddLink, Command, Merge, Note, data_of
from tickets.domain.duties import check_duty, check_sight
from tickets.domain.errors import AttachmentNotFound, IllegalMove, TicketNotFound
from tickets.domain.history import fingerprint, seal
from tickets.domain.ids import TicketNumber
from tickets.domain.life import LinkKind
from tickets.domain.moves import decide
from tickets.domain.opening import Opening
from tickets.domain.policy import Policy
from tickets.domain.roles import Principal
from tickets.domain.states import Verb, step
from tickets.domain.ticket import Attachment, TicketDraft, TicketRecord, TicketSummary, draft_json
from tickets.ports import Acted, Action, Clock, Created, FileStore, NewTicket, Similar, TicketQuery, TicketStore
from tickets.service.clock import Ids
from tickets.service.reference import Reference

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class NewAttachment:
    """A file to be added. `sha256` is what the sender says the bytes are."""

    number: str
    key: str
    kind: str
    media_type: str
    sha256: str
    limit: int


class TicketService:
    """All use cases share these collaborators and hold no state of their own."""

    def __init__(
        self,
        store: TicketStore,
        files: FileStore,
        clock: Clock,
        ids: Ids,
        reference: Reference,
        policy: Policy | None = None,
        estimated: Callable[[], None] = lambda: None,
    ) -> None:
        """`estimated` is called for each request whose time limits had to be reckoned without a holiday table."""
        self._store = store
        self._files = files
        self._clock = clock
        self._ids = ids
        self._reference = reference
        self._policy = policy or Policy()
        self._estimated = estimated

    async def take(self, draft: TicketDraft, key: str, who: Principal) -> Created:
        """Keeps a request under its idempotency key. Raises InvalidValue for a number that is none, and the
        store's refusals."""
        if draft.number is not None:
            TicketNumber.parse(draft.number)
        body = draft_json(draft)
        desk, row_id, digest = await self._desk(who), self._ids.next(), fingerprint(body)
        new = NewTicket(
            id=row_id,
            key=key,
            fingerprint=digest,
            draft=draft,
            body=body,
            at=desk.now,
            actor=who.name,
            begin=Opening(row_id, draft, digest, desk).begin,
        )
        created = await self._store.create(new)
        if created.fresh and NO_CALENDAR in created.record.life.flags:
            log.warning("deadline_estimated", number=created.record.number, remedy="PUT /api/v1/calendar")
            self._estimated()
        return created

    async def act(self, number: str, key: str, command: Command, who: Principal) -> Acted:
        """Carries out a verb for somebody. Raises NotAllowed, IllegalMove, UnknownUnit, TicketNotFound, KeyReused."""
        check_duty(command.verb, who)
        unit_id = check_sight(who)
        if unit_id is not None:
            visible(await self.get(number), unit_id)
        acted = await self.carry_out(number, key, command, who)
        await self._mirror(number, key, command, who)
        return acted

    async def carry_out(self, number: str, key: str, command: Command, who: Principal) -> Acted:
        """Carries out a verb without asking who may: for the service's own clocks and for `act`."""
        desk = await self._desk(who)
        if isinstance(command, Merge):
            desk = replace(desk, master=(await self.get(command.into)).life)
        if isinstance(command, AddLink):
            await self.get(command.other)
        data = data_of(command)
        body = {"verb": command.verb.value, **data}

        def decided(case: Case) -> Change:
            return decide(case, command, desk)

        return await self._store.act(Action(number, key, fingerprint(body), body, desk.now, decided))

    async def _mirror(self, number: str, key: str, command: Command, who: Principal) -> None:
        """Both tickets of a link name each other. Safe to repeat: the second event has a key of its own."""
        match command:
            case Merge(into=other):
                back = AddLink(number, LinkKind.DUPLICATED_BY)
            case AddLink(other=other, kind=LinkKind.GROUP | LinkKind.RELATED as kind):
                back = AddLink(number, kind)
            case _:
                return
        try:
            await self.carry_out(other, f"mirror:{fingerprint([number, key])[:32]}", back, who)
        except IllegalMove:
            log.debug("linked_already", number=number)

    async def _desk(self, who: Principal) -> Desk:
        known = await self._reference.snapshot()
        clocks = Clocks(self._policy.rules, known.calendar)
        return Desk(self._clock.now(), who, clocks, self._policy, known.units)

    async def get(self, number: str) -> TicketRecord:
        record = await self._store.get(number)
        if record is None:
            raise TicketNotFound(f"there is no ticket {number}")
        return record

    async def search(self, query: TicketQuery) -> list[TicketSummary]:
        """Newest first. What is overdue is asked of this service's clock."""
        return await self._store.search(replace(query, now=query.now or self._clock.now()))

    async def similar(self, number: str, limit: int) -> list[Similar]:
        """Open tickets that this one may repeat (F66): proposed for merging or adding to, never dropped by itself."""
        await self.get(number)
        return await self._store.similar(number, self._clock.now() - self._policy.similar_within, limit)

    async def note(self, number: str, key: str, text: str, who: Principal) -> Acted:
        """Adds a note to the history; the state stays."""
        return await self.act(number, key, Note(text), who)

    async def attach(self, new: NewAttachment, chunks: AsyncIterator[bytes], who: Principal) -> Acted:
        """Keeps the bytes first, then the row that names them: a row without its file never exists."""
        await self.get(new.number)
        stored = await self._files.receive(chunks, new.sha256, new.limit)
        attachment = Attachment(
            id=self._ids.next(),
            kind=new.kind,
            media_type=new.media_type,
            bytes=stored.bytes,
            sha256=stored.sha256,
            created_at=self._clock.now(),
        )
        data = {
            "kind": new.kind,
            "media_type": new.media_type,
            "bytes": stored.bytes,
            "sha256": stored.sha256,
        }
        return await self._attached(new, data, who, attachment)

    async def attachment(self, number: str, attachment_id: str) -> tuple[Attachment, Path]:
        """The attachment of this very ticket and its verified file (F82, F83)."""
        record = await self.get(number)
        for attachment in record.attachments:
            if attachment.id == attachment_id:
                return attachment, await self._files.verified(attachment.sha256)
        raise AttachmentNotFound(f"ticket {number} has no such attachment")

    async def _attached(
        self, new: NewAttachment, data: dict[str, Any], who: Principal, attachment: Attachment
    ) -> Acted:
        now = self._clock.now()
        body = {"verb": Verb.ATTACH.value, **data}
        recorded = {"id": attachment.id, **data}

        def decided(case: Case) -> Change:
            head = case.head
            target = step(head.state, Verb.ATTACH)
            event = seal(head.number, head.seq + 1, Verb.ATTACH, target, now, who.name, recorded, head.hash)
            return Change((event,), case.life)

        action = Action(new.number, new.key, fingerprint(body), body, now, decided, attachment)
        return await self._store.act(action)


def visible(record: TicketRecord, unit_id: str) -> TicketRecord:
    """The ticket, if it concerns the unit; else it is not there for it."""
    if not record.life.concerns(unit_id):
        raise TicketNotFound(f"there is no ticket {record.number} for this unit")
    return record
