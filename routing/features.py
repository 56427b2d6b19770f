"""N-grams of characters and of sounds as TF-IDF weights, and a linear model over them: numpy only, no pickle.

Characters are letters and Han, sounds private-use characters, so one vocabulary holds both kinds without a prefix. A
model is an .npz of plain arrays and one JSON text, read with `allow_pickle=False`.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from routing.errors import DataError, Fault
from routing.text import Utterance

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
EXTRA_WEIGHT = 0.5
LONGEST_TEXT = 1200
"""Positions beyond this add nothing to a category and would cost time; an utterance is a tenth of it."""


def ngrams(utterance: Utterance) -> Iterable[str]:
    """All runs of one to three characters and of two to three sounds, plus single sounds."""
    for reading in (utterance.chars[:LONGEST_TEXT], utterance.sounds[:LONGEST_TEXT]):
        for size in (1, 2, 3):
            for start in range(len(reading) - size + 1):
                yield reading[start : start + size]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Index and inverse document frequency of every known n-gram."""

    index: dict[str, int]
    idf: Floats

    def vector(self, utterance: Utterance) -> tuple[Ints, Floats]:
        """Positions and weights of unit length; both empty when nothing is known."""
        counts = Counter(self.index[gram] for gram in ngrams(utterance) if gram in self.index)
        where = np.fromiter(counts.keys(), np.int64, len(counts))
        weights = (1.0 + np.log(np.fromiter(counts.values(), np.float32, len(counts)))) * self.idf[where]
        length = float(np.sqrt(np.dot(weights, weights)))
        return where, (weights / length if length else weights).astype(np.float32)

    @classmethod
    def fit(cls, utterances: Sequence[Utterance], least: int, most: int) -> "Vocabulary":
        """N-grams seen in at least `least` texts; the `most` most frequent ones, ties by spelling."""
        seen: Counter[str] = Counter()
        for utterance in utterances:
            seen.update(set(ngrams(utterance)))
        ranked = sorted((gram for gram, count in seen.items() if count >= least), key=lambda g: (-seen[g], g))[:most]
        idf = np.array([np.log((1 + len(utterances)) / (1 + seen[gram])) + 1 for gram in ranked], np.float32)
        return cls({gram: i for i, gram in enumerate(ranked)}, idf)


@dataclass(frozen=True, slots=True)
class LinearModel:
    """`weights` is features by labels: the vocabulary's rows, then one for each of `extras`, which are facts about the
    text that are present (with the weight `EXTRA_WEIGHT`) or absent. `notes` is what the trainer wants to be known.
    """

    vocabulary: Vocabulary
    labels: tuple[str, ...]
    weights: Floats
    bias: Floats
    notes: dict[str, Any]
    extras: tuple[str, ...] = ()

    def scores(self, utterance: Utterance, present: Sequence[int] = ()) -> Floats:
        """`present` are positions in `extras`."""
        return self.scores_of(*self.vocabulary.vector(utterance), present)

    def scores_of(self, where: Ints, values: Floats, present: Sequence[int] = ()) -> Floats:
        """The same from a vector already made."""
        found: Floats = values @ self.weights[where] + self.bias
        if present:
            rows = np.asarray(present, np.int64) + len(self.vocabulary.index)
            found = found + np.float32(EXTRA_WEIGHT) * self.weights[rows].sum(axis=0)
        return found

    def probabilities(self, utterance: Utterance, present: Sequence[int] = ()) -> Floats:
        """One a label, summing to 1, calibrated by the temperature found in cross-validation."""
        return self.probabilities_of(*self.vocabulary.vector(utterance), present)

    def probabilities_of(self, where: Ints, values: Floats, present: Sequence[int] = ()) -> Floats:
        """The same from a vector already made."""
        return softmax(self.scores_of(where, values, present) / np.float32(self.notes.get("temperature", 1.0)))

    def save(self, path: Path) -> None:
        grams = sorted(self.vocabulary.index, key=self.vocabulary.index.__getitem__)
        np.savez_compressed(
            path,
            grams=np.array(grams, np.str_),
            idf=self.vocabulary.idf,
            labels=np.array(self.labels, np.str_),
            extras=np.array(self.extras, np.str_),
            weights=self.weights.astype(np.float16),
            bias=self.bias,
            notes=np.array(json.dumps(self.notes, ensure_ascii=False, sort_keys=True)),
        )

    @classmethod
    def load(cls, path: Path) -> "LinearModel":
        """Raises `DataError` when the file is missing or is no such model."""
        try:
            with np.load(path, allow_pickle=False) as data:
                grams = data["grams"].tolist()
                return cls(
                    Vocabulary({gram: i for i, gram in enumerate(grams)}, data["idf"]),
                    tuple(data["labels"].tolist()),
                    data["weights"].astype(np.float32),
                    data["bias"],
                    json.loads(str(data["notes"])),
                    tuple(data["extras"].tolist()),
                )
        except (OSError, ValueError, KeyError, EOFError) as exc:
            message = f"no usable model ({exc}); build it with: python -m routing.train"
            raise DataError([Fault(str(path), 0, message)]) from exc


def softmax(scores: Floats) -> Floats:
    shifted = np.exp(scores - scores.max(axis=-1, keepdims=True))
    found: Floats = shifted / shifted.sum(axis=-1, keepdims=True)
    return found
