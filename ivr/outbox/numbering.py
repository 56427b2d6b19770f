"""Ticket numbers made on this node, before any service is asked, so that every caller hears one.

A number is `YYMMDD` + node (2 digits) + sequence (4 digits), dates in China's time. Numbers are reserved on disk a
block at a time: a crash leaves a gap of at most one block, never a number given twice.
"""

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

from ivr.outbox import durable

BLOCK = 20
LAST = 9999


class NumbersUsedUp(Exception):
    """This node has given out all its numbers of the day."""


class Numbering:
    """Gives numbers; one object per node and folder. `today` is the present date in China."""

    def __init__(self, path: Path, node: int, today: Callable[[], date]) -> None:
        if not 0 <= node <= 99:
            raise ValueError(f"a node number is 0 to 99, not {node}")
        self._path = path
        self._node = node
        self._today = today
        self._day, self._next, self._reserved = self._load()

    def next(self) -> str:
        """A number nobody was given before. Raises NumbersUsedUp, or OSError when it cannot be made durable."""
        day = self._today().strftime("%y%m%d")
        if day > self._day:
            self._day, self._next, self._reserved = day, 1, 1
        if self._next > LAST:
            raise NumbersUsedUp(f"node {self._node:02d} has given {LAST} numbers on {self._day}")
        if self._next >= self._reserved:
            reserved = min(self._next + BLOCK, LAST + 1)
            durable.write_json(self._path, {"day": self._day, "reserved_below": reserved})
            self._reserved = reserved
        number = f"{self._day}{self._node:02d}{self._next:04d}"
        self._next += 1
        return number

    def _load(self) -> tuple[str, int, int]:
        try:
            stored = json.loads(self._path.read_text())
            day, reserved = str(stored["day"]), int(stored["reserved_below"])
            if not re.fullmatch("[0-9]{6}", day) or not 1 <= reserved <= LAST + 1:
                raise ValueError(f"no day or sequence of this hotline: {day}, {reserved}")
        except FileNotFoundError:
            return "", 1, 1
        except (OSError, ValueError, LookupError, TypeError) as exc:
            raise ValueError(
                f"{self._path} should hold the reserved ticket numbers but cannot be read: {exc}. "
                'Put it right by hand: {"day": "YYMMDD", "reserved_below": N}, N above every number given that day'
            ) from exc
        return day, reserved, reserved
