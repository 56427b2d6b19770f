"""The life of tickets as a stateful model: anybody sends any verb in any order while time jumps and clocks strike, over
a real store, and after every step the invariants hold.

A usual run takes a few hundred steps on each database; `HOTLINE_STEPS=20000` takes that many.
"""

import asyncio
import itertools
import os
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, cast

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.fakes.tickets import FakeClock, a_draft
from tests.tickets.conftest import held
from tests.tickets.lifecycle import PEOPLE, UNITS, VERBS, a_command, check, likely_people, likely_verbs
from tests.tickets.postgres import Cluster
from tickets.domain.commands import AddLink, Command, Merge
from tickets.domain.errors import KeyReused, StoreFailed, StoreUnavailable, TicketError
from tickets.domain.roles import Principal, Role
from tickets.domain.states import State
from tickets.domain.ticket import Category, Channel, Completeness, RequestKind, TicketDraft, TicketRecord
from tickets.ports import FileStore, TicketQuery
from tickets.service.clock import Ids
from tickets.service.deadlines import DeadlineService
from tickets.service.holidays import national_years
from tickets.service.reference import Reference
from tickets.service.tickets import TicketService
from tickets.store.sql import SqlStore, StoreOptions, open_store

STEPS = int(os.environ.get("HOTLINE_STEPS", "240"))
A_RUN = 50 if STEPS >= 5000 else 30
"""Steps of one run, on a database of its own."""

OPERATOR = Principal("desk", Role.OPERATOR)
TICKETS = 5
"""Most tickets of one run: few tickets get old, many would stay young."""

CATEGORIES = (
    Category("城乡建设", "环境卫生", "垃圾清运"),
    Category("环境保护", None, None),
    Category(None, None, None),
)


class World:
    """The service on a database, and what was acknowledged: everything that was must stay true."""

    def __init__(self, url: str) -> None:
        self.clock = FakeClock()
        self.known: dict[str, TicketRecord] = {}
        self.drafts: dict[str, tuple[TicketDraft, str]] = {}
        self.acts: list[tuple[str, str, Command, Principal, int]] = []
        self.keys = itertools.count(1)
        self._url = url
        self._stack = AsyncExitStack()

    async def open(self) -> None:
        self.store: SqlStore = await self._stack.enter_async_context(
            held(open_store(self._url, StoreOptions(readers=1)))
        )
        reference = Reference(self.store, self.clock, 1.0)
        await reference.seed(national_years())
        if not self.known:
            await reference.put_units(UNITS, replace=True)
        self.service = TicketService(self.store, cast(FileStore, None), self.clock, Ids(self.clock), reference)
        self.clocks = DeadlineService(self.store, self.service)

    async def close(self) -> None:
        await self._stack.aclose()

    async def take(self, draft: TicketDraft) -> None:
        key = f"k{next(self.keys)}"
        created = await self.service.take(draft, key, OPERATOR)
        number = created.record.number
        assert created.fresh
        assert number not in self.known
        self.drafts[key] = (draft, number)
        await self.look(number)

    async def take_again(self, key: str, draft: TicketDraft | None) -> None:
        """The same request under its key, or (`draft`) another one."""
        first, number = self.drafts[key]
        if draft is None or draft == first:
            created = await self.service.take(first, key, OPERATOR)
            assert (created.fresh, created.record.number) == (False, number)
        else:
            with pytest.raises(KeyReused) as refusal:
                await self.service.take(draft, key, OPERATOR)
            assert refusal.value.number == number
        await self.look(number, moved=False)

    async def act(self, number: str, command: Command, who: Principal) -> bool:
        key, before = f"a{next(self.keys)}", len(self.known[number].history)
        try:
            acted = await self.service.act(number, key, command, who)
        except (StoreFailed, StoreUnavailable):
            raise
        except TicketError:
            await self.look(number, moved=False)
            return False
        assert acted.fresh
        assert acted.event.seq == before + 1
        assert acted.event.actor == who.name
        self.acts.append((number, key, command, who, acted.event.seq))
        await self.look(number)
        if isinstance(command, Merge | AddLink):
            # Both write into the other ticket as well.
            for each in self.known:
                await self.look(each, moved=None)
        return True

    async def act_again(self, order: int) -> None:
        number, key, command, who, seq = self.acts[order % len(self.acts)]
        acted = await self.service.act(number, key, command, who)
        assert (acted.fresh, acted.event.seq) == (False, seq)
        await self.look(number, moved=False)

    async def strike(self) -> None:
        """All clocks that are due strike, each once."""
        work = await self.clocks.due_work(self.clock.now(), 50)
        for each in work:
            await self.clocks.perform(each)
            await self.look(each.number, moved=None)
            assert not await self.clocks.perform(each), "a clock's step was taken twice"
        for each in await self.clocks.due_work(self.clock.now(), 50):
            assert each not in work, f"a step that was taken is still due: {each}"

    async def look(self, number: str, *, moved: bool | None = True) -> None:
        """Reads a ticket, holds it against what it was, and remembers it. `moved` is None where either will do."""
        record = await self.store.get(number)
        assert record is not None
        before = self.known.get(number)
        check(before, record)
        if before is not None and moved is not None:
            assert (record != before) is moved, f"{before.state} {before.history[-1].verb} → {record.history[-1].verb}"
        self.known[number] = record

    async def count(self) -> None:
        """Numbers are unique; the sums over categories and over states are the total."""
        lines = await self.service.search(TicketQuery(limit=10_000))
        numbers = [line.number for line in lines]
        assert sorted(numbers) == sorted(self.known)
        assert {line.number: line.state for line in lines} == {n: each.state for n, each in self.known.items()}
        by_state = [await self._found(TicketQuery(state=state, limit=10_000)) for state in State]
        named = [category.l1 for category in CATEGORIES if category.l1 is not None]
        by_category = [await self._found(TicketQuery(category_l1=name, limit=10_000)) for name in named]
        without = sum(each.draft.category.l1 is None for each in self.known.values())
        assert sum(by_state) == len(numbers)
        assert sum(by_category) + without == len(numbers)

    async def _found(self, query: TicketQuery) -> int:
        return len(await self.service.search(query))


class Lifecycle(RuleBasedStateMachine):
    """Rules are what people, clocks and operators of the service do."""

    fresh: ClassVar[Callable[[], str]]
    steps: ClassVar[list[str]] = []
    """What happened, for the count at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.world = World(type(self).fresh())
        self.runner.run(self.world.open())

    def teardown(self) -> None:
        try:
            self.runner.run(self.world.count())
        finally:
            self.runner.run(self.world.close())
            self.runner.close()

    @initialize(channel=st.sampled_from((Channel.PHONE, Channel.WEB)))
    def first(self, channel: Channel) -> None:
        self.take(channel, RequestKind.COMPLAINT, "u-1", 3, Completeness.COMPLETE, CATEGORIES[0])

    @precondition(lambda self: len(self.world.known) < TICKETS)
    @rule(
        channel=st.sampled_from((Channel.PHONE, Channel.WEB, Channel.OPEN311)),
        kind=st.sampled_from(RequestKind),
        unit=st.sampled_from((None, "u-1", "u-2", "u-3", "u-5", "u-unknown")),
        level=st.integers(1, 4),
        completeness=st.sampled_from(Completeness),
        category=st.sampled_from(CATEGORIES),
    )
    def take(
        self,
        channel: Channel,
        kind: RequestKind,
        unit: str | None,
        level: int,
        completeness: Completeness,
        category: Category,
    ) -> None:
        draft = a_draft(
            channel=channel, kind=kind, unit_id=unit, level=level, completeness=completeness, category=category
        )
        self.steps.append("take")
        self.runner.run(self.world.take(draft))

    @rule(data=st.data(), other=st.booleans())
    def take_again(self, data: st.DataObject, other: bool) -> None:
        key = data.draw(st.sampled_from(sorted(self.world.drafts)))
        draft = a_draft(summary="另一件事") if other else None
        self.steps.append("take again")
        self.runner.run(self.world.take_again(key, draft))

    @rule(data=st.data())
    def go_on(self, data: st.DataObject) -> None:
        self._act(data, likely=True)

    @rule(data=st.data())
    def go_on_further(self, data: st.DataObject) -> None:
        """Several moves at once: lives shall get old."""
        for _ in range(4):
            self._act(data, likely=True)

    @rule(data=st.data())
    def anybody_anything(self, data: st.DataObject) -> None:
        self._act(data, likely=False)

    @precondition(lambda self: self.world.acts)
    @rule(order=st.integers(0, 1000))
    def act_again(self, order: int) -> None:
        self.steps.append("act again")
        self.runner.run(self.world.act_again(order))

    @rule(minutes=st.sampled_from((1, 9, 31, 61, 240, 24 * 60, 3 * 24 * 60, 9 * 24 * 60)))
    def time_passes(self, minutes: int) -> None:
        self.steps.append("time")
        self.world.clock.advance(timedelta(minutes=minutes).total_seconds())
        self.runner.run(self.world.strike())

    @rule()
    def restart(self) -> None:
        self.steps.append("restart")
        self.runner.run(self.world.close())
        self.runner.run(self.world.open())

    @invariant()
    def numbers_are_unique(self) -> None:
        numbers = [number for _, number in self.world.drafts.values()]
        assert len(numbers) == len(set(numbers)) == len(self.world.known)

    def _act(self, data: st.DataObject, *, likely: bool) -> None:
        world = self.world
        number = data.draw(st.sampled_from(sorted(world.known)))
        record = world.known[number]
        verb = data.draw(st.sampled_from(likely_verbs(record.state) if likely else VERBS))
        who = data.draw(st.sampled_from(likely_people(verb, record) if likely else PEOPLE))
        command = data.draw(a_command(verb, record, sorted(world.known), world.clock.now()))
        done = self.runner.run(world.act(number, command, who))
        self.steps.append(f"{verb} {'done' if done else 'refused'}")


def play(fresh: Callable[[], str]) -> list[str]:
    """Runs about STEPS steps; what they were."""
    steps: list[str] = []
    machine: Any = type("Life", (Lifecycle,), {"fresh": staticmethod(fresh), "steps": steps})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=max(1, STEPS // A_RUN),
            stateful_step_count=A_RUN,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
            phases=(Phase.generate, Phase.shrink) if STEPS <= 1000 else (Phase.generate,),
            print_blob=True,
        ),
    )
    return steps


@pytest.mark.timeout(max(60, STEPS))
@pytest.mark.requirement("TK-1", "TK-6")
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_whatever_happens_to_tickets_what_must_hold_holds(
    database: str, request: pytest.FixtureRequest, sqlite_template: Path, tmp_path: Path
) -> None:
    if database == "sqlite":
        fresh = partial(copied, sqlite_template, tmp_path, itertools.count(1))
    else:
        cluster: Cluster = request.getfixturevalue("postgres")
        fresh = cluster.fresh
    steps = play(fresh)
    done = {each.removesuffix(" done") for each in steps if each.endswith(" done")}
    print(f"{len(steps)} steps on {database}; verbs carried out: {len(done)} of {len(VERBS)}")
    # A short run goes where chance leads it; a long one must have been nearly everywhere.
    assert STEPS < 5000 or len(done) >= len(VERBS) - 3, sorted(set(VERBS) - done)


def copied(template: Path, folder: Path, count: "itertools.count[int]") -> str:
    """A new SQLite database; the files of earlier ones make room."""
    number = next(count)
    for each in folder.glob(f"life-{number - 1}.db*"):
        each.unlink()
    for each in template.parent.glob(f"{template.name}*"):
        (folder / each.name.replace(template.name, f"life-{number}.db")).write_bytes(each.read_bytes())
    return f"sqlite:///{folder}/life-{number}.db"
