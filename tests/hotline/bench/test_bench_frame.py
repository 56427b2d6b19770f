"""The frame of the benches: figures, reports, taking turns, and the machine that they name."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.bench.load import a_request, encoded
from hotline.bench.machine import machine, revision
from hotline.bench.report import Figure, Reference, Report
from hotline.bench.rounds import take_turns
from tickets.api.bodies import TicketCreate


def test_a_figure_stands_beside_its_reference_and_says_whether_its_goal_is_reached() -> None:
    raw = Reference.of("raw commits", [90.0, 100.0, 130.0])
    figure = Figure.of("ours", [50.0, 70.0, 65.0], "tickets/s", reference=raw, goal=0.6)
    assert (figure.value, figure.spread, figure.ratio, figure.reached) == (65.0, (50.0, 70.0), 0.65, True)
    shown = figure.as_json()
    assert shown["reference"] == {"name": "raw commits", "value": 100.0, "spread": [90.0, 130.0]}
    assert (shown["ratio"], shown["goal"], shown["runs"], shown["reached"]) == (0.65, 0.6, 3, True)


@pytest.mark.parametrize(("value", "reached"), [(49.0, True), (51.0, False)])
def test_a_figure_may_be_meant_to_stay_below_its_goal(value: float, reached: bool) -> None:
    assert Figure.of("p99", [value], "ms", goal=50, at_most=True).reached is reached


def test_a_report_names_what_was_missed_and_prints_a_line_a_figure() -> None:
    good, bad = Figure.of("a", [2.0], "x", goal=1), Figure.of("b", [0.5], "x", goal=1)
    report = Report("test", {"cpu": "z80"}, {}, [good, bad, Figure.of("c", [1.0], "x")], ["quiet machine"])
    assert report.missed == [bad]
    assert [line.split(":")[0] for line in report.lines()] == ["a", "b", "c", "quiet machine"]
    assert "missed" in report.lines()[1]
    assert report.as_json()["machine"] == {"cpu": "z80"}


def test_candidates_take_turns_and_nothing_measured_is_left_out() -> None:
    order: list[str] = []

    def candidate(name: str) -> int:
        order.append(name)
        return len(order)

    samples = take_turns({"a": lambda: candidate("a"), "b": lambda: candidate("b")}, 3)
    assert order == ["a", "b"] * 4
    assert samples == {"a": [3, 5, 7], "b": [4, 6, 8]}
    with pytest.raises(ValueError, match="at least one run"):
        take_turns({}, 0)


def test_the_machine_says_what_it_is_and_which_revision_runs(tmp_path: Path) -> None:
    found = machine(tmp_path)
    assert found["cores"] >= 1
    assert found["memory_mib"] > 0
    assert len(found["load_average"]) == 3
    assert found["file_system"] != "unknown"
    assert found["revision"] == revision() != "unknown"


@given(numbers=st.lists(st.integers(0, 5_000_000), min_size=2, max_size=20, unique=True))
def test_requests_of_a_load_are_valid_and_all_different(numbers: list[int]) -> None:
    drafts = [TicketCreate.model_validate_json(encoded(number)).draft() for number in numbers]
    assert len({draft.number for draft in drafts}) == len(numbers)
    assert len({(draft.call.node, draft.call.id) for draft in drafts if draft.call}) == len(numbers)
    assert a_request(numbers[0])["number"] == drafts[0].number
