"""The single writer: requests queue, one task puts all that wait into one transaction, one durable commit answers them.

With `synchronous=FULL` a commit costs one fsync, so what bounds a service is commits, not rows; and SQLite has one
writer at a time anyway. While one commit runs, the next group gathers; nobody waits for a timer. Nothing is answered
before its commit. A group that fails for one member's sake is run again member by member; a commit that fails is
answered with "unavailable" to all, and the same keys may be sent again. The queue is bounded: a full one refuses.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tickets.domain.errors import StoreFailed, StoreUnavailable, TicketError
from tickets.faults import kind_and_place
from tickets.ports import Created, NewTicket
from tickets.store.engine import translate
from tickets.store.outbox import creation_notices
from tickets.store.sqlite_groups import SqliteGroups
from tickets.store.statements import insert_tickets, numbered_rows

log = structlog.get_logger()

Job = Callable[[AsyncConnection], Awaitable[object]]
ATTEMPTS: Final = 3
"""How often a transaction is run when the database asks for it (fail-over, deadlock); SQLite's lock waits itself."""


@dataclass(frozen=True, slots=True)
class _Creation:
    new: NewTicket
    done: asyncio.Future[object]


@dataclass(frozen=True, slots=True)
class _Change:
    run: Job
    done: asyncio.Future[object]


_Entry = _Creation | _Change


class Writer:
    """Owns the writing connection. `run` must be running in a task for the other methods to return."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        guard: Callable[[], None],
        group_size: int,
        queue_size: int,
        write_timeout: float,
        observe: Callable[[int], None] = lambda _size: None,
        groups: SqliteGroups | None = None,
    ) -> None:
        """`guard` raises StoreFailed when the database must not be written; `observe` gets each group's size. With
        `groups` new tickets take the short way into SQLite, in transactions of their own."""
        self._engine = engine
        self._guard = guard
        self._group_size = group_size
        self._write_timeout = write_timeout
        self._observe = observe
        self._groups = groups
        self._queue: asyncio.Queue[_Entry | None] = asyncio.Queue(maxsize=queue_size)
        self._closed = False
        self._waiting: deque[tuple[float, asyncio.Future[object]]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def create(self, new: NewTicket) -> Created:
        done: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        answer = await self._submit(_Creation(new, done))
        if not isinstance(answer, Created):
            raise StoreFailed("the store gave an answer that it should not know")
        return answer

    async def change(self, run: Job) -> object:
        """Runs `run` inside a group's transaction. It may run more than once: when another of the group failed."""
        done: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        return await self._submit(_Change(run, done))

    async def close(self) -> None:
        """Refuses new work and lets `run` return once what waits is written."""
        self._closed = True
        await self._queue.put(None)

    async def run(self) -> None:
        open_ = True
        while open_:
            entry = await self._queue.get()
            group: list[_Entry] = []
            while entry is not None:
                if not entry.done.done():
                    group.append(entry)
                if len(group) >= self._group_size or self._queue.empty():
                    break
                entry = self._queue.get_nowait()
            open_ = entry is not None
            for part in self._parts(group):
                await self._answer(part)
        if self._timer is not None:
            self._timer.cancel()

    async def _submit(self, entry: _Entry) -> object:
        if self._closed:
            raise StoreUnavailable("the ticket service is stopping; send the request again with the same key")
        try:
            self._queue.put_nowait(entry)
        except asyncio.QueueFull as exc:
            raise StoreUnavailable("too many requests wait for the ticket database; send it again later") from exc
        self._limit(entry.done)
        answer = await entry.done
        if isinstance(answer, TicketError):
            raise answer
        return answer

    def _limit(self, done: asyncio.Future[object]) -> None:
        """All wait equally long and in their order, so one timer, for the longest waiting, does for them all."""
        while self._waiting and self._waiting[0][1].done():
            self._waiting.popleft()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._write_timeout
        self._waiting.append((deadline, done))
        if self._timer is None:
            self._timer = loop.call_at(deadline, self._expire)

    def _expire(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting and (self._waiting[0][1].done() or self._waiting[0][0] <= loop.time()):
            _, done = self._waiting.popleft()
            if not done.done():
                done.set_result(StoreUnavailable("the ticket database did not answer in time; send it again"))
        self._timer = loop.call_at(self._waiting[0][0], self._expire) if self._waiting else None

    def _parts(self, group: list[_Entry]) -> list[list[_Entry]]:
        """The group as it is, or its creations and its changes apart where creations have a way of their own."""
        if self._groups is None:
            return [group] if group else []
        parts: tuple[list[_Entry], list[_Entry]] = ([], [])
        for entry in group:
            parts[isinstance(entry, _Change)].append(entry)
        return [part for part in parts if part]

    async def _answer(self, group: list[_Entry]) -> None:
        """One group from begin to answers. Never raises: the writer outlives every group."""
        self._observe(len(group))
        try:
            answers = await self._commit(group)
        except Exception as exc:
            if len(group) > 1 and _unavailable(exc) is None:
                for entry in group:
                    await self._answer([entry])
                return
            log.warning("group_not_written", size=len(group), error=type(exc).__name__)
            answers = [_as_refusal(exc)] * len(group)
        for entry, answer in zip(group, answers, strict=True):
            if not entry.done.done():
                entry.done.set_result(answer)
        taken = [answer.record.number for answer in answers if isinstance(answer, Created) and answer.fresh]
        if taken:
            log.info("tickets_taken", numbers=taken)

    async def _commit(self, group: list[_Entry]) -> list[object]:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await self._transaction(group)
            except SQLAlchemyError as exc:
                refusal = translate(exc)
                again = type(refusal) is StoreUnavailable and self._engine.dialect.name == "postgresql"
                if not again or attempt == ATTEMPTS:
                    raise
                log.warning("transaction_again", attempt=attempt, error=type(exc).__name__)
        raise StoreUnavailable("the ticket database did not take the request")

    async def _transaction(self, group: list[_Entry]) -> list[object]:
        self._guard()
        creations = [entry for entry in group if isinstance(entry, _Creation)]
        if self._groups is not None and creations:
            at_once = await _at_once(self._groups, [entry.new for entry in creations])
            if at_once is not None:
                return at_once
        answers: dict[int, object] = {}
        async with self._engine.begin() as connection:
            if creations:
                made: Sequence[object] = await insert_tickets(connection, [entry.new for entry in creations])
                answers.update({id(entry): answer for entry, answer in zip(creations, made, strict=True)})
            for entry in group:
                if isinstance(entry, _Change):
                    # No savepoint: two round trips less. When one fails, all are run again, each alone.
                    answers[id(entry)] = await entry.run(connection)
        return [answers[id(entry)] for entry in group]


async def _at_once(groups: SqliteGroups, group: Sequence[NewTicket]) -> list[object] | None:
    """The answers when every one of the group is new and could be written; None when nothing was."""
    found = numbered_rows(group)
    if found is None:
        return None
    records, rows = found
    if not await groups.insert(rows, lambda: creation_notices(records)):
        return None
    return [Created(record, fresh=True, body=new.body) for record, new in zip(records, group, strict=True)]


def _unavailable(exc: Exception) -> StoreUnavailable | None:
    return exc if isinstance(exc, StoreUnavailable) else translate(exc)


def _as_refusal(exc: Exception) -> TicketError:
    """What the one who asked is told. Anything unforeseen is logged with its kind and told as a failed store."""
    if isinstance(exc, TicketError):
        return exc
    known = translate(exc)
    if known is not None:
        return known
    log.error("write_failed", **kind_and_place(exc))
    return StoreFailed("the ticket store could not write this request; a person must look at the service's log")
