"""The routing bench measures what it says; its goals are not asserted here, this machine may be busy."""

import pytest

from hotline.bench import routing
from hotline.bench.routing import LONGEST, OURS, PARTIALS, PEER, Sample


def test_figures_have_their_peer_and_goals() -> None:
    sample = Sample(1000.0, 0.5, 2.0, 0.9)
    slow = Sample(10.0, 50.0, 60.0, 55.0)
    figures = routing._figures(
        {OURS: [sample], PEER: [sample], PARTIALS: [sample], LONGEST: [slow]}, [{"seconds": 0.5, "mib": 90.0}]
    )
    by_name = {figure.name: figure for figure in figures}
    assert by_name["decisions"].ratio == 1.0
    assert by_name["decision, 99th percentile"].reached
    assert by_name["danger per partial, 99th percentile"].reached is False
    assert by_name["danger per partial, 99th percentile, of the processor's time"].reached
    assert by_name["decision on 20,000 characters"].reached is False


def test_percentiles_are_of_single_calls() -> None:
    seen: list[str] = []
    sample = routing._timed(seen.append, [str(i) for i in range(200)])
    assert len(seen) == 200
    assert sample.p50_ms <= sample.p99_ms < 1000
    assert sample.per_second > 100


@pytest.mark.timeout(60)
def test_loading_is_measured_in_a_process_of_its_own() -> None:
    found = routing._load()
    assert 0 < found["seconds"] < 50
    assert 1 < found["mib"] < 2000
