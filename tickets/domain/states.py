"""The life of a ticket as one table: state, verb, outcome, next state. A move that is not in it is refused.

The states are those of the reform documents: acceptance, dispatch, sign-in (签收), first contact, handling, extension,
answer, completion, return visit (回访), archive, second round, joint meeting. Verbs that only add to the history
(`note`, `attach`, `whistle`, `assist`, `supervise`) leave the state as it is.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tickets.domain.errors import IllegalMove


class State(StrEnum):
    ACCEPTED = "accepted"
    DISPATCHED = "dispatched"
    SIGNED = "signed"
    CONTACTED = "contacted"
    IN_PROGRESS = "in-progress"
    EXTENSION_REQUESTED = "extension-requested"
    EXTENSION_APPROVED = "extension-approved"
    EXTENSION_REFUSED = "extension-refused"
    ANSWERED = "answered"
    COMPLETED = "completed"
    VISIT_DUE = "visit-due"
    CLOSED = "closed"
    REHANDLING = "rehandling"
    ESCALATED = "escalated"


class Verb(StrEnum):
    ACCEPT = "accept"
    DISPATCH = "dispatch"
    SIGN = "sign"
    CONTACT = "contact"
    START = "start"
    EXTEND = "extend"
    DECIDE_EXTENSION = "decide-extension"
    ANSWER = "answer"
    COMPLETE = "complete"
    FALL_DUE = "fall-due"
    VISIT = "visit"
    REOPEN = "reopen"
    ESCALATE = "escalate"
    REASSIGN = "reassign"
    WHISTLE = "whistle"
    ASSIST = "assist"
    SUPERVISE = "supervise"
    NOTE = "note"
    ATTACH = "attach"


class Outcome(StrEnum):
    """What a verb decided, for the verbs that decide something."""

    APPROVED = "approved"
    REFUSED = "refused"
    SATISFIED = "satisfied"
    DISSATISFIED = "dissatisfied"
    DISSATISFIED_AGAIN = "dissatisfied-again"


@dataclass(frozen=True, slots=True)
class Move:
    """One row. `outcome` is None for verbs that decide nothing."""

    source: State
    verb: Verb
    target: State
    outcome: Outcome | None = None


HANDLING: Final = (
    State.CONTACTED,
    State.IN_PROGRESS,
    State.EXTENSION_APPROVED,
    State.EXTENSION_REFUSED,
    State.REHANDLING,
)
"""The states in which a unit has the matter in hand."""

_ANNOTATIONS: Final = (Verb.NOTE, Verb.ATTACH)
_SIDE_STEPS: Final = (Verb.WHISTLE, Verb.ASSIST, Verb.SUPERVISE)

MOVES: Final[tuple[Move, ...]] = (
    Move(State.ACCEPTED, Verb.DISPATCH, State.DISPATCHED),
    Move(State.DISPATCHED, Verb.SIGN, State.SIGNED),
    Move(State.SIGNED, Verb.CONTACT, State.CONTACTED),
    Move(State.REHANDLING, Verb.CONTACT, State.CONTACTED),
    Move(State.CONTACTED, Verb.START, State.IN_PROGRESS),
    *(Move(state, Verb.REASSIGN, State.DISPATCHED) for state in (State.DISPATCHED, State.SIGNED, *HANDLING)),
    *(Move(state, Verb.EXTEND, State.EXTENSION_REQUESTED) for state in (State.SIGNED, *HANDLING)),
    Move(State.EXTENSION_REQUESTED, Verb.DECIDE_EXTENSION, State.EXTENSION_APPROVED, Outcome.APPROVED),
    Move(State.EXTENSION_REQUESTED, Verb.DECIDE_EXTENSION, State.EXTENSION_REFUSED, Outcome.REFUSED),
    *(Move(state, Verb.ANSWER, State.ANSWERED) for state in HANDLING),
    Move(State.ANSWERED, Verb.COMPLETE, State.COMPLETED),
    Move(State.COMPLETED, Verb.FALL_DUE, State.VISIT_DUE),
    *(Move(state, Verb.VISIT, State.CLOSED, Outcome.SATISFIED) for state in (State.COMPLETED, State.VISIT_DUE)),
    *(Move(state, Verb.VISIT, State.REHANDLING, Outcome.DISSATISFIED) for state in (State.COMPLETED, State.VISIT_DUE)),
    *(
        Move(state, Verb.VISIT, State.ESCALATED, Outcome.DISSATISFIED_AGAIN)
        for state in (State.COMPLETED, State.VISIT_DUE)
    ),
    Move(State.CLOSED, Verb.REOPEN, State.REHANDLING),
    *(Move(state, Verb.ESCALATE, State.ESCALATED) for state in (State.DISPATCHED, State.SIGNED, *HANDLING)),
    Move(State.ESCALATED, Verb.DISPATCH, State.DISPATCHED),
    Move(State.ESCALATED, Verb.ANSWER, State.ANSWERED),
    *(Move(state, verb, state) for state in State for verb in _ANNOTATIONS),
    *(Move(state, verb, state) for state in State if state is not State.CLOSED for verb in _SIDE_STEPS),
)

_TABLE: Final = {(move.source, move.verb, move.outcome): move.target for move in MOVES}


def step(state: State, verb: Verb, outcome: Outcome | None = None) -> State:
    """The next state. Raises IllegalMove that names the allowed moves."""
    target = _TABLE.get((state, verb, outcome))
    if target is None:
        said = verb.value if outcome is None else f"{verb.value} ({outcome.value})"
        raise IllegalMove(f"a ticket in state {state.value} cannot {said}; allowed: {', '.join(allowed(state))}")
    return target


def allowed(state: State) -> tuple[str, ...]:
    """The verbs that a ticket in this state takes, in the table's order."""
    return tuple(dict.fromkeys(move.verb.value for move in MOVES if move.source is state))
