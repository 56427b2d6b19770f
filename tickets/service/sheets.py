"""Hand-over sheets (交办单): what a unit gets on paper, and how anybody can check by its short code that it is ours.

The code is the first 50 bits of an HMAC-SHA256 over the print's row, written in Crockford's base 32, so a code cannot
be guessed or made without the service's key. A check reckons three things anew: the code from the row, the digest of
what the sheet shows from the ticket, and the ticket's chain of events. What is on paper is compared by eye with what
the check says; it says nothing of the caller.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, Protocol

from tickets.domain.errors import TicketError, TicketNotFound
from tickets.domain.history import broken_at, canonical, fingerprint, is_erased
from tickets.domain.roles import Principal, Role
from tickets.domain.ticket import TicketRecord
from tickets.ports import Clock, TicketStore

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O or U."""

_READ_AS: Final = str.maketrans({"I": "1", "L": "1", "O": "0", "-": None, " ": None})
CODE_LENGTH: Final = 10
_HALF: Final = 32
_WORDS_GONE: Final = ";诉求文字已按保存期限删除,不再比对"


class Verdict(StrEnum):
    VALID = "valid"
    ALTERED = "altered"
    UNKNOWN = "unknown"


class NotPrinted(TicketError):
    """A ticket that no unit has an order for, or that is not this unit's."""

    code = "sheet_not_available"
    title = "There is no hand-over sheet of this ticket for you"


@dataclass(frozen=True, slots=True)
class Print:
    """One line of the print log. `content` is the digest of what the sheet shows; `seq` and `chain` are the number and
    hash of the newest event at that time."""

    code: str
    ticket_id: str
    number: str
    copy: int
    printed_at: datetime
    printed_by: str
    unit_id: str | None
    unit: str | None
    content: str
    seq: int
    chain: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found. `current` is False when the ticket has another unit by now. `sheet` None when unknown."""

    verdict: Verdict
    sheet: Print | None
    current: bool
    reason: str


class PrintStore(Protocol):
    async def add_print(self, ticket_id: str, make: Callable[[int], Print]) -> Print:
        """Adds the print that `make` gives for the next copy number of the ticket; durable when it returns."""
        ...

    async def find_print(self, code: str) -> Print | None: ...

    async def prints(self, number: str) -> list[Print]:
        """The print log of a ticket, the first copy first."""
        ...


class SheetService:
    """`key` is the service's own secret of 32 bytes; all instances on one database need the same."""

    def __init__(self, tickets: TicketStore, prints: PrintStore, clock: Clock, key: bytes) -> None:
        self._tickets = tickets
        self._prints = prints
        self._clock = clock
        self._key = key

    async def print(self, number: str, who: Principal) -> tuple[TicketRecord, Print]:
        """Logs a copy and gives what is to be on it. Raises TicketNotFound and NotPrinted."""
        record = await self._shown(number, who)
        main = record.life.main
        if main is None:
            raise NotPrinted(f"ticket {number} was not dispatched to a unit yet; a sheet is printed after that")
        now, last, content = self._clock.now(), record.history[-1], content_digest(record)

        def make(copy: int) -> Print:
            unsigned = Print(
                "", record.id, number, copy, now, who.name, main.unit_id, main.unit_name, content, last.seq, last.hash
            )
            return _coded(unsigned, self._key)

        return record, await self._prints.add_print(record.id, make)

    async def log(self, number: str, who: Principal) -> list[Print]:
        """Who printed which copy, and when."""
        await self._shown(number, who)
        return await self._prints.prints(number)

    async def check(self, presented: str) -> Checked:
        """Is this the code of a sheet of ours, and does the sheet still say what it said?"""
        code = normal(presented)
        sheet = await self._prints.find_print(code) if code is not None else None
        if sheet is None:
            return Checked(Verdict.UNKNOWN, None, False, "没有以此编码打印过交办单")
        if not hmac.compare_digest(_coded(sheet, self._key).code, sheet.code):
            return Checked(Verdict.ALTERED, sheet, False, "打印记录已被改动")
        record = await self._tickets.get(sheet.number)
        if record is None:
            return Checked(Verdict.ALTERED, sheet, False, "该工单已不在库中")
        if broken_at(record.number, record.history) is not None or not _has(record, sheet):
            return Checked(Verdict.ALTERED, sheet, False, "工单办理记录已被改动")
        words_gone = is_erased(record.history[0].data)
        told = _HALF if words_gone else 2 * _HALF
        if content_digest(record)[:told] != sheet.content[:told]:
            return Checked(Verdict.ALTERED, sheet, False, "工单内容与打印时不一致")
        main = record.life.main
        current = main is not None and main.unit_id == sheet.unit_id
        reason = "交办单有效" if current else "交办单真实,但该工单已改派其他单位"
        return Checked(Verdict.VALID, sheet, current, reason + (_WORDS_GONE if words_gone else ""))

    async def _shown(self, number: str, who: Principal) -> TicketRecord:
        record = await self._tickets.get(number)
        if record is None:
            raise TicketNotFound(f"there is no ticket {number}")
        if who.role is Role.UNIT and (who.unit_id is None or not record.life.concerns(who.unit_id)):
            raise NotPrinted("a unit prints the sheets of its own orders only")
        return record


def content_digest(record: TicketRecord) -> str:
    """64 hexadecimal digits for what never changes of a ticket and is on its sheet: half of them for the words, which
    may be erased one day, half for the rest."""
    draft = record.draft
    rest = {
        "number": record.number,
        "received": record.created_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "channel": draft.channel.value,
        "kind": draft.kind.value,
        "category": [draft.category.l1, draft.category.l2, draft.category.problem],
        "level": draft.level,
    }
    words = {"summary": draft.summary, "places": [[each.id, each.name, each.text] for each in draft.places]}
    return fingerprint(rest)[:_HALF] + fingerprint(words)[:_HALF]


def normal(presented: str) -> str | None:
    """A code as it is kept: upper case, without hyphens, `O` read as 0, `I` and `L` as 1. None for what is none."""
    if len(presented) > 3 * CODE_LENGTH:
        return None
    code = presented.strip().upper().translate(_READ_AS)
    return code if len(code) == CODE_LENGTH and set(code) <= set(_ALPHABET) else None


def grouped(code: str) -> str:
    """`AB3DE-9KX2M`, for reading aloud."""
    return f"{code[:5]}-{code[5:]}"


def _has(record: TicketRecord, sheet: Print) -> bool:
    return 0 < sheet.seq <= len(record.history) and record.history[sheet.seq - 1].hash == sheet.chain


def _coded(sheet: Print, key: bytes) -> Print:
    """The print with the code that its other fields and the key give."""
    fields = {
        "number": sheet.number,
        "copy": sheet.copy,
        "at": sheet.printed_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "by": sheet.printed_by,
        "unit": sheet.unit_id,
        "content": sheet.content,
        "seq": sheet.seq,
        "chain": sheet.chain,
    }
    digest = hmac.new(key, b"hand-over-sheet\0" + canonical(fields), hashlib.sha256).digest()
    bits = int.from_bytes(digest[:7], "big") >> 6
    code = "".join(_ALPHABET[(bits >> shift) & 31] for shift in range(45, -5, -5))
    return replace(sheet, code=code)
