"""Who may connect, and how many at once: shared by the FastAGI and the AudioSocket server.

A visitor is *waiting* until it has shown what it is (an AGI environment, an announced UUID) and *active* afterwards.
Idle connections must never keep Asterisk out although both come from loopback, so a full waiting room is no reason to
refuse: the oldest waiting visitor of the peer with most of them is dropped. Asterisk shows what it is at once and is
promoted long before its turn comes. Active visitors are never dropped; beyond their limits a newcomer is refused.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network

LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@dataclass(frozen=True, slots=True)
class AdmissionLimits:
    """Counts of connections. `allowed_peers` are address ranges; everything else is closed unread."""

    max_active: int = 400
    max_active_per_peer: int = 400
    max_waiting: int = 64
    allowed_peers: tuple[Network, ...] = LOOPBACK


class Visitor:
    """One admitted connection; must be told to `leave` when it ends."""

    __slots__ = ("_admission", "active", "drop", "peer")

    def __init__(self, admission: "Admission", peer: str, drop: Callable[[], None]) -> None:
        self._admission = admission
        self.peer = peer
        self.drop = drop
        self.active = False

    def promote(self) -> bool:
        """Waiting becomes active; False when the limits of active visitors are reached."""
        return self._admission.promote(self)

    def leave(self) -> None:
        """Give the place back. Idempotent."""
        self._admission.leave(self)


class Admission:
    """Counts the visitors of one listening port."""

    def __init__(self, limits: AdmissionLimits) -> None:
        self._limits = limits
        self._waiting: dict[Visitor, None] = {}  # in order of arrival
        self._active: dict[Visitor, None] = {}
        self._active_by_peer: Counter[str] = Counter()
        self.dropped_waiting = 0
        self.refused = 0

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def active(self) -> int:
        return len(self._active)

    def arrive(self, peer: str, drop: Callable[[], None]) -> Visitor | None:
        """Admit a connection from address `peer`, or None when that address may not connect.

        `drop` is called at most once, when the visitor has to make room while it is still waiting.
        """
        if not self._allowed(peer):
            self.refused += 1
            return None
        if len(self._waiting) >= self._limits.max_waiting:
            self._make_room()
        visitor = Visitor(self, peer, drop)
        self._waiting[visitor] = None
        return visitor

    def promote(self, visitor: Visitor) -> bool:
        """See `Visitor.promote`."""
        if visitor not in self._waiting:
            return False
        if (
            len(self._active) >= self._limits.max_active
            or self._active_by_peer[visitor.peer] >= self._limits.max_active_per_peer
        ):
            self.refused += 1
            return False
        del self._waiting[visitor]
        self._active[visitor] = None
        self._active_by_peer[visitor.peer] += 1
        visitor.active = True
        return True

    def leave(self, visitor: Visitor) -> None:
        """See `Visitor.leave`."""
        self._waiting.pop(visitor, None)
        if visitor in self._active:
            del self._active[visitor]
            self._active_by_peer[visitor.peer] -= 1
            if not self._active_by_peer[visitor.peer]:
                del self._active_by_peer[visitor.peer]
            visitor.active = False

    def _allowed(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        return any(address in network for network in self._limits.allowed_peers if network.version == address.version)

    def _make_room(self) -> None:
        most = Counter(visitor.peer for visitor in self._waiting).most_common(1)[0][0]
        oldest = next(visitor for visitor in self._waiting if visitor.peer == most)
        del self._waiting[oldest]
        self.dropped_waiting += 1
        oldest.drop()
