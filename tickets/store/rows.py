"""Between rows and domain values, both ways, without I/O."""

from collections.abc import Iterable, Mapping
from typing import Any

from tickets.domain.history import Event
from tickets.domain.states import State, Verb
from tickets.domain.ticket import (
    Attachment,
    Call,
    Caller,
    Category,
    Channel,
    Completeness,
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


def ticket_values(record: TicketRecord, key: str, fingerprint: str, plain: Mapping[str, Any]) -> dict[str, Any]:
    """The row of a new ticket; `plain` is its draft as plain JSON values."""
    draft, last = record.draft, record.history[-1]
    call = draft.call
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
        "state": record.state.value,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "last_seq": last.seq,
        "last_hash": last.hash,
    }


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


def record_from(row: Row, party: Row, events: Iterable[Row], attachments: Iterable[Row]) -> TicketRecord:
    return TicketRecord(
        id=row["id"],
        draft=draft_from(row, party),
        state=State(row["state"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        attachments=tuple(attachment_from(each) for each in attachments),
        history=tuple(event_from(each) for each in events),
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
        transcript=tuple(
            Utterance(**{**each, "alternatives": tuple(each["alternatives"])}) for each in row["transcript"]
        ),
        emergency=_emergency_from(row["emergency"]),
        caller=Caller(number=party["number"], confidential=party["confidential"]),
        completeness=Completeness(row["completeness"]),
        reasons=tuple(row["reasons"]),
        note=row["note"],
    )


def summary_from(row: Row) -> TicketSummary:
    return TicketSummary(
        id=row["id"],
        number=row["number"],
        state=State(row["state"]),
        channel=Channel(row["channel"]),
        kind=RequestKind(row["kind"]),
        category=_category_from(row),
        unit=row["unit"],
        level=row["level"],
        summary=row["summary"],
        completeness=Completeness(row["completeness"]),
        emergency_level=EmergencyLevel(row["emergency_level"]),
        call_id=row["call_id"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
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
