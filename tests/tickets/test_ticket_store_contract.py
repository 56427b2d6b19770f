"""One contract, three stores: in memory, SQLite, and PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Protocol

import pytest
from sqlalchemy import select

from tests.fakes.tickets import START, InMemoryTickets, a_draft, a_new_ticket, an_attachment
from tickets.domain.case import Case, Change
from tickets.domain.errors import CallRequestTaken, IllegalMove, KeyReused, NumberTaken, TicketNotFound
from tickets.domain.history import broken_at, fingerprint, seal
from tickets.domain.roles import Role
from tickets.domain.states import State, Verb, step
from tickets.domain.ticket import Attachment
from tickets.ports import Action, Health, StoredToken, TicketQuery, TicketStore, TokenStore
from tickets.store.engine import open_engine, parse_url
from tickets.store.models import ConflictRow
from tickets.store.sql import StoreOptions, open_store


class Store(TicketStore, TokenStore, Protocol):
    pass


class Stores:
    """Opens the store of one kind; `url` is None for the one in memory."""

    def __init__(self, url: str | None) -> None:
        self.url = url
        self._memory = InMemoryTickets()

    @asynccontextmanager
    async def _in_memory(self) -> AsyncIterator[Store]:
        yield self._memory

    def open(self) -> AbstractAsyncContextManager[Store]:
        return self._in_memory() if self.url is None else open_store(self.url, StoreOptions())

    async def conflicts(self) -> list[tuple[str, str]]:
        if self.url is None:
            return [(reason, number) for reason, number, _, _ in self._memory.conflicts]
        engine = open_engine(parse_url(self.url), writes=False, size=1, busy_timeout=1)
        try:
            async with engine.connect() as connection:
                rows = await connection.execute(select(ConflictRow.reason, ConflictRow.ticket_number))
                return [(reason, number) for reason, number in rows]
        finally:
            await engine.dispose()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def stores(request: pytest.FixtureRequest) -> Stores:
    names = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}
    return Stores(request.getfixturevalue(names[request.param]) if request.param in names else None)


def a_note(number: str, key: str, words: str, attachment: Attachment | None = None, verb: Verb = Verb.NOTE) -> Action:
    body = {"verb": verb.value, "note": words}

    def decide(case: Case) -> Change:
        head = case.head
        event = seal(head.number, head.seq + 1, verb, step(head.state, verb), START, "machine", body, head.hash)
        return Change((event,), case.life)

    return Action(number, key, fingerprint(body), body, START, decide, attachment)


@pytest.mark.fault("F21")
async def test_the_same_key_and_body_is_the_same_ticket(stores: Stores) -> None:
    async with stores.open() as store:
        first = await store.create(a_new_ticket("k", order=1))
        again = await store.create(a_new_ticket("k", order=2))
        assert (first.fresh, again.fresh) == (True, False)
        assert again.record == first.record
        assert await store.get(first.record.number) == first.record


@pytest.mark.fault("F22")
async def test_many_at_once_with_one_key_make_one_ticket(stores: Stores) -> None:
    async with stores.open() as store:
        answers = await asyncio.gather(*(store.create(a_new_ticket("k", order=order)) for order in range(1, 21)))
        assert sum(answer.fresh for answer in answers) == 1
        assert len({answer.record.number for answer in answers}) == 1


@pytest.mark.fault("F23")
async def test_another_body_under_a_key_is_refused_and_both_are_kept_once(stores: Stores) -> None:
    async with stores.open() as store:
        made = await store.create(a_new_ticket("k", order=1))
        for order in (2, 3):
            with pytest.raises(KeyReused) as refusal:
                await store.create(a_new_ticket("k", a_draft(level=1), order=order))
            assert refusal.value.number == made.record.number
        assert await store.get(made.record.number) == made.record
    assert await stores.conflicts() == [("idempotency_key_reused", made.record.number)]


async def test_a_number_and_a_call_with_its_index_have_one_ticket_each(stores: Stores) -> None:
    async with stores.open() as store:
        await store.create(a_new_ticket("k1", a_draft("261122010001", "1.1"), order=1))
        with pytest.raises(NumberTaken):
            await store.create(a_new_ticket("k2", a_draft("261122010001", "1.2"), order=2))
        with pytest.raises(CallRequestTaken) as refusal:
            await store.create(a_new_ticket("k3", a_draft("261122010003", "1.1"), order=3))
        assert refusal.value.number == "261122010001"
        second = await store.create(a_new_ticket("k4", a_draft("261122010004", "1.1", request_index=2), order=4))
        assert second.fresh


async def test_numbers_of_the_service_are_consecutive_and_repetitions_use_none(stores: Stores) -> None:
    async with stores.open() as store:
        numbers = [(await store.create(a_new_ticket(key, order=n))).record.number for n, key in enumerate("abaabc", 1)]
    assert sorted(set(numbers)) == ["261122000001", "261122000002", "261122000003"]


async def test_a_mixed_group_answers_each_with_its_own(stores: Stores) -> None:
    async with stores.open() as store:
        drafts = [a_draft(f"26112201{n:04d}", f"1.{n}") for n in range(10)]
        wanted = [store.create(a_new_ticket(f"k{n}", draft, order=n + 1)) for n, draft in enumerate(drafts)]
        wanted.append(store.create(a_new_ticket("k3", a_draft(level=1), order=50)))
        answers = await asyncio.gather(*wanted, return_exceptions=True)
        assert [getattr(answer, "fresh", None) for answer in answers[:10]] == [True] * 10
        assert [answer.record.number for answer in answers[:10]] == [draft.number for draft in drafts]  # type: ignore[union-attr]  # checked above
        assert isinstance(answers[10], KeyReused)


async def test_full_and_bare_tickets_of_one_group_are_kept_as_they_came(stores: Stores) -> None:
    bare = a_draft("261122010002", None, emergency=None, unit=None, unit_id=None, confidence=None, note=None, places=())
    drafts = [
        a_draft("261122010001", "1.1", note="门口\n'; --"),
        replace(bare, call=None),
        a_draft("261122010003", "1.3"),
    ]
    async with stores.open() as store:
        wanted = (store.create(a_new_ticket(f"k{n}", draft, order=n)) for n, draft in enumerate(drafts, 1))
        made = [created.record for created in await asyncio.gather(*wanted)]
        assert [await store.get(record.number) for record in made] == made
        assert [record.draft for record in made] == drafts


async def test_events_extend_the_chain_and_repeat_under_their_key(stores: Stores) -> None:
    async with stores.open() as store:
        number = (await store.create(a_new_ticket("k"))).record.number
        first = await store.act(a_note(number, "n1", "回电", an_attachment()))
        again = await store.act(a_note(number, "n1", "回电", an_attachment()))
        assert (first.fresh, again.fresh, again.event) == (True, False, first.event)
        assert again.attachment == an_attachment()
        with pytest.raises(KeyReused):
            await store.act(a_note(number, "n1", "别的"))
        with pytest.raises(IllegalMove):
            await store.act(a_note(number, "n2", "回访", verb=Verb.VISIT))
        with pytest.raises(TicketNotFound):
            await store.act(a_note("261122019999", "n1", "无"))
        await store.act(a_note(number, "n3", "签收", verb=Verb.SIGN))
        record = await store.get(number)
    assert record is not None
    assert [event.verb for event in record.history] == [Verb.ACCEPT, Verb.DISPATCH, Verb.NOTE, Verb.SIGN]
    assert record.state is State.SIGNED
    assert record.attachments == (an_attachment(),)
    assert broken_at(number, record.history) is None


async def test_concurrent_events_on_one_ticket_lose_none(stores: Stores) -> None:
    async with stores.open() as store:
        number = (await store.create(a_new_ticket("k"))).record.number
        await asyncio.gather(*(store.act(a_note(number, f"n{n}", f"第{n}条")) for n in range(20)))
        record = await store.get(number)
    assert record is not None
    assert {event.data.get("note") for event in record.history[2:]} == {f"第{n}条" for n in range(20)}
    assert broken_at(number, record.history) is None


async def test_lists_filter_and_page_newest_first(stores: Stores) -> None:
    async with stores.open() as store:
        for n in range(1, 6):
            draft = a_draft(f"26112201{n:04d}", f"1.{n}", unit="甲" if n % 2 else "乙")
            await store.create(a_new_ticket(f"k{n}", draft, order=n, at=START + timedelta(minutes=n)))

        async def numbers(query: TicketQuery) -> list[str]:
            return [line.number[-1] for line in await store.search(query)]

        assert await numbers(TicketQuery()) == ["5", "4", "3", "2", "1"]
        assert await numbers(TicketQuery(limit=2, before=f"{4:032x}")) == ["3", "2"]
        assert await numbers(TicketQuery(unit="乙")) == ["4", "2"]
        assert await numbers(TicketQuery(call_id="1.3")) == ["3"]
        assert await numbers(TicketQuery(caller_tail="0000", limit=1)) == ["5"]
        assert await numbers(TicketQuery(caller_tail="1111")) == []
        assert await numbers(TicketQuery(state=State.CLOSED)) == []
        since, until = START + timedelta(minutes=2), START + timedelta(minutes=4)
        assert await numbers(TicketQuery(created_from=since, created_to=until)) == ["3", "2"]
        assert await numbers(TicketQuery(category_l1="' OR 1=1 --")) == []


async def test_a_ticket_reads_back_as_it_was_taken(stores: Stores) -> None:
    draft = a_draft("261122010001", "1.1", note="''\\ \" 😀 <script>", confidence=0.1)
    async with stores.open() as store:
        await store.create(a_new_ticket("k", draft))
        record = await store.get("261122010001")
        assert record is not None
        assert record.draft == draft
        assert (await store.health()).health is Health.OK


async def test_tokens_are_kept_and_replaced(stores: Stores) -> None:
    token = StoredToken("ab", "machine", Role.MACHINE, "00" * 32, START)
    async with stores.open() as store:
        assert await store.token("ab") is None
        await store.put_token(token)
        revoked = replace(token, revoked_at=START)
        await store.put_token(revoked)
        assert await store.token("ab") == revoked
