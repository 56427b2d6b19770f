"""Packed n-grams are exact, a stretch is scored as if it stood alone, and a model survives its file."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.errors import DataError
from routing.linear import GramModel, grams
from routing.text import read


def model_of(words: str) -> GramModel:
    keys = np.unique(grams(read(words)).keys)
    rng = np.random.default_rng(1)
    weights = rng.normal(size=(len(keys) + 1, 2)).astype(np.float32)
    return GramModel(
        keys, np.ones(len(keys), np.float32), ("a", "b"), weights, np.zeros(2, np.float32), ("f",), 0.5, {}
    )


def test_each_run_of_one_to_three_characters_and_sounds_has_its_own_key() -> None:
    found = grams(read("火大了"))
    assert len(found.keys) == 12
    assert len(set(found.keys.tolist())) == 12


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=60))
def test_any_text_has_probabilities_that_sum_to_one(text: str) -> None:
    model = model_of("着火了快来人")
    utterance = read(text)
    shares = model.probabilities(model.find(utterance), 0, len(utterance.chars), [0])
    assert float(shares.sum()) == pytest.approx(1.0, abs=1e-5)


def test_a_stretch_is_scored_as_if_it_stood_alone() -> None:
    model = model_of("楼上着火了快来人")
    whole, part = read("楼上着火了快来人"), read("着火了")
    inside = model.probabilities(model.find(whole), 2, 5, [])
    alone = model.probabilities(model.find(part), 0, 3, [])
    assert np.allclose(inside, alone, atol=1e-5)


def test_a_model_survives_its_file(tmp_path: Path) -> None:
    model = model_of("着火了快来人")
    model.save(tmp_path / "m.npz")
    again = GramModel.load(tmp_path / "m.npz")
    utterance = read("着火了")
    before, after = (m.probabilities(m.find(utterance), 0, 3, [0]) for m in (model, again))
    assert np.allclose(before, after, atol=1e-2)


def test_a_file_that_is_no_model_is_refused_in_clear_words(tmp_path: Path) -> None:
    (tmp_path / "m.npz").write_bytes(b"not a model")
    with pytest.raises(DataError, match="build it with"):
        GramModel.load(tmp_path / "m.npz")
