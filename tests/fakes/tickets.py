"""The ticket store in memory, and builders of requests: what tests of services use instead of a database."""

import dataclasses
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tickets.domain.calendar import CalendarYear, WorkingCalendar
from tickets.domain.case import Case, Desk, Facts
from tickets.domain.clocks import Clocks
from tickets.domain.errors import CallRequestTaken, KeyReused, NumberTaken, TicketError, TicketNotFound
from tickets.domain.history import fingerprint
from tickets.domain.ids import service_number
from tickets.domain.opening import Opening
from tickets.domain.policy import Policy, area_of
from tickets.domain.roles import Principal, Role
from tickets.domain.states import SETTLED
from tickets.domain.ticket import (
    Attachment,
    Call,
    Caller,
    Category,
    Channel,
    Completeness,
    Correction,
    EmergencyLevel,
    RequestKind,
    TicketDraft,
    TicketHead,
    TicketRecord,
    TicketSummary,
    Utterance,
    draft_json,
)
from tickets.domain.units import Unit
from tickets.ports import (
    Acted,
    Action,
    Created,
    DueWork,
    Health,
    NewTicket,
    Similar,
    StoredToken,
    StoreHealth,
    TicketQuery,
)

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
        self.tokens_by_id: dict[str, StoredToken] = {}
        self.directory: dict[str, Unit] = {}
        self.calendar: dict[int, CalendarYear] = {}
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
        change = action.decide(_case(record))
        last = change.events[-1]
        files = (*record.attachments, action.attachment) if action.attachment else record.attachments
        self.records[action.number] = replace(
            record,
            state=last.state,
            updated_at=last.at,
            history=(*record.history, *change.events),
            attachments=files,
            life=change.life,
        )
        acted = Acted(change.events[0], action.attachment, fresh=True)
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

    async def similar(self, number: str, since: datetime, limit: int) -> list[Similar]:
        self._guard()
        asked = self.records.get(number)
        if asked is None:
            return []
        found = [
            Similar(
                _summary(each), _caller(each) == _caller(asked) is not None, _matter(each) == _matter(asked) is not None
            )
            for each in self.records.values()
            if each is not asked and each.created_at >= since and each.state not in SETTLED
        ]
        found = [each for each in found if each.same_caller or each.same_matter]
        return sorted(found, key=lambda each: each.ticket.id, reverse=True)[:limit]

    async def health(self) -> StoreHealth:
        return StoreHealth(Health.FAILED, str(self.failure)) if self.failure else StoreHealth(Health.OK)

    async def put_token(self, token: StoredToken) -> None:
        self.tokens_by_id[token.id] = token

    async def token(self, token_id: str) -> StoredToken | None:
        return self.tokens_by_id.get(token_id)

    async def tokens(self) -> list[StoredToken]:
        return sorted(self.tokens_by_id.values(), key=lambda token: (token.created_at, token.id))

    async def units(self) -> list[Unit]:
        self._guard()
        return [self.directory[unit_id] for unit_id in sorted(self.directory)]

    async def put_units(self, units: Sequence[Unit], *, replace: bool) -> None:
        if replace:
            self.directory = {
                unit_id: dataclasses.replace(unit, active=False, people=()) for unit_id, unit in self.directory.items()
            }
        self.directory.update({unit.id: _by_id(unit) for unit in units})

    async def years(self) -> list[CalendarYear]:
        self._guard()
        return [self.calendar[year] for year in sorted(self.calendar)]

    async def put_years(self, years: Sequence[CalendarYear], at: datetime, *, replace: bool) -> None:
        for year in years:
            if replace or year.year not in self.calendar:
                self.calendar[year.year] = year

    async def due(self, now: datetime, limit: int) -> list[DueWork]:
        self._guard()
        work = [
            DueWork(record.number, each.seq, each.kind, each.next_rung, each.next_at, record.state)
            for record in sorted(self.records.values(), key=lambda record: record.id)
            for each in record.life.deadlines
            if each.next_rung is not None and each.next_at is not None and each.next_at <= now
        ]
        return sorted(work, key=lambda each: each.due_at)[:limit]

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
        return new.begin(number)


def _by_id(unit: Unit) -> Unit:
    return replace(unit, people=tuple(sorted(unit.people, key=lambda person: person.id)))


def _case(record: TicketRecord) -> Case:
    draft, last = record.draft, record.history[-1]
    head = TicketHead(record.id, record.number, record.state, last.seq, last.hash)
    return Case(head, Facts(draft.kind, draft.level, draft.unit_id, draft.unit), record.life)


def _identity(draft: TicketDraft) -> tuple[object, ...] | None:
    return (draft.call.node, draft.call.id, draft.request_index) if draft.call else None


def _caller(record: TicketRecord) -> str | None:
    return record.draft.caller.number


def _matter(record: TicketRecord) -> tuple[object, ...] | None:
    area, category = area_of(record.draft.places), record.draft.category
    if area is None or category.problem is None:
        return None
    return area.id, category.l1, category.problem


def _fits(record: TicketRecord, query: TicketQuery) -> bool:
    draft, life, main = record.draft, record.life, record.life.main
    area = area_of(draft.places)
    late = life.due_at is not None and query.now is not None and life.due_at < query.now
    tail = draft.caller.number[-4:] if draft.caller.number else None
    pairs = (
        (query.state, record.state),
        (query.channel, draft.channel),
        (query.kind, draft.kind),
        (query.level, draft.level),
        (query.special, life.special),
        (query.supervised, life.supervised),
        (query.overdue, late),
        (query.category_l1, draft.category.l1),
        (query.unit, main.unit_name if main else draft.unit),
        (query.unit_id, main.unit_id if main else draft.unit_id),
        (query.call_id, draft.call.id if draft.call else None),
        (query.caller_tail, tail),
    )
    return (
        all(wanted is None or wanted == value for wanted, value in pairs)
        and (query.area is None or (area is not None and query.area in (area.id, area.name)))
        and (query.flag is None or query.flag in life.flags)
        and (query.text is None or query.text in draft.summary)
        and (query.concerns is None or life.concerns(query.concerns))
        and (query.created_from is None or record.created_at >= query.created_from)
        and (query.created_to is None or record.created_at < query.created_to)
        and (query.before is None or record.id < query.before)
    )


def _summary(record: TicketRecord) -> TicketSummary:
    draft, life, main = record.draft, record.life, record.life.main
    area = area_of(draft.places)
    return TicketSummary(
        id=record.id,
        number=record.number,
        state=record.state,
        channel=draft.channel,
        kind=draft.kind,
        category=draft.category,
        unit=main.unit_name if main else draft.unit,
        unit_id=main.unit_id if main else draft.unit_id,
        area=area.name if area else None,
        special=life.special,
        supervised=life.supervised,
        due_at=life.due_at,
        round=life.round,
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
        transcript=(
            Utterance("垃圾堆了好几天", 0.5, 2.25, None, ("拉吉堆了好几天",), (Correction(0, "拉吉", "垃圾", 1.0),)),
        ),
        emergency=None,
        caller=Caller("13800000000", confidential=False),
        completeness=Completeness.COMPLETE,
        reasons=("垃圾",),
        note=None,
    )
    return replace(draft, **changes)


CLERK = Principal("machine", Role.MACHINE)


def a_desk(
    now: datetime = START,
    who: Principal = CLERK,
    units: Sequence[Unit] = (),
    years: Sequence[CalendarYear] = (),
    policy: Policy | None = None,
) -> Desk:
    """A desk at which somebody acts, without any store."""
    policy = policy or Policy()
    clocks = Clocks(policy.rules, WorkingCalendar.of(years))
    return Desk(now, who, clocks, policy, {unit.id: unit for unit in units})


def a_new_ticket(key: str, draft: TicketDraft | None = None, *, order: int = 1, at: datetime = START) -> NewTicket:
    """`order` makes the row id: a higher one is newer."""
    draft = draft or a_draft()
    body = draft_json(draft)
    row_id, digest = f"{order:032x}", fingerprint(body)
    begin = Opening(row_id, draft, digest, a_desk(at)).begin
    return NewTicket(
        id=row_id, key=key, fingerprint=digest, draft=draft, body=body, at=at, actor=CLERK.name, begin=begin
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
            {
                "text": "垃圾堆了好几天",
                "start": 0.5,
                "end": 2.25,
                "confidence": None,
                "alternatives": ["拉吉"],
                "corrections": [{"at": 0, "before": "拉吉", "after": "垃圾", "score": 1.0}],
            }
        ],
        "emergency": {"level": "none", "kind": "", "service": "", "span": "", "reasons": []},
        "caller": {"number": "13800000000", "confidential": False},
        "completeness": "complete",
        "reasons": ["垃圾"],
        "note": None,
    }
    return {**body, **changes}
