"""The ticket store in memory, and builders of requests: what tests of services use instead of a database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tickets.domain.errors import CallRequestTaken, KeyReused, NumberTaken, TicketError, TicketNotFound
from tickets.domain.history import GENESIS, fingerprint, seal
from tickets.domain.ids import service_number
from tickets.domain.states import State, Verb
from tickets.domain.ticket import (
    Attachment,
    Call,
    Caller,
    Category,
    Channel,
    Completeness,
    EmergencyLevel,
    RequestKind,
    TicketDraft,
    TicketHead,
    TicketRecord,
    TicketSummary,
    Utterance,
    draft_json,
)
from tickets.ports import Acted, Action, Created, Health, NewTicket, StoredToken, StoreHealth, TicketQuery

START = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


class FakeClock:
    """Time that only moves when told."""

    def __init__(self, now: datetime = START) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return (self.time - START).total_seconds()

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class InMemoryTickets:
    """Implements TicketStore and TokenStore with dictionaries; keeps the same promises as the real one."""

    def __init__(self) -> None:
        self.records: dict[str, TicketRecord] = {}
        self.keys: dict[str, tuple[str, str]] = {}
        self.actions: dict[tuple[str, str], tuple[str, Acted]] = {}
        self.conflicts: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = []
        self.tokens: dict[str, StoredToken] = {}
        self.failure: TicketError | None = None
        self._sequence = 0

    async def create(self, new: NewTicket) -> Created:
        self._guard()
        if new.key in self.keys:
            number, known = self.keys[new.key]
            record = self.records[number]
            if known == new.fingerprint:
                return Created(record, fresh=False)
            self._conflict("idempotency_key_reused", new, record)
            raise KeyReused("another body under the key", number)
        for record in self.records.values():
            if record.number == new.draft.number:
                self._conflict("number_taken", new, record)
                raise NumberTaken("number taken", record.number)
            if new.draft.call is not None and _identity(record.draft) == _identity(new.draft):
                self._conflict("call_request_taken", new, record)
                raise CallRequestTaken("call and request index taken", record.number)
        record = self._record(new)
        self.records[record.number] = record
        self.keys[new.key] = (record.number, new.fingerprint)
        return Created(record, fresh=True)

    async def act(self, action: Action) -> Acted:
        self._guard()
        record = self.records.get(action.number)
        if record is None:
            raise TicketNotFound("no such ticket")
        earlier = self.actions.get((action.number, action.key))
        if earlier is not None:
            if earlier[0] == action.fingerprint:
                return replace(earlier[1], fresh=False)
            raise KeyReused("another action under the key", action.number)
        last = record.history[-1]
        event = action.decide(TicketHead(record.id, record.number, record.state, last.seq, last.hash))
        files = (*record.attachments, action.attachment) if action.attachment else record.attachments
        self.records[action.number] = replace(
            record, state=event.state, updated_at=event.at, history=(*record.history, event), attachments=files
        )
        acted = Acted(event, action.attachment, fresh=True)
        self.actions[(action.number, action.key)] = (action.fingerprint, acted)
        return acted

    async def get(self, number: str) -> TicketRecord | None:
        self._guard()
        return self.records.get(number)

    async def search(self, query: TicketQuery) -> list[TicketSummary]:
        self._guard()
        found = [record for record in self.records.values() if _fits(record, query)]
        found.sort(key=lambda record: record.id, reverse=True)
        return [_summary(record) for record in found[: query.limit]]

    async def health(self) -> StoreHealth:
        return StoreHealth(Health.FAILED, str(self.failure)) if self.failure else StoreHealth(Health.OK)

    async def put_token(self, token: StoredToken) -> None:
        self.tokens[token.id] = token

    async def token(self, token_id: str) -> StoredToken | None:
        return self.tokens.get(token_id)

    def _guard(self) -> None:
        if self.failure is not None:
            raise self.failure

    def _conflict(self, reason: str, new: NewTicket, record: TicketRecord) -> None:
        entry = (reason, record.number, draft_json(record.draft), draft_json(new.draft))
        if entry not in self.conflicts:
            self.conflicts.append(entry)

    def _record(self, new: NewTicket) -> TicketRecord:
        number = new.draft.number
        if number is None:
            self._sequence += 1
            number = str(service_number(new.at, self._sequence))
        draft = replace(new.draft, number=number)
        data = {
            "body_sha256": new.fingerprint,
            "channel": draft.channel.value,
            "source_line": draft.source_line,
        }
        event = seal(number, 1, Verb.ACCEPT, State.ACCEPTED, new.at, new.actor, data, GENESIS)
        return TicketRecord(new.id, draft, State.ACCEPTED, new.at, new.at, (), (event,))


def _identity(draft: TicketDraft) -> tuple[object, ...] | None:
    return (draft.call.node, draft.call.id, draft.request_index) if draft.call else None


def _fits(record: TicketRecord, query: TicketQuery) -> bool:
    draft = record.draft
    tail = draft.caller.number[-4:] if draft.caller.number else None
    pairs = (
        (query.state, record.state),
        (query.category_l1, draft.category.l1),
        (query.unit, draft.unit),
        (query.unit_id, draft.unit_id),
        (query.call_id, draft.call.id if draft.call else None),
        (query.caller_tail, tail),
    )
    return (
        all(wanted is None or wanted == value for wanted, value in pairs)
        and (query.created_from is None or record.created_at >= query.created_from)
        and (query.created_to is None or record.created_at < query.created_to)
        and (query.before is None or record.id < query.before)
    )


def _summary(record: TicketRecord) -> TicketSummary:
    draft = record.draft
    return TicketSummary(
        id=record.id,
        number=record.number,
        state=record.state,
        channel=draft.channel,
        kind=draft.kind,
        category=draft.category,
        unit=draft.unit,
        level=draft.level,
        summary=draft.summary,
        completeness=draft.completeness,
        emergency_level=draft.emergency.level if draft.emergency else EmergencyLevel.NONE,
        call_id=draft.call.id if draft.call else None,
        created_at=record.created_at,
        updated_at=record.updated_at,
    )


def a_draft(number: str | None = None, call: str | None = None, **changes: Any) -> TicketDraft:
    draft = TicketDraft(
        number=number,
        channel=Channel.PHONE,
        source_line="12345",
        call=Call(call, None, START, 1) if call else None,
        request_index=1,
        kind=RequestKind.COMPLAINT,
        category=Category("城乡建设", "环境卫生", "垃圾清运"),
        confidence=0.875,
        unit="城市管理局",
        unit_id="u-7",
        places=(),
        level=3,
        summary="小区门口的垃圾没有人清理",
        transcript=(Utterance("垃圾堆了好几天", 0.5, 2.25, None, ("拉吉堆了好几天",)),),
        emergency=None,
        caller=Caller("13800000000", confidential=False),
        completeness=Completeness.COMPLETE,
        reasons=("垃圾",),
        note=None,
    )
    return replace(draft, **changes)


def a_new_ticket(key: str, draft: TicketDraft | None = None, *, order: int = 1, at: datetime = START) -> NewTicket:
    """`order` makes the row id: a higher one is newer."""
    draft = draft or a_draft()
    body = draft_json(draft)
    return NewTicket(
        id=f"{order:032x}", key=key, fingerprint=fingerprint(body), draft=draft, body=body, at=at, actor="machine"
    )


def an_attachment(order: int = 1) -> Attachment:
    return Attachment(f"{order:032x}", "recording", "audio/wav", 44, "ab" * 32, START)


def a_body(number: str | None = None, call: str | None = None, **changes: Any) -> dict[str, Any]:
    """The JSON that the IVR sends."""
    body: dict[str, Any] = {
        "number": number,
        "channel": "phone",
        "source_line": "12345",
        "call": {"id": call, "linkedid": call, "started_at": "2026-11-22T12:00:00+08:00", "node": 1} if call else None,
        "request_index": 1,
        "kind": "complaint",
        "category": {"l1": "城乡建设", "l2": "环境卫生", "problem": "垃圾清运"},
        "confidence": 0.875,
        "unit": "城市管理局",
        "unit_id": "u-7",
        "places": [{"id": "p1", "name": "解放路", "kind": "street", "text": "解放路", "score": 0.9}],
        "level": 3,
        "summary": "小区门口的垃圾没有人清理",
        "transcript": [
            {"text": "垃圾堆了好几天", "start": 0.5, "end": 2.25, "confidence": None, "alternatives": ["拉吉"]}
        ],
        "emergency": {"level": "none", "kind": "", "service": "", "span": "", "reasons": []},
        "caller": {"number": "13800000000", "confidential": False},
        "completeness": "complete",
        "reasons": ["垃圾"],
        "note": None,
    }
    return {**body, **changes}
