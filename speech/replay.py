"""An utterance's audio so far, kept so that it can be given again to a fresh worker. Pure.

Positions count bytes since the utterance began. Policy when full: the oldest audio goes; what of it no worker had been
given is counted as dropped.
"""

__all__ = ["ReplayBuffer"]


class ReplayBuffer:
    """At most `limit` bytes of audio, and how far it has been sent."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._data = bytearray()
        self._base = 0
        self._sent = 0
        self.dropped = 0

    @property
    def received(self) -> int:
        """Bytes taken since the beginning."""
        return self._base + len(self._data)

    @property
    def unsent(self) -> int:
        return self.received - self._sent

    def append(self, pcm: bytes) -> None:
        self._data += pcm
        excess = len(self._data) - self._limit
        if excess > 0:
            excess += excess % 2
            del self._data[:excess]
            self._base += excess
            self.dropped += max(0, self._base - self._sent)
            self._sent = max(self._sent, self._base)

    def take(self, most: int) -> bytes:
        """The next unsent audio, at most `most` bytes, which counts as sent from now on."""
        at = self._sent - self._base
        piece = bytes(self._data[at : at + most])
        self._sent += len(piece)
        return piece

    def rewind(self) -> int:
        """Everything kept is unsent again; gives the position (bytes) at which the replay will begin."""
        self._sent = self._base
        return self._base
