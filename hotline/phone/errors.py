"""What can go wrong on a telephone, as its user sees it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EndReason:
    """Why a call ended.

    `code` is the final SIP status for a call that was never answered (486 busy, 487 given up before the answer, 408 no
    reply), 200 for one that was answered and then ended with BYE, and 0 for one whose telephone vanished. `text` is the
    Reason header of the far end (RFC 3326), or its reason phrase.
    """

    code: int
    by_us: bool
    text: str = ""


class PhoneError(Exception):
    """Something that the telephone was asked to do and could not; the message says what."""


class NoReply(PhoneError):
    """The far end did not answer a request within 64 times T1 (RFC 3261 timers B and F)."""


class RegistrationRefused(PhoneError):
    """The registrar's answer was not 200."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"expected the registrar to accept, got {status} {reason}: check account and password")
        self.status = status


class CallEnded(PhoneError):
    """The call ended before what was waited for."""

    def __init__(self, reason: EndReason) -> None:
        super().__init__(
            f"the call ended with {reason.code} {reason.text} {'here' if reason.by_us else 'at the far end'}"
        )
        self.reason = reason
