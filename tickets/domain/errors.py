"""What can be refused. Each refusal has a stable `code` that clients may switch on; the HTTP edge adds the status."""

from typing import ClassVar


class TicketError(Exception):
    """A refusal or failure with a stable code. `str()` of it is the one message shown to a person."""

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "The request could not be carried out"


class TicketNotFound(TicketError):
    code = "ticket_not_found"
    title = "No such ticket"


class AttachmentNotFound(TicketError):
    code = "attachment_not_found"
    title = "No such attachment"


class TokenNotFound(TicketError):
    code = "token_not_found"
    title = "No such token"


class InvalidValue(TicketError):
    """A value that no ticket can hold: a wrong number, a broken cursor."""

    code = "invalid_value"
    title = "A value is not acceptable"


class IllegalMove(TicketError):
    """The lifecycle table has no such move, or a rule forbids it now. `allowed` has the verbs that the state takes."""

    code = "illegal_move"
    title = "The ticket cannot make this move now"

    def __init__(self, message: str, allowed: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.allowed = allowed


class NotAllowed(TicketError):
    """The role, or the unit that the token acts for, may not do this to this ticket."""

    code = "not_allowed"
    title = "This token may not do that to this ticket"


class UnknownUnit(TicketError):
    code = "unknown_unit"
    title = "The directory has no such unit"


class NothingDue(TicketError):
    """A step of a clock was already taken or called off."""

    code = "nothing_due"
    title = "Nothing is due"


class KeyReused(TicketError):
    """The idempotency key was used before with another body (F23). Both bodies are kept for a person."""

    code = "idempotency_key_reused"
    title = "This Idempotency-Key was used with a different body"

    def __init__(self, message: str, number: str) -> None:
        super().__init__(message)
        self.number = number


class NumberTaken(TicketError):
    """Another request already holds this ticket number."""

    code = "number_taken"
    title = "This ticket number belongs to another request"

    def __init__(self, message: str, number: str) -> None:
        super().__init__(message)
        self.number = number


class CallRequestTaken(TicketError):
    """The call and request index already have a ticket; `number` is that ticket's."""

    code = "call_request_taken"
    title = "This request of this call already has a ticket"

    def __init__(self, message: str, number: str) -> None:
        super().__init__(message)
        self.number = number


class NumbersExhausted(TicketError):
    code = "numbers_exhausted"
    title = "All ticket numbers of this day and node are used"


class DigestMismatch(TicketError):
    """The bytes that arrived are not the bytes that were announced."""

    code = "digest_mismatch"
    title = "The content does not match X-Content-SHA256"


class AttachmentAltered(TicketError):
    """The stored file is not what was received (F83)."""

    code = "attachment_altered"
    title = "已被改动: the stored file was altered after it was received"


class TooLarge(TicketError):
    code = "body_too_large"
    title = "The body is larger than allowed"


class StoreUnavailable(TicketError):
    """The store cannot answer now and may later: try again with the same Idempotency-Key."""

    code = "store_busy"
    title = "The ticket store is busy"


class StoreFull(StoreUnavailable):
    code = "store_full"
    title = "The ticket store has no room"


class StoreFailed(StoreUnavailable):
    """The store is damaged, missing or of the wrong version (F29): nothing is written until a person has looked."""

    code = "store_failed"
    title = "The ticket store is out of service"
