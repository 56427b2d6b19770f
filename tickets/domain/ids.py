"""Ticket numbers: `YYMMDD`, node (two digits), sequence (four digits). Made where the caller is, so one is always told.

Node 00 is the ticket service itself; IVR nodes have 01 to 99. The date is the one in Asia/Shanghai.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Final, Self

from tickets.domain.errors import InvalidValue, NumbersExhausted

CHINA: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China has had one offset and no summer time since 1991; a fixed offset needs no zone database (F92)."""

SERVICE_NODE: Final = 0
MAX_SEQUENCE: Final = 9999
NUMBER_PATTERN: Final = r"^[0-9]{12}$"

_SHAPE = re.compile(r"[0-9]{12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class TicketNumber:
    """A number in its parts. `str()` gives the twelve digits."""

    day: date
    node: int
    sequence: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises InvalidValue when the text is not twelve digits with a real date."""
        if not _SHAPE.fullmatch(text):
            raise InvalidValue("a ticket number has twelve digits: date YYMMDD, node, sequence; something else came")
        try:
            day = date(2000 + int(text[:2]), int(text[2:4]), int(text[4:6]))
        except ValueError as exc:
            raise InvalidValue("a ticket number starts with a date YYMMDD; these digits are no date") from exc
        return cls(day=day, node=int(text[6:8]), sequence=int(text[8:]))

    def __str__(self) -> str:
        return f"{self.day:%y%m%d}{self.node:02d}{self.sequence:04d}"


def service_number(now: datetime, sequence: int) -> TicketNumber:
    """The number that the service itself gives. Raises NumbersExhausted beyond 9,999 a day."""
    if sequence > MAX_SEQUENCE:
        raise NumbersExhausted(f"node {SERVICE_NODE:02d} has given all {MAX_SEQUENCE} numbers of this day")
    return TicketNumber(day=now.astimezone(CHINA).date(), node=SERVICE_NODE, sequence=sequence)


def row_id(now: datetime, randomness: bytes) -> str:
    """A 32-digit hexadecimal id that sorts by time: 48 bits of milliseconds, then ten random bytes (RFC 9562, 5.7)."""
    milliseconds = int(now.timestamp() * 1000)
    return f"{milliseconds:012x}{randomness[:10].hex()}"
