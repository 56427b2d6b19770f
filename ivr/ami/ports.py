"""What a call asks of Asterisk from outside its own session: the dead-man re-arm, live channels, calls to fixed places.

Everything is a request with an answer of its own; events are no part of the port, because a caller's number can forge
them (F32). No method waits for the link: with it down they raise `ivr.errors.AmiUnavailable` at once and calls go on
without.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class LiveChannel:
    """One channel of Asterisk's list. `pii_caller` is the caller's number, digits and `+` only; personal data."""

    unique_id: str
    linked_id: str
    channel: str
    state: str
    context: str
    extension: str
    seconds: int
    pii_caller: str


class CallControl(Protocol):
    """Asterisk's management interface, as far as this product uses it.

    Methods raise `AmiUnavailable` (not sent), `AmiUnknownOutcome` (sent, no answer; never sent again), `AmiRefused`
    and, for a value that must not be sent, `LocalFault`.
    """

    @property
    def connected(self) -> bool:
        """True while a link is up and logged in."""

    async def start(self) -> None:
        """Begin to connect and stay connected. Returns at once, whether Asterisk is there or not."""

    async def aclose(self) -> None:
        """End the link and everything that was started. Idempotent."""

    async def set_timeout(self, channel: str, seconds: float) -> bool:
        """Re-arm the dead-man timer, `TIMEOUT(absolute)`; 0 disarms. False when the channel is gone."""

    async def set_variable(self, channel: str, name: str, value: str) -> bool:
        """Set a channel variable. False when the channel is gone."""

    async def live_channels(self) -> tuple[LiveChannel, ...]:
        """All channels now. A row into which lines were forged is left out."""

    async def originate(
        self, place: str, extension: str, *, then: str, caller_id: str, seconds: float, variables: Mapping[str, str]
    ) -> str:
        """Call `Local/<extension>@<place>` and run context `then` on its answer, both from the fixed list of contexts.

        Returns the channel id that was asked for, by which the outcome can be found among the live channels: the
        answer only says that the call was queued.
        """
