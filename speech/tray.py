"""Where a stream lays its events for its one reader: the latest partial, then one last event.

Events that nobody reads do not pile up: an unread partial is replaced by the next.
"""

import asyncio
from collections.abc import AsyncIterator

from speech.ports import Final, Lost, Partial, RecognitionEvent

__all__ = ["EventTray"]


class EventTray:
    """Written by the stream's side, read once by `events`."""

    def __init__(self) -> None:
        self._partial: Partial | None = None
        self._end: Final | Lost | None = None
        self._news = asyncio.Event()
        self.closed = False

    @property
    def over(self) -> bool:
        """Whether nothing more can come or is wanted."""
        return self.closed or self._end is not None

    def partial(self, text: str, at: float) -> None:
        self._partial = Partial(text, round(at, 3))
        self._news.set()

    def end(self, event: Final | Lost) -> None:
        """The last event; the first call counts."""
        if self._end is None:
            self._end = event
            self._news.set()

    def close(self) -> None:
        """The reader wants nothing more."""
        self.closed = True
        self._news.set()

    async def events(self) -> AsyncIterator[RecognitionEvent]:
        while not self.closed:
            await self._news.wait()
            self._news.clear()
            if self._partial is not None:
                partial, self._partial = self._partial, None
                yield partial
            if self._end is not None:
                yield self._end
                return
