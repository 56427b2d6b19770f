"""What a citizen may see of a ticket: where it stands, in plain Chinese, who has it, and by when. Nothing personal.

The one secret is the last four digits of the caller's number. An unknown number and a wrong tail get the same answer
after the same work: one look-up that finds or does not find, and one comparison that takes the same time either way.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from tickets.domain.errors import TicketError
from tickets.domain.states import State

PLAIN: Final[Mapping[State, str]] = {
    State.UNDER_REVIEW: "已收到，正在审核",
    State.REJECTED: "经审核不予受理",
    State.ACCEPTED: "已受理，等待派单",
    State.HANDED_OVER: "已转交承办单位，将给您回电",
    State.CALLED_BACK: "承办单位已回电，等待回访",
    State.DISPATCHED: "已派单，等待承办单位签收",
    State.SIGNED: "承办单位已签收",
    State.CONTACTED: "承办单位已与您联系",
    State.IN_PROGRESS: "正在办理",
    State.EXTENSION_REQUESTED: "正在办理，承办单位已申请延期",
    State.EXTENSION_APPROVED: "正在办理，已批准延期",
    State.EXTENSION_REFUSED: "正在办理，未批准延期",
    State.ON_LEDGER: "暂时无法办结，已列入跟踪台账",
    State.MERGED: "与同一事项的工单合并办理",
    State.ANSWERED: "承办单位已答复",
    State.COMPLETED: "已办结，等待回访",
    State.VISIT_DUE: "已办结，即将回访",
    State.CLOSED: "已归档",
    State.REHANDLING: "回访后重新办理",
    State.ESCALATED: "已提交联席会议协调",
}
"""Every state in the words that a citizen reads. A test holds it against the states."""

FINISHED: Final = frozenset({State.CLOSED, State.REJECTED, State.MERGED})
"""States in which nothing more is to be expected: `closed` to Open311."""

_NO_TAIL: Final = "----"


class NotShown(TicketError):
    """No such ticket, or not this caller's: the two are not told apart."""

    code = "not_found_or_wrong_tail"
    title = "没有查到"


@dataclass(frozen=True, slots=True)
class Found:
    """One row as the store finds it; `tail` is for comparing and goes no further."""

    number: str
    state: State
    tail: str | None
    unit: str | None
    taken_at: datetime
    updated_at: datetime
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class PublicStatus:
    number: str
    state: State
    words: str
    finished: bool
    unit: str | None
    taken_at: datetime
    updated_at: datetime
    due_at: datetime | None


class PublicStore(Protocol):
    async def status_row(self, number: str) -> Found | None:
        """One look-up by number, whatever the outcome."""
        ...


class PublicService:
    def __init__(self, store: PublicStore) -> None:
        self._store = store

    async def status(self, number: str, tail: str) -> PublicStatus:
        """Raises NotShown."""
        found = await self._store.status_row(number)
        expected = found.tail if found is not None and found.tail is not None else _NO_TAIL
        fits = hmac.compare_digest(tail.encode(), expected.encode("utf-8", "surrogateescape"))
        if found is None or not fits:
            raise NotShown("没有查到：请核对工单编号和来电号码后四位")
        return PublicStatus(
            number=found.number,
            state=found.state,
            words=PLAIN[found.state],
            finished=found.state in FINISHED,
            unit=found.unit,
            taken_at=found.taken_at,
            updated_at=found.updated_at,
            due_at=None if found.state in FINISHED else found.due_at,
        )
