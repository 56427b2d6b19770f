"""docs/tickets.md has the tables that the code has. `HOTLINE_WRITE_DOCS=1` writes them anew."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tickets.domain.clocks import DEFAULT_LEVELS, LADDERS, ClockRules
from tickets.domain.duties import DUTIES
from tickets.domain.life import DeadlineKind
from tickets.domain.states import HANDLING, MOVES, Move, Outcome, State, Verb

DOCUMENT = Path(__file__).parents[2] / "docs" / "tickets.md"
UNDRAWN = (Verb.REASSIGN, Verb.ESCALATE, Verb.MERGE, Verb.DECIDE_OBJECTION)


def diagram() -> str:
    drawn = [
        move
        for move in MOVES
        if move.source is not move.target and move.verb not in UNDRAWN and move.outcome is not Outcome.JOINT
    ]
    named = [f'    state "{state.value}" as {_name(state)}' for state in State if "-" in state.value]
    starts = [f"    [*] --> {_name(state)}" for state in (State.ACCEPTED, State.UNDER_REVIEW)]
    pairs: dict[tuple[State, State], list[str]] = {}
    for move in drawn:
        pairs.setdefault((move.source, move.target), []).append(_said(move))
    moves = [f"    {_name(source)} --> {_name(target)}: {', '.join(said)}" for (source, target), said in pairs.items()]
    ends = [f"    {_name(state)} --> [*]" for state in (State.CLOSED, State.REJECTED)]
    return "\n".join([*named, *starts, *moves, *ends])


def moves() -> str:
    lines = ["| state | verb → next state | leaves the state |", "|---|---|---|"]
    for state in State:
        mine = [move for move in MOVES if move.source is state and move.outcome is not Outcome.JOINT]
        moving = "; ".join(f"{_said(move)} → `{move.target.value}`" for move in mine if move.target is not state)
        staying = ", ".join(dict.fromkeys(_said(move) for move in mine if move.target is state))
        joint = any(move.source is state and move.outcome is Outcome.JOINT for move in MOVES)
        lines.append(f"| `{state.value}` | {moving} | {staying}{'; joint orders' if joint else ''} |")
    return "\n".join(lines)


def duties() -> str:
    lines = ["| verb | roles |", "|---|---|"]
    for verb, roles in DUTIES.items():
        lines.append(f"| {verb.value} | {', '.join(sorted(roles)) or 'only the clocks'} |")
    return "\n".join(lines)


def clocks() -> str:
    rules = ClockRules()
    lines = ["| level | sign in | first contact | handle | urged before the end |", "|---|---|---|---|---|"]
    for level, each in DEFAULT_LEVELS.items():
        lines.append(f"| {level} | {each.sign} | {each.contact} | {each.handle} | {each.urge} |")
    lines += ["", "| clock | limit | ladder |", "|---|---|---|"]
    limits = {
        DeadlineKind.REVIEW: rules.review,
        DeadlineKind.DISPATCH: rules.dispatch,
        DeadlineKind.VISIT: rules.visit,
        DeadlineKind.SUBTASK: rules.subtask,
        DeadlineKind.CALL_BACK: rules.call_back,
        DeadlineKind.FOLLOW_UP: rules.follow_up,
        DeadlineKind.LEDGER_REVIEW: rules.ledger_review,
    }
    for kind in DeadlineKind:
        ladder = ", ".join(LADDERS[kind])
        lines.append(f"| {kind.value} | {limits.get(kind, 'by level')} | {ladder} |")
    return "\n".join(lines)


TABLES: dict[str, Callable[[], str]] = {"diagram": diagram, "moves": moves, "duties": duties, "clocks": clocks}


def written(text: str, name: str, content: str) -> str:
    """The document with one of its tables replaced."""
    # Inside a diagram a comment has another shape, and mermaid would show ours.
    mark = rf"(<!-- {name} -->|%% {name}\b).*?(<!-- /{name} -->|%% /{name}\b)"
    made, count = re.subn(mark, lambda found: f"{found[1]}\n{content}\n{found[2]}", text, flags=re.DOTALL)
    assert count == 1
    return made


@pytest.mark.requirement("TK-1")
def test_the_document_says_what_the_code_does() -> None:
    text = DOCUMENT.read_text("utf-8")
    expected = text
    for name, table in TABLES.items():
        expected = written(expected, name, table())
    if os.environ.get("HOTLINE_WRITE_DOCS"):
        DOCUMENT.write_text(expected, "utf-8")
    assert DOCUMENT.read_text("utf-8") == expected


def test_every_verb_has_a_duty_and_every_handling_state_can_be_left() -> None:
    assert set(DUTIES) == set(Verb) - {Verb.SUBMIT, Verb.ACCEPT, Verb.ATTACH}
    for state in HANDLING:
        assert any(move.source is state and move.target not in (*HANDLING, state) for move in MOVES)


def _name(state: State) -> str:
    return state.value.replace("-", "_")


def _said(move: Move) -> str:
    return move.verb.value if move.outcome is None else f"{move.verb.value} ({move.outcome.value})"
