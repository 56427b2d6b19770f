"""The life of a ticket as one table: state, verb, outcome, next state. A move that is not in it is refused.

The states are those of the reform documents: acceptance, dispatch, sign-in (签收), first contact, handling, extension,
answer, completion, return visit (回访), archive, second round, joint meeting, tracking ledger (未结事项). Requests by
web and mail wait for a review before they are accepted. Enquiries may be answered on the spot or be handed to a unit
that calls back. Verbs that only add to the history (`note`, `whistle`, `supervise`, …) leave the state as it is.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from tickets.domain.errors import IllegalMove


class State(StrEnum):
    UNDER_REVIEW = "under-review"
    REJECTED = "rejected"
    ACCEPTED = "accepted"
    HANDED_OVER = "handed-over"
    CALLED_BACK = "called-back"
    DISPATCHED = "dispatched"
    SIGNED = "signed"
    CONTACTED = "contacted"
    IN_PROGRESS = "in-progress"
    EXTENSION_REQUESTED = "extension-requested"
    EXTENSION_APPROVED = "extension-approved"
    EXTENSION_REFUSED = "extension-refused"
    ON_LEDGER = "on-ledger"
    MERGED = "merged"
    ANSWERED = "answered"
    COMPLETED = "completed"
    VISIT_DUE = "visit-due"
    CLOSED = "closed"
    REHANDLING = "rehandling"
    ESCALATED = "escalated"


class Verb(StrEnum):
    SUBMIT = "submit"
    REVIEW = "review"
    ACCEPT = "accept"
    HAND_OVER = "hand-over"
    CALL_BACK = "call-back"
    FOLLOW_UP = "follow-up"
    DISPATCH = "dispatch"
    SIGN = "sign"
    OBJECT = "object"
    DECIDE_OBJECTION = "decide-objection"
    CONTACT = "contact"
    START = "start"
    EXTEND = "extend"
    DECIDE_EXTENSION = "decide-extension"
    LEDGER = "ledger"
    REVIEW_LEDGER = "review-ledger"
    STRIKE_OFF = "strike-off"
    ANSWER = "answer"
    COMPLETE = "complete"
    FALL_DUE = "fall-due"
    VISIT = "visit"
    REOPEN = "reopen"
    ESCALATE = "escalate"
    CONCLUDE = "conclude"
    REASSIGN = "reassign"
    MERGE = "merge"
    LINK = "link"
    WHISTLE = "whistle"
    REPORT_IN = "report-in"
    FINISH_TASK = "finish-task"
    ASSIST = "assist"
    SUPERVISE = "supervise"
    EXPOSE = "expose"
    URGE = "urge"
    RECORD_SITE = "record-site"
    MARK = "mark"
    NOTE = "note"
    ATTACH = "attach"


class Outcome(StrEnum):
    """What a verb decided, for the verbs that decide something."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    APPROVED = "approved"
    REFUSED = "refused"
    UPHELD = "upheld"
    DISMISSED = "dismissed"
    ON_THE_SPOT = "on-the-spot"
    JOINT = "joint"
    """Done by a unit that is not the main one: its own order moves, the ticket does not."""

    SATISFIED = "satisfied"
    DISSATISFIED = "dissatisfied"
    DISSATISFIED_AGAIN = "dissatisfied-again"
    UNREACHED = "unreached"
    UNREACHABLE = "unreachable"


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

ORDERED: Final = (State.DISPATCHED, State.SIGNED, *HANDLING)
"""The states in which a unit has the order and has not answered yet."""

ENDED: Final = (State.CLOSED, State.REJECTED)
"""The states in which nothing more is expected of anybody."""

SETTLED: Final = (*ENDED, State.MERGED)
"""The states in which a ticket is no longer one that a repetition could be merged into."""

_VISITED: Final = (State.COMPLETED, State.VISIT_DUE)
_OPEN: Final = tuple(state for state in State if state not in ENDED)
_ALWAYS: Final = (Verb.NOTE, Verb.ATTACH, Verb.LINK, Verb.MARK)
_WHILE_OPEN: Final = (Verb.WHISTLE, Verb.REPORT_IN, Verb.FINISH_TASK, Verb.ASSIST, Verb.URGE)
_SUPERVISED: Final = (Verb.SUPERVISE, Verb.EXPOSE, Verb.RECORD_SITE)

MOVES: Final[tuple[Move, ...]] = (
    Move(State.UNDER_REVIEW, Verb.REVIEW, State.ACCEPTED, Outcome.ACCEPTED),
    Move(State.UNDER_REVIEW, Verb.REVIEW, State.REJECTED, Outcome.REJECTED),
    Move(State.REJECTED, Verb.REOPEN, State.UNDER_REVIEW),
    Move(State.ACCEPTED, Verb.ANSWER, State.CLOSED, Outcome.ON_THE_SPOT),
    Move(State.ACCEPTED, Verb.HAND_OVER, State.HANDED_OVER),
    Move(State.HANDED_OVER, Verb.CALL_BACK, State.CALLED_BACK),
    Move(State.CALLED_BACK, Verb.FOLLOW_UP, State.CLOSED, Outcome.SATISFIED),
    Move(State.CALLED_BACK, Verb.FOLLOW_UP, State.ACCEPTED, Outcome.DISSATISFIED),
    *(Move(state, Verb.DISPATCH, State.DISPATCHED) for state in (State.ACCEPTED, State.HANDED_OVER, State.CALLED_BACK)),
    *(Move(state, Verb.DISPATCH, State.DISPATCHED) for state in (State.MERGED, State.ESCALATED)),
    Move(State.DISPATCHED, Verb.SIGN, State.SIGNED),
    *(
        Move(state, verb, state, Outcome.JOINT)
        for state in (*ORDERED, State.EXTENSION_REQUESTED, State.ANSWERED)
        for verb in (Verb.SIGN, Verb.CONTACT, Verb.START, Verb.ANSWER, Verb.COMPLETE)
    ),
    *(Move(state, Verb.OBJECT, state) for state in (State.DISPATCHED, State.SIGNED)),
    *(
        Move(state, Verb.DECIDE_OBJECTION, State.DISPATCHED, Outcome.UPHELD)
        for state in (*ORDERED, State.EXTENSION_REQUESTED)
    ),
    *(Move(state, Verb.DECIDE_OBJECTION, state, Outcome.DISMISSED) for state in (*ORDERED, State.EXTENSION_REQUESTED)),
    Move(State.SIGNED, Verb.CONTACT, State.CONTACTED),
    *(Move(state, Verb.CONTACT, State.CONTACTED) for state in (State.EXTENSION_APPROVED, State.EXTENSION_REFUSED)),
    Move(State.REHANDLING, Verb.CONTACT, State.CONTACTED),
    Move(State.IN_PROGRESS, Verb.CONTACT, State.IN_PROGRESS),
    *(Move(state, Verb.START, State.IN_PROGRESS) for state in HANDLING if state is not State.IN_PROGRESS),
    *(Move(state, Verb.REASSIGN, State.DISPATCHED) for state in (*ORDERED, State.EXTENSION_REQUESTED)),
    *(Move(state, Verb.EXTEND, State.EXTENSION_REQUESTED) for state in (State.SIGNED, *HANDLING)),
    Move(State.EXTENSION_REQUESTED, Verb.DECIDE_EXTENSION, State.EXTENSION_APPROVED, Outcome.APPROVED),
    Move(State.EXTENSION_REQUESTED, Verb.DECIDE_EXTENSION, State.EXTENSION_REFUSED, Outcome.REFUSED),
    *(Move(state, Verb.LEDGER, State.ON_LEDGER) for state in HANDLING),
    Move(State.ON_LEDGER, Verb.REVIEW_LEDGER, State.ON_LEDGER),
    Move(State.ON_LEDGER, Verb.STRIKE_OFF, State.IN_PROGRESS),
    *(Move(state, Verb.MERGE, State.MERGED) for state in (State.UNDER_REVIEW, State.ACCEPTED, *ORDERED)),
    *(Move(state, Verb.ANSWER, State.ANSWERED) for state in (*HANDLING, State.MERGED, State.ESCALATED)),
    Move(State.ANSWERED, Verb.COMPLETE, State.COMPLETED),
    Move(State.COMPLETED, Verb.FALL_DUE, State.VISIT_DUE),
    *(Move(state, Verb.VISIT, State.CLOSED, Outcome.SATISFIED) for state in _VISITED),
    *(Move(state, Verb.VISIT, State.REHANDLING, Outcome.DISSATISFIED) for state in _VISITED),
    *(Move(state, Verb.VISIT, State.ESCALATED, Outcome.DISSATISFIED_AGAIN) for state in _VISITED),
    *(Move(state, Verb.VISIT, state, Outcome.UNREACHED) for state in _VISITED),
    *(Move(state, Verb.VISIT, State.CLOSED, Outcome.UNREACHABLE) for state in _VISITED),
    Move(State.CLOSED, Verb.REOPEN, State.REHANDLING),
    *(Move(state, Verb.ESCALATE, State.ESCALATED) for state in (*ORDERED, State.ON_LEDGER)),
    Move(State.ESCALATED, Verb.CONCLUDE, State.CLOSED),
    *(Move(state, verb, state) for state in State for verb in _ALWAYS),
    *(Move(state, verb, state) for state in _OPEN for verb in _WHILE_OPEN),
    *(Move(state, verb, state) for state in State if state is not State.REJECTED for verb in _SUPERVISED),
)

_TABLE: Final = {(move.source, move.verb, move.outcome): move.target for move in MOVES}


def step(state: State, verb: Verb, outcome: Outcome | None = None) -> State:
    """The next state. Raises IllegalMove that names the allowed moves."""
    target = _TABLE.get((state, verb, outcome))
    if target is None:
        said = verb.value if outcome is None else f"{verb.value} ({outcome.value})"
        names = allowed(state)
        raise IllegalMove(f"a ticket in state {state.value} cannot {said}; allowed: {', '.join(names)}", names)
    return target


@cache
def allowed(state: State, *, joint: bool = False) -> tuple[str, ...]:
    """The verbs that a ticket in this state takes, in the table's order; with `joint` also those that it only takes
    from a unit with a joint or assisting order."""
    moves = (move for move in MOVES if move.source is state and (joint or move.outcome is not Outcome.JOINT))
    return tuple(dict.fromkeys(move.verb.value for move in moves))
