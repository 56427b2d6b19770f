"""The ear of the end-to-end tests hears every number that the hotline can read out."""

import numpy as np
import pytest

from speech.g711 import alaw_decode, alaw_encode
from tests.e2e.ear import RATE, prompt_samples, read_number


def read_out(number: str) -> bytes:
    pairs = [prompt_samples(f"pair-{number[at : at + 2]}") for at in range(0, len(number), 2)]
    gap = np.zeros(RATE // 20)
    pieces = [np.zeros(RATE), prompt_samples("ticket-number"), *(piece for pair in pairs for piece in (gap, pair)), gap]
    return np.concatenate([*pieces, np.zeros(RATE)]).astype("<i2").tobytes()


@pytest.mark.parametrize("number", ["261122010124", "261122019999", "112233445566", "000000000001"])
def test_a_number_is_heard_as_read_also_with_the_same_pair_twice_in_a_row(number: str) -> None:
    assert read_number(alaw_decode(alaw_encode(read_out(number)))) == number


def test_a_number_that_breaks_off_is_heard_as_far_as_it_was_read() -> None:
    assert read_number(read_out("26112201")) == "26112201"
