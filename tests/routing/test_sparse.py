"""Sparse models score as the dense weights they come from, survive their file, and explain themselves."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.errors import DataError
from routing.sparse import LONGEST_TEXT, SparseModel, Vocabulary, counted
from routing.text import read

TEXTS = ("垃圾没有人收", "路灯不亮", "垃圾车不来", "工资没有发")
LABELS = ("clean", "light", "pay")


def model_of(least: float = 0.0) -> tuple[SparseModel, np.ndarray]:
    vocabulary = Vocabulary.fit([counted(read(text), sounds=True)[0] for text in TEXTS], 1, 10_000, sounds=True)
    dense = np.random.default_rng(1).normal(size=(len(vocabulary.keys), 3)).astype(np.float32)
    return SparseModel.of(vocabulary, LABELS, dense, np.array([0.1, 0.2, 0.3], np.float32), least), dense


def test_scores_are_those_of_the_dense_weights_to_the_step() -> None:
    model, dense = model_of()
    vocabulary = Vocabulary.fit([counted(read(text), sounds=True)[0] for text in TEXTS], 1, 10_000, sounds=True)
    rows, values = vocabulary.vector(read("垃圾桶边上的路灯不亮"))
    expected = values @ dense[rows] + model.bias
    found = model.scores_of(*model.vocabulary.vector(read("垃圾桶边上的路灯不亮")))
    assert np.allclose(found, expected, atol=model.scale * len(rows))


def test_small_weights_and_idle_grams_are_left_out() -> None:
    whole, _ = model_of()
    pruned, _ = model_of(0.5)
    assert len(pruned.weights) < len(whole.weights)
    assert len(pruned.vocabulary.keys) < len(whole.vocabulary.keys)
    assert np.all(np.diff(pruned.starts) > 0)


def test_a_model_survives_its_file(tmp_path: Path) -> None:
    model, _ = model_of(0.2)
    model.notes.update(temperature=0.5)
    model.save(tmp_path / "m.npz")
    loaded = SparseModel.load(tmp_path / "m.npz")
    vector = loaded.vocabulary.vector(read("垃圾没有人收走"))
    assert np.array_equal(loaded.vocabulary.keys, model.vocabulary.keys)
    assert loaded.notes == model.notes
    assert np.allclose(loaded.probabilities_of(*vector), model.probabilities_of(*vector), atol=1e-2)


@pytest.mark.parametrize("content", [b"", b"not a model"])
def test_a_broken_file_says_how_to_build_it(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"routing\.train"):
        SparseModel.load(tmp_path / "m.npz")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80))
def test_any_text_has_probabilities_that_sum_to_one(text: str) -> None:
    model, _ = model_of(0.3)
    shares = model.probabilities_of(*model.vocabulary.vector(read(text)))
    assert float(shares.sum()) == pytest.approx(1.0, abs=1e-5)


def test_a_text_without_known_grams_gets_the_bias_alone() -> None:
    model, _ = model_of()
    rows, values = model.vocabulary.vector(read("🙂"))
    assert not rows.size
    assert np.array_equal(model.scores_of(rows, values), model.bias)


def test_only_the_beginning_of_an_endless_text_counts() -> None:
    model, _ = model_of()
    short, long = read("垃圾" * (LONGEST_TEXT // 2)), read("垃圾" * 10_000)
    assert np.array_equal(model.vocabulary.vector(short)[1], model.vocabulary.vector(long)[1])


def test_support_names_the_callers_own_words() -> None:
    model, _ = model_of()
    words = {gram for gram, _ in model.support(read("路灯坏了"), 1, 100)}
    assert "路灯" in words
    assert words <= {"路", "灯", "了", "路灯"}
