"""Between rows and domain values, both ways, without I/O."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from functools import cache
from operator import attrgetter
from typing import Any, Final

from tickets.domain.history import Event
from tickets.domain.life import (
    LISTS,
    Assignment,
    AssignmentRole,
    CallBack,
    Deadline,
    DeadlineKind,
    Entry,
    Extension,
    Feedback,
    LedgerEntry,
    Life,
    Link,
    LinkKind,
    Objection,
    Rung,
    SiteRecord,
    SubTask,
    Visit,
    names,
)
from tickets.domain.policy import area_of
from tickets.domain.states import State, Verb
from tickets.domain.ticket import (
    Attachment,
    Call,
    Caller,
    Category,
    Channel,
    Completeness,
    Correction,
    Emergency,
    EmergencyLevel,
    Place,
    RequestKind,
    TicketDraft,
    TicketRecord,
    TicketSummary,
    Utterance,
)

Row = Mapping[Any, Any]

ENTRIES: Final[Mapping[str, type[Any]]] = {
    "assignments": Assignment,
    "deadlines": Deadline,
    "subtasks": SubTask,
    "extensions": Extension,
    "objections": Objection,
    "feedbacks": Feedback,
    "visits": Visit,
    "ledger": LedgerEntry,
    "links": Link,
    "site_records": SiteRecord,
    "call_backs": CallBack,
}
"""The lists of a life and what they hold."""

_WORDS: Final[Mapping[type[Any], Mapping[str, type[StrEnum]]]] = {
    Assignment: {"role": AssignmentRole},
    Deadline: {"kind": DeadlineKind, "next_rung": Rung},
    Link: {"kind": LinkKind},
}
"""Fields that are words of a closed list."""

_FIGURES: Final = tuple(each.name for each in fields(Life) if each.name not in LISTS)


def ticket_values(record: TicketRecord, key: str, fingerprint: str, plain: Mapping[str, Any]) -> dict[str, Any]:
    """The row of a new ticket; `plain` is its draft as plain JSON values."""
    draft, last = record.draft, record.history[-1]
    call = draft.call
    area = area_of(draft.places)
    return {
        "id": record.id,
        "number": record.number,
        "idempotency_key": key,
        "fingerprint": fingerprint,
        "channel": draft.channel.value,
        "source_line": draft.source_line,
        "call_id": call.id if call else None,
        "call_linkedid": call.linkedid if call else None,
        "call_started_at": call.started_at if call else None,
        "call_node": call.node if call else None,
        "request_index": draft.request_index,
        "kind": draft.kind.value,
        "category_l1": draft.category.l1,
        "category_l2": draft.category.l2,
        "category_problem": draft.category.problem,
        "confidence": draft.confidence,
        "unit": draft.unit,
        "unit_id": draft.unit_id,
        "places": plain["places"],
        "level": draft.level,
        "summary": draft.summary,
        "transcript": plain["transcript"],
        "emergency": plain["emergency"],
        "emergency_level": (draft.emergency.level if draft.emergency else EmergencyLevel.NONE).value,
        "completeness": draft.completeness.value,
        "reasons": plain["reasons"],
        "note": draft.note,
        "joint_unit_ids": list(draft.joint_unit_ids),
        "state": record.state.value,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "last_seq": last.seq,
        "last_hash": last.hash,
        **life_values(record.life, draft.unit_id, draft.unit),
        "area_id": area.id if area else None,
        "area": area.name if area else None,
    }


def life_values(life: Life, unit_id: str | None, unit: str | None) -> dict[str, Any]:
    """The figures of a life that are columns of its ticket; `unit_id` and `unit` are the proposal, until a unit is
    responsible."""
    main = life.main
    return {
        "main_unit_id": main.unit_id if main else unit_id,
        "main_unit": main.unit_name if main else unit,
        "due_at": life.due_at,
        "parts": [name for name in LISTS if getattr(life, name)],
        **{name: _plain(getattr(life, name)) for name in _FIGURES},
    }


def entry_values(ticket_id: str, entry: Entry) -> dict[str, Any]:
    """The row of one entry of a life's list."""
    found, read = _reader(type(entry))
    values = {
        name: value if type(value) in _AS_IT_IS else _plain(value)
        for name, value in zip(found, read(entry), strict=True)
    }
    return {"ticket_id": ticket_id, **values}


@cache
def _reader(kind: type[Entry]) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """The field names of an entry and what reads them all at once."""
    found = names(kind)
    return found, attrgetter(*found)


_AS_IT_IS: Final = frozenset({str, int, float, bool, type(None), datetime})


def life_from(row: Row, lists: Mapping[str, Iterable[Row]]) -> Life:
    """A life from its ticket's row and the rows of each list that has any."""
    values: dict[str, Any] = {name: row[name] for name in _FIGURES}
    values.update({name: tuple(value) for name, value in values.items() if isinstance(value, list)})
    values.update({name: tuple(entry_from(ENTRIES[name], each) for each in rows) for name, rows in lists.items()})
    return Life(**values)


def entry_from(kind: type[Any], row: Row) -> Any:
    words = _WORDS.get(kind, {})
    values = {}
    for name in names(kind):  # type: ignore[arg-type]  # every class is hashable
        value = row[name]
        if value is not None and name in words:
            value = words[name](value)
        values[name] = tuple(value) if isinstance(value, list) else value
    return kind(**values)


def _plain(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return value.value
    return list(value) if isinstance(value, tuple) else value


def party_values(record: TicketRecord) -> dict[str, Any]:
    caller = record.draft.caller
    return {
        "id": record.id,
        "ticket_id": record.id,
        "number": caller.number,
        "number_tail": caller.number[-4:] if caller.number else None,
        "confidential": caller.confidential,
    }


def event_values(ticket_id: str, event: Event) -> dict[str, Any]:
    return {
        "ticket_id": ticket_id,
        "seq": event.seq,
        "verb": event.verb.value,
        "state": event.state.value,
        "at": event.at,
        "actor": event.actor,
        "data": dict(event.data),
        "previous": event.previous,
        "hash": event.hash,
    }


def attachment_values(ticket_id: str, attachment: Attachment) -> dict[str, Any]:
    return {
        "id": attachment.id,
        "ticket_id": ticket_id,
        "kind": attachment.kind,
        "media_type": attachment.media_type,
        "bytes": attachment.bytes,
        "sha256": attachment.sha256,
        "created_at": attachment.created_at,
    }


def record_from(row: Row, party: Row, events: Iterable[Row], attachments: Iterable[Row], life: Life) -> TicketRecord:
    return TicketRecord(
        id=row["id"],
        draft=draft_from(row, party),
        state=State(row["state"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        attachments=tuple(attachment_from(each) for each in attachments),
        history=tuple(event_from(each) for each in events),
        life=life,
    )


def draft_from(row: Row, party: Row) -> TicketDraft:
    return TicketDraft(
        number=row["number"],
        channel=Channel(row["channel"]),
        source_line=row["source_line"],
        call=_call_from(row),
        request_index=row["request_index"],
        kind=RequestKind(row["kind"]),
        category=_category_from(row),
        confidence=row["confidence"],
        unit=row["unit"],
        unit_id=row["unit_id"],
        places=tuple(Place(**each) for each in row["places"]),
        level=row["level"],
        summary=row["summary"],
        transcript=tuple(_utterance_from(each) for each in row["transcript"]),
        emergency=_emergency_from(row["emergency"]),
        caller=Caller(number=party["number"], confidential=party["confidential"]),
        completeness=Completeness(row["completeness"]),
        reasons=tuple(row["reasons"]),
        note=row["note"],
        joint_unit_ids=tuple(row["joint_unit_ids"]),
    )


def summary_from(row: Row) -> TicketSummary:
    return TicketSummary(
        id=row["id"],
        number=row["number"],
        state=State(row["state"]),
        channel=Channel(row["channel"]),
        kind=RequestKind(row["kind"]),
        category=_category_from(row),
        unit=row["main_unit"],
        level=row["level"],
        summary=row["summary"],
        completeness=Completeness(row["completeness"]),
        emergency_level=EmergencyLevel(row["emergency_level"]),
        call_id=row["call_id"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        unit_id=row["main_unit_id"],
        area=row["area"],
        special=row["special"],
        supervised=row["supervised"],
        due_at=row["due_at"],
        round=row["round"],
    )


def event_from(row: Row) -> Event:
    return Event(
        seq=row["seq"],
        verb=Verb(row["verb"]),
        state=State(row["state"]),
        at=row["at"],
        actor=row["actor"],
        data=row["data"],
        previous=row["previous"],
        hash=row["hash"],
    )


def attachment_from(row: Row) -> Attachment:
    return Attachment(
        id=row["id"],
        kind=row["kind"],
        media_type=row["media_type"],
        bytes=row["bytes"],
        sha256=row["sha256"],
        created_at=row["created_at"],
    )


def _call_from(row: Row) -> Call | None:
    if row["call_id"] is None:
        return None
    return Call(
        id=row["call_id"], linkedid=row["call_linkedid"], started_at=row["call_started_at"], node=row["call_node"]
    )


def _category_from(row: Row) -> Category:
    return Category(l1=row["category_l1"], l2=row["category_l2"], problem=row["category_problem"])


def _utterance_from(value: Mapping[str, Any]) -> Utterance:
    corrections = tuple(Correction(**each) for each in value.get("corrections", ()))
    return Utterance(**{**value, "alternatives": tuple(value["alternatives"]), "corrections": corrections})


def _emergency_from(value: Mapping[str, Any] | None) -> Emergency | None:
    if value is None:
        return None
    return Emergency(
        level=EmergencyLevel(value["level"]),
        kind=value["kind"],
        service=value["service"],
        span=value["span"],
        reasons=tuple(value["reasons"]),
    )
