"""Garbage is looked for rarely while the service runs, and as before when it has ended."""

import gc

from tickets.collecting import rare_collections


def test_thresholds_and_what_is_set_apart_are_as_before_when_the_block_ends() -> None:
    before = gc.get_threshold()
    with rare_collections():
        assert gc.get_threshold()[0] > before[0]
        assert gc.get_freeze_count() > 0
    assert gc.get_threshold() == before
    assert gc.get_freeze_count() == 0


def test_cycles_are_still_found() -> None:
    with rare_collections():
        ring: list[object] = []
        ring.append(ring)
        del ring
        assert gc.collect() > 0
