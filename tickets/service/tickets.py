"""Use cases on tickets: take a request, read it, list, add a note, add and fetch attachments."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tickets.domain.errors import AttachmentNotFound, TicketNotFound
from tickets.domain.history import Event, fingerprint, seal
from tickets.domain.ids import TicketNumber
from tickets.domain.roles import Principal
from tickets.domain.states import Verb, step
from tickets.domain.ticket import Attachment, TicketDraft, TicketHead, TicketRecord, TicketSummary, draft_json
from tickets.ports import Acted, Action, Clock, Created, FileStore, NewTicket, TicketQuery, TicketStore
from tickets.service.clock import Ids


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

    def __init__(self, store: TicketStore, files: FileStore, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._files = files
        self._clock = clock
        self._ids = ids

    async def take(self, draft: TicketDraft, key: str, who: Principal) -> Created:
        """Keeps a request under its idempotency key. Raises InvalidValue for a number that is none, and the
        store's refusals."""
        if draft.number is not None:
            TicketNumber.parse(draft.number)
        body = draft_json(draft)
        new = NewTicket(
            id=self._ids.next(),
            key=key,
            fingerprint=fingerprint(body),
            draft=draft,
            body=body,
            at=self._clock.now(),
            actor=who.name,
        )
        return await self._store.create(new)

    async def get(self, number: str) -> TicketRecord:
        record = await self._store.get(number)
        if record is None:
            raise TicketNotFound(f"there is no ticket {number}")
        return record

    async def search(self, query: TicketQuery) -> list[TicketSummary]:
        return await self._store.search(query)

    async def note(self, number: str, key: str, text: str, who: Principal) -> Acted:
        """Adds a note to the history; the state stays."""
        return await self._act(number, key, Verb.NOTE, {"note": text}, who)

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
        return await self._act(new.number, new.key, Verb.ATTACH, data, who, attachment)

    async def attachment(self, number: str, attachment_id: str) -> tuple[Attachment, Path]:
        """The attachment of this very ticket and its verified file (F82, F83)."""
        record = await self.get(number)
        for attachment in record.attachments:
            if attachment.id == attachment_id:
                return attachment, await self._files.verified(attachment.sha256)
        raise AttachmentNotFound(f"ticket {number} has no such attachment")

    async def _act(
        self,
        number: str,
        key: str,
        verb: Verb,
        data: dict[str, Any],
        who: Principal,
        attachment: Attachment | None = None,
    ) -> Acted:
        now = self._clock.now()
        body = {"verb": verb.value, **data}
        recorded = data if attachment is None else {"id": attachment.id, **data}

        def decide(head: TicketHead) -> Event:
            target = step(head.state, verb)
            return seal(head.number, head.seq + 1, verb, target, now, who.name, recorded, head.hash)

        action = Action(number, key, fingerprint(body), body, now, decide, attachment)
        return await self._store.act(action)
