"""Which role may use which verb. A unit's token also acts only for its own unit, on tickets that concern it; the
hotline's operators may act for a unit that reports by telephone, and the history names them, not the unit."""

from collections.abc import Mapping
from typing import Final

from tickets.domain.errors import NotAllowed
from tickets.domain.roles import Principal, Role
from tickets.domain.states import Verb

_HOTLINE: Final = frozenset({Role.OPERATOR, Role.ADMIN})
_OVERSIGHT: Final = frozenset({Role.SUPERVISOR, Role.ADMIN})
_UNIT: Final = frozenset({Role.UNIT, Role.OPERATOR, Role.ADMIN})
_BOTH: Final = _HOTLINE | _OVERSIGHT
_ALL: Final = _BOTH | {Role.UNIT, Role.MACHINE}
_CLOCK: Final[frozenset[Role]] = frozenset()
"""Only the service's own clocks do it."""

DUTIES: Final[Mapping[Verb, frozenset[Role]]] = {
    Verb.REVIEW: _HOTLINE,
    Verb.HAND_OVER: _HOTLINE,
    Verb.CALL_BACK: _UNIT,
    Verb.FOLLOW_UP: _HOTLINE,
    Verb.DISPATCH: _HOTLINE,
    Verb.SIGN: _UNIT,
    Verb.OBJECT: _UNIT,
    Verb.DECIDE_OBJECTION: _BOTH,
    Verb.CONTACT: _UNIT,
    Verb.START: _UNIT,
    Verb.EXTEND: _UNIT,
    Verb.DECIDE_EXTENSION: _BOTH,
    Verb.LEDGER: _BOTH,
    Verb.REVIEW_LEDGER: _BOTH,
    Verb.STRIKE_OFF: _BOTH,
    Verb.ANSWER: _UNIT | {Role.MACHINE},
    Verb.COMPLETE: _UNIT,
    Verb.FALL_DUE: _CLOCK,
    Verb.VISIT: _HOTLINE,
    Verb.REOPEN: _BOTH,
    Verb.ESCALATE: _BOTH,
    Verb.CONCLUDE: _OVERSIGHT,
    Verb.REASSIGN: _BOTH,
    Verb.MERGE: _HOTLINE,
    Verb.LINK: _BOTH | {Role.MACHINE},
    Verb.WHISTLE: _UNIT,
    Verb.REPORT_IN: _UNIT,
    Verb.FINISH_TASK: _UNIT,
    Verb.ASSIST: _BOTH,
    Verb.SUPERVISE: _OVERSIGHT,
    Verb.EXPOSE: _OVERSIGHT,
    Verb.URGE: _BOTH,
    Verb.RECORD_SITE: _UNIT | _OVERSIGHT,
    Verb.MARK: _BOTH,
    Verb.NOTE: _ALL,
}


def check_duty(verb: Verb, who: Principal) -> None:
    """Raises NotAllowed that names the roles which may."""
    roles = DUTIES.get(verb, frozenset())
    if who.role in roles:
        return
    names = ", ".join(sorted(role.value for role in roles)) or "the service's own clocks"
    raise NotAllowed(f"the role {who.role.value} may not {verb.value}; this is for: {names}")


def check_sight(who: Principal) -> str | None:
    """The unit to which `who` is bound; None for those who see every ticket. Raises NotAllowed for a unit's token
    that names no unit."""
    if who.role is not Role.UNIT:
        return None
    if who.unit_id is None:
        raise NotAllowed("this token is a unit's but names no unit; make one with POST /api/v1/tokens and its unit_id")
    return who.unit_id
