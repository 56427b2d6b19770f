"""The write transaction's statements. Each function runs inside a transaction that the writer owns and commits.

Creation is one `INSERT … ON CONFLICT DO NOTHING RETURNING` for a whole group: the constraints decide who won, so two
workers, two processes or two copies in one group cannot make two tickets. Losers are told apart afterwards.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, and_, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from tickets.domain.case import Case, Facts
from tickets.domain.errors import (
    CallRequestTaken,
    KeyReused,
    NumberTaken,
    StoreFailed,
    TicketError,
    TicketNotFound,
)
from tickets.domain.history import fingerprint
from tickets.domain.ids import CHINA, SERVICE_NODE, service_number
from tickets.domain.states import State
from tickets.domain.ticket import RequestKind, TicketHead, TicketRecord, draft_json
from tickets.ports import Acted, Action, Created, NewTicket
from tickets.service.outbox import ticket_notice
from tickets.store.lives import life_rows, load_life, save_life
from tickets.store.models import ActionRow, AttachmentRow, ConflictRow, CounterRow, EventRow, PartyRow, TicketRow
from tickets.store.outbox import creation_notices, enqueue
from tickets.store.postgres_rows import insert_rows
from tickets.store.rows import (
    attachment_from,
    attachment_values,
    event_from,
    event_values,
    life_values,
    party_values,
    record_from,
    ticket_values,
)

Outcome = Created | TicketError


def upsert(connection: AsyncConnection, table: Any) -> Any:
    """`INSERT` that knows ON CONFLICT, in the dialect of the connection (both databases spell it alike)."""
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)


async def insert_tickets(connection: AsyncConnection, group: Sequence[NewTicket]) -> list[Outcome]:
    """Inserts a group; answers in the group's order: a fresh ticket, the earlier one, or what stood in the way."""
    records = await _records(connection, group)
    rows = ticket_rows(records)
    # One order for every process, so that two groups on PostgreSQL wait for each other and never deadlock.
    rows.sort(key=lambda row: str(row["idempotency_key"]))
    won = await _insert_new(connection, rows) if rows else set()
    made = [(record, new) for record, new in records if record.id in won]
    fresh = [record for record, _ in made]
    for table, values in companion_rows(fresh) if fresh else ():
        await _insert_all(connection, table, values)
    await enqueue(connection, creation_notices(fresh))
    by_id: dict[str, Outcome] = {record.id: Created(record, fresh=True, body=new.body) for record, new in made}
    for new in group:
        if new.id not in by_id:
            by_id[new.id] = await _loser(connection, new)
    return [by_id[new.id] for new in group]


async def _insert_new(connection: AsyncConnection, rows: list[dict[str, Any]]) -> set[str]:
    """The ids of the rows that no constraint was in the way of."""
    if connection.dialect.name == "postgresql":
        table = TicketRow.metadata.tables[TicketRow.__tablename__]
        return set((await insert_rows(connection, table, rows, " ON CONFLICT DO NOTHING RETURNING id")).scalars())
    statement = upsert(connection, TicketRow).on_conflict_do_nothing().returning(TicketRow.id)
    return set((await connection.execute(statement, rows)).scalars())


async def _insert_all(connection: AsyncConnection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    if connection.dialect.name != "postgresql":
        await connection.execute(insert(table), rows)
    elif rows:
        await insert_rows(connection, table, rows)


def ticket_rows(records: Sequence[tuple[TicketRecord, NewTicket]]) -> list[dict[str, Any]]:
    return [ticket_values(record, new.key, new.fingerprint, new.body) for record, new in records]


def companion_rows(fresh: Sequence[TicketRecord]) -> list[tuple[Table, list[dict[str, Any]]]]:
    """What a new ticket has in other tables, in the order in which it must be written. Whatever else belongs to the
    moment of creation belongs here: every way of creating writes these rows."""
    return [
        (PartyRow.metadata.tables[PartyRow.__tablename__], [party_values(record) for record in fresh]),
        (
            EventRow.metadata.tables[EventRow.__tablename__],
            [event_values(record.id, event) for record in fresh for event in record.history],
        ),
        *life_rows(fresh),
    ]


def numbered_rows(
    group: Sequence[NewTicket],
) -> tuple[list[TicketRecord], list[tuple[Table, list[dict[str, Any]]]]] | None:
    """All rows of a group of tickets that bring their numbers; None when one of them does not."""
    pairs = [(new.begin(number), new) for new in group if (number := new.draft.number) is not None]
    if len(pairs) != len(group):
        return None
    records = [record for record, _ in pairs]
    tickets = TicketRow.metadata.tables[TicketRow.__tablename__]
    return records, [(tickets, ticket_rows(pairs)), *companion_rows(records)]


async def act(connection: AsyncConnection, action: Action) -> Acted | TicketError:
    """Makes one move under the ticket's row lock. Conflicts are returned, so that their record is committed."""
    query = select(TicketRow.__table__).where(TicketRow.number == action.number).with_for_update()
    row = (await connection.execute(query)).mappings().first()
    if row is None:
        return TicketNotFound(f"there is no ticket {action.number}")
    earlier = await _earlier_action(connection, row["id"], action.key)
    if earlier is not None:
        if earlier["fingerprint"] == action.fingerprint:
            return await _repeated(connection, row["id"], earlier)
        await _keep_conflict(
            connection, KeyReused.code, action.number, action.key, action.at, dict(earlier["body"]), dict(action.body)
        )
        return KeyReused("this key was used for another action on this ticket; both are kept for review", action.number)
    head = TicketHead(row["id"], row["number"], State(row["state"]), row["last_seq"], row["last_hash"])
    facts = Facts(RequestKind(row["kind"]), row["level"], row["unit_id"], row["unit"])
    life = await load_life(connection, row)
    try:
        change = action.decide(Case(head, facts, life))
    except TicketError as exc:
        return exc
    event, last = change.events[0], change.events[-1]
    await connection.execute(insert(EventRow), [event_values(head.id, each) for each in change.events])
    if action.attachment is not None:
        await connection.execute(insert(AttachmentRow), attachment_values(head.id, action.attachment))
    await connection.execute(
        insert(ActionRow),
        {
            "ticket_id": head.id,
            "idempotency_key": action.key,
            "fingerprint": action.fingerprint,
            "seq": event.seq,
            "attachment_id": action.attachment.id if action.attachment else None,
            "body": dict(action.body),
        },
    )
    await connection.execute(
        update(TicketRow)
        .where(TicketRow.id == head.id)
        .values(
            state=last.state.value,
            updated_at=last.at,
            last_seq=last.seq,
            last_hash=last.hash,
            **life_values(change.life, facts.unit_id, facts.unit),
        )
    )
    await save_life(connection, head.id, life, change.life)
    await enqueue(connection, [ticket_notice(head.number, each) for each in change.events])
    return Acted(event, action.attachment, fresh=True)


async def load(connection: AsyncConnection, condition: Any) -> tuple[TicketRecord, str] | None:
    """The first ticket that fits, with the fingerprint of the body it was made from."""
    joined = select(TicketRow.__table__, PartyRow.number.label("party_number"), PartyRow.confidential).join_from(
        TicketRow, PartyRow, PartyRow.ticket_id == TicketRow.id
    )
    row = (await connection.execute(joined.where(condition))).mappings().first()
    if row is None:
        return None
    events = select(EventRow.__table__).where(EventRow.ticket_id == row["id"]).order_by(EventRow.seq)
    files = select(AttachmentRow.__table__).where(AttachmentRow.ticket_id == row["id"]).order_by(AttachmentRow.id)
    party = {"number": row["party_number"], "confidential": row["confidential"]}
    record = record_from(
        row,
        party,
        (await connection.execute(events)).mappings().all(),
        (await connection.execute(files)).mappings().all(),
        await load_life(connection, row),
    )
    return record, row["fingerprint"]


async def _records(connection: AsyncConnection, group: Sequence[NewTicket]) -> list[tuple[TicketRecord, NewTicket]]:
    """The group's records, without those that were taken earlier and have no number of their own to insert with.

    That look is only there so that repetitions do not use up numbers; what decides is the constraint, later.
    """
    unnumbered = [new for new in group if new.draft.number is None]
    known: set[str] = set()
    if unnumbered:
        query = select(TicketRow.idempotency_key).where(TicketRow.idempotency_key.in_([new.key for new in unnumbered]))
        known = set((await connection.execute(query)).scalars())
    numbers = await _give_numbers(connection, [new for new in unnumbered if new.key not in known])
    given = [(new, new.draft.number or numbers.get(new.id)) for new in group]
    return [(new.begin(number), new) for new, number in given if number is not None]


async def _give_numbers(connection: AsyncConnection, group: Sequence[NewTicket]) -> dict[str, str]:
    """Numbers of the service's own node, one block for each day in the group. A lost race leaves a gap, no double."""
    given: dict[str, str] = {}
    for day in sorted({_day(new) for new in group}):
        members = [new for new in group if _day(new) == day]
        statement = upsert(connection, CounterRow).values(day=day, node=SERVICE_NODE, last=len(members))
        statement = statement.on_conflict_do_update(
            index_elements=["day", "node"], set_={"last": CounterRow.last + len(members)}
        ).returning(CounterRow.last)
        last = (await connection.execute(statement)).scalar_one()
        for sequence, new in enumerate(members, start=last - len(members) + 1):
            given[new.id] = str(service_number(new.at, sequence))
    return given


def _day(new: NewTicket) -> str:
    return f"{new.at.astimezone(CHINA):%y%m%d}"


async def _loser(connection: AsyncConnection, new: NewTicket) -> Outcome:
    """Why a row was not inserted: a repetition, another body under the key, or a number or call already taken."""
    body = dict(new.body)
    found = await load(connection, TicketRow.idempotency_key == new.key)
    if found is not None:
        record, known = found
        if known == new.fingerprint:
            return Created(record, fresh=False)
        await _keep_conflict(connection, KeyReused.code, record.number, new.key, new.at, draft_json(record.draft), body)
        return KeyReused("this key belongs to another body; both bodies are kept for review", record.number)
    found = await load(connection, _same_identity(new))
    if found is None:
        return StoreFailed("the store refused a ticket for no constraint that it knows; a person must look at it")
    record, _ = found
    refusal: NumberTaken | CallRequestTaken
    if record.number == new.draft.number:
        refusal = NumberTaken("the ticket number belongs to another request; both are kept for review", record.number)
    else:
        refusal = CallRequestTaken("this call and request index have a ticket; add to it instead", record.number)
    await _keep_conflict(connection, refusal.code, record.number, new.key, new.at, draft_json(record.draft), body)
    return refusal


def _same_identity(new: NewTicket) -> Any:
    conditions: list[Any] = [TicketRow.number == new.draft.number]
    if new.draft.call is not None:
        conditions.append(
            and_(
                TicketRow.call_node == new.draft.call.node,
                TicketRow.call_id == new.draft.call.id,
                TicketRow.request_index == new.draft.request_index,
            )
        )
    return or_(*conditions)


async def _keep_conflict(
    connection: AsyncConnection,
    reason: str,
    number: str,
    key: str,
    at: datetime,
    first: dict[str, Any],
    second: dict[str, Any],
) -> None:
    digest = fingerprint(second)
    row = {
        "id": fingerprint([reason, number, key, digest])[:32],
        "at": at,
        "reason": reason,
        "ticket_number": number,
        "idempotency_key": key,
        "first_body": first,
        "second_body": second,
        "second_fingerprint": digest,
        "resolved_at": None,
    }
    await connection.execute(upsert(connection, ConflictRow).on_conflict_do_nothing(), row)


async def _earlier_action(connection: AsyncConnection, ticket_id: str, key: str) -> Any:
    query = select(ActionRow.__table__).where(ActionRow.ticket_id == ticket_id, ActionRow.idempotency_key == key)
    return (await connection.execute(query)).mappings().first()


async def _repeated(connection: AsyncConnection, ticket_id: str, earlier: Any) -> Acted:
    query = select(EventRow.__table__).where(EventRow.ticket_id == ticket_id, EventRow.seq == earlier["seq"])
    event = event_from((await connection.execute(query)).mappings().one())
    if earlier["attachment_id"] is None:
        return Acted(event, None, fresh=False)
    files = select(AttachmentRow.__table__).where(AttachmentRow.id == earlier["attachment_id"])
    return Acted(event, attachment_from((await connection.execute(files)).mappings().one()), fresh=False)
