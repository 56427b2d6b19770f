import contextlib
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.tickets import START
from tickets.domain.errors import IllegalMove, InvalidValue, NumbersExhausted
from tickets.domain.history import GENESIS, Event, broken_at, seal
from tickets.domain.ids import TicketNumber, row_id, service_number
from tickets.domain.roles import mask_number
from tickets.domain.states import MOVES, Outcome, State, Verb, allowed, step

texts = st.text(max_size=20)
json_values = st.dictionaries(texts, st.one_of(texts, st.integers(), st.floats(allow_nan=False, allow_infinity=False)))


def chain(datas: list[dict[str, object]]) -> list[Event]:
    events: list[Event] = []
    for seq, data in enumerate(datas, start=1):
        previous = events[-1].hash if events else GENESIS
        events.append(seal("261122010001", seq, Verb.NOTE, State.ACCEPTED, START, "machine", data, previous))
    return events


@given(st.lists(json_values, max_size=6))
def test_a_chain_as_sealed_verifies(datas: list[dict[str, object]]) -> None:
    assert broken_at("261122010001", chain(datas)) is None


@given(st.lists(json_values, min_size=1, max_size=6), st.data())
def test_a_changed_event_breaks_the_chain_where_it_was_changed(
    datas: list[dict[str, object]], data: st.DataObject
) -> None:
    events = chain(datas)
    index = data.draw(st.integers(0, len(events) - 1))
    events[index] = replace(events[index], actor="somebody else")
    assert broken_at("261122010001", events) == index + 1


def test_a_removed_or_swapped_event_breaks_the_chain() -> None:
    first, second, third = chain([{"n": 1}, {"n": 2}, {"n": 3}])
    assert broken_at("261122010001", [first, third]) == 3
    assert broken_at("261122010001", [second, first, third]) == 2
    assert broken_at("261122010002", [first, second, third]) == 1


@given(st.dates(datetime(2000, 1, 1).date(), datetime(2099, 12, 31).date()), st.integers(0, 99), st.integers(0, 9999))  # noqa: DTZ001 - only their dates are used
def test_a_number_reads_back_as_it_was_written(day: object, node: int, sequence: int) -> None:
    number = TicketNumber(day, node, sequence)  # type: ignore[arg-type]  # hypothesis types dates as object here
    assert TicketNumber.parse(str(number)) == number


@given(st.text(max_size=14))
def test_text_that_is_no_number_is_refused_as_such(text: str) -> None:
    with contextlib.suppress(InvalidValue):
        assert str(TicketNumber.parse(text)) == text


def test_the_service_numbers_by_the_day_in_china_and_stops_at_the_last_sequence() -> None:
    late = datetime(2026, 12, 31, 16, 0, tzinfo=UTC)
    assert str(service_number(late, 7)) == "270101000007"
    with pytest.raises(NumbersExhausted):
        service_number(late, 10_000)


def test_row_ids_sort_by_time() -> None:
    ids = [row_id(datetime.fromtimestamp(at, UTC), b"\xff" * 10 if at % 2 else b"\0" * 10) for at in range(50)]
    assert all(earlier < later for earlier, later in pairwise(ids))


@pytest.mark.requirement("TK-1")
def test_the_regular_life_of_a_ticket_is_in_the_table() -> None:
    state = State.ACCEPTED
    regular = (Verb.DISPATCH, Verb.SIGN, Verb.CONTACT, Verb.START, Verb.ANSWER, Verb.COMPLETE, Verb.FALL_DUE)
    for verb in regular:
        state = step(state, verb)
    assert step(state, Verb.VISIT, Outcome.SATISFIED) is State.CLOSED
    assert step(state, Verb.VISIT, Outcome.DISSATISFIED) is State.REHANDLING


@pytest.mark.requirement("TK-1")
@given(st.sampled_from(State), st.sampled_from(Verb), st.one_of(st.none(), st.sampled_from(Outcome)))
def test_what_the_table_does_not_hold_is_refused_and_what_it_holds_is_told(
    state: State, verb: Verb, outcome: Outcome | None
) -> None:
    rows = [move for move in MOVES if (move.source, move.verb, move.outcome) == (state, verb, outcome)]
    if rows:
        assert [step(state, verb, outcome)] == [move.target for move in rows]
    else:
        with pytest.raises(IllegalMove) as refusal:
            step(state, verb, outcome)
        assert all(name in str(refusal.value) for name in allowed(state))


def test_every_state_can_be_reached() -> None:
    reached = {move.target for move in MOVES if move.source is not move.target}
    assert set(State) - reached == set()


def test_masking_keeps_no_number_readable() -> None:
    assert mask_number("13800001234") == "138****1234"
    assert mask_number("110") == "****10"
    assert mask_number(None) is None
