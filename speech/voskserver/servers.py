"""The servers and which of them may be asked: pure book-keeping, time is given in.

A server that failed is left alone for a while that doubles with every failure in a row; the least busy of the others
gets the next stream.
"""

from dataclasses import dataclass
from typing import Final

__all__ = ["Server", "Servers"]

_FIRST_REST: Final = 0.5
_LONGEST_REST: Final = 30.0


@dataclass(slots=True)
class Server:
    """One address (`ws://host:port`), what it carries now and since when it may be asked again."""

    url: str
    streams: int = 0
    failures: int = 0
    resting_until: float = 0.0
    reason: str = "not asked yet"

    def failed(self, now: float, reason: str) -> None:
        self.failures += 1
        self.resting_until = now + min(_LONGEST_REST, _FIRST_REST * 2.0 ** (self.failures - 1))
        self.reason = reason

    def worked(self) -> None:
        self.failures, self.resting_until, self.reason = 0, 0.0, ""

    @property
    def up(self) -> bool:
        """Whether it answered the last time it was asked."""
        return not self.reason


@dataclass(frozen=True, slots=True)
class Servers:
    """All of them, in the order of the settings. `each` is how many streams one may carry."""

    all: tuple[Server, ...]
    each: int

    @property
    def up(self) -> tuple[Server, ...]:
        return tuple(server for server in self.all if server.up)

    @property
    def capacity(self) -> int:
        return self.each * len(self.up)

    @property
    def carried(self) -> int:
        return sum(server.streams for server in self.all)

    def pick(self, now: float) -> Server | None:
        """The least busy server that may be asked; one that is up before one that only finished resting."""
        free = [server for server in self.all if server.streams < self.each and server.resting_until <= now]
        return min(free, key=lambda server: (not server.up, server.streams), default=None)

    def complaint(self) -> str:
        """What is wrong with those that are down, for people."""
        return "; ".join(f"{server.url}: {server.reason}" for server in self.all if not server.up)
