"""A linear model of many labels over packed n-grams of characters, sounds and words, kept sparse: numpy, no pickle.

Most n-grams speak for a few labels only, so a row of weights is a short run of (label, weight in 1/127 of the largest):
a quarter of a million n-grams for 134 labels take some megabytes, and a decision touches a few thousand numbers. A
model is an .npz of plain arrays and one JSON text, read with `allow_pickle=False`.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from routing.errors import DataError, Fault
from routing.features import Floats, Ints, softmax
from routing.linear import Keys, grams
from routing.text import Utterance
from routing.words import word_grams

LONGEST_TEXT: Final = 1200
"""Positions beyond this add nothing to a category and would cost time; an utterance is a tenth of it."""
_STEPS: Final = 127


def counted(utterance: Utterance, *, sounds: bool, words: bool = False) -> tuple[Keys, Ints]:
    """The distinct n-grams of the characters and, if wanted, of the sounds and words, and how often each occurs."""
    shortened = _shortened(utterance, LONGEST_TEXT, sounds=sounds)
    keys = grams(shortened).keys
    if words:
        keys = np.concatenate([keys, word_grams(shortened.chars).keys])
    distinct, counts = np.unique(keys, return_counts=True)
    return distinct, counts


def _shortened(utterance: Utterance, longest: int, *, sounds: bool) -> Utterance:
    heard = utterance.sounds[:longest] if sounds else ""
    return Utterance(utterance.raw, utterance.chars[:longest], heard, utterance.origin[:longest])


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Sorted keys of the known n-grams, their inverse document frequency, and whether sounds and words count."""

    keys: Keys
    idf: Floats
    sounds: bool = True
    words: bool = False

    def vector(self, utterance: Utterance) -> tuple[Ints, Floats]:
        """Rows and TF-IDF weights of unit length; both empty when nothing is known."""
        return self.weigh(*counted(utterance, sounds=self.sounds, words=self.words))

    def weigh(self, keys: Keys, counts: Ints) -> tuple[Ints, Floats]:
        """As `vector`, of what `counted` gives."""
        rows, known = self.find(keys)
        weights = ((1.0 + np.log(counts[known])) * self.idf[rows]).astype(np.float32)
        length = float(np.sqrt(np.dot(weights, weights)))
        return rows, weights / np.float32(length) if length else weights

    def find(self, keys: Keys) -> tuple[Ints, npt.NDArray[np.bool_]]:
        """The rows of the known ones among `keys`, and which those are."""
        if not len(self.keys):
            return np.zeros(0, np.int64), np.zeros(len(keys), np.bool_)
        rows = np.searchsorted(self.keys, keys)
        rows[rows == len(self.keys)] = 0
        known = self.keys[rows] == keys
        return rows[known], known

    @classmethod
    def fit(cls, each: Sequence[Keys], least: int, most: int, *, sounds: bool, words: bool = False) -> "Vocabulary":
        """From the distinct keys of each text: those in at least `least` texts; the `most` most frequent ones, ties by
        key."""
        keys, counts = np.unique(np.concatenate([*each, np.zeros(0, np.int64)]), return_counts=True)
        order = np.lexsort((keys, -counts))
        kept = np.sort(order[counts[order] >= least][:most])
        idf = (np.log((1 + len(each)) / (1 + counts[kept])) + 1).astype(np.float32)
        return cls(keys[kept], idf, sounds, words)


@dataclass(frozen=True, slots=True)
class SparseModel:
    """Row r of the vocabulary has the weights `scale * weights[i]` for the labels `columns[i]`, i from `starts[r]` up
    to `starts[r + 1]`. `notes` is what the trainer wants to be known."""

    vocabulary: Vocabulary
    labels: tuple[str, ...]
    starts: Ints
    columns: npt.NDArray[np.uint16]
    weights: npt.NDArray[np.int8]
    scale: float
    bias: Floats
    notes: dict[str, Any]

    @classmethod
    def of(
        cls, vocabulary: Vocabulary, labels: Sequence[str], dense: Floats, bias: Floats, least: float
    ) -> "SparseModel":
        """From features by labels; weights below `least` of the largest are dropped, and with them idle n-grams."""
        scale = float(np.abs(dense).max(initial=0.0)) / _STEPS or 1.0
        steps = np.rint(dense / np.float32(scale)).astype(np.int8)
        steps[np.abs(dense) < least * scale * _STEPS] = 0
        used = steps.any(axis=1)
        rows, columns = np.nonzero(steps[used])
        starts = np.searchsorted(rows, np.arange(int(used.sum()) + 1)).astype(np.int64)
        return cls(
            vocabulary=replace(vocabulary, keys=vocabulary.keys[used], idf=vocabulary.idf[used]),
            labels=tuple(labels),
            starts=starts,
            columns=columns.astype(np.uint16),
            weights=steps[used][rows, columns],
            scale=scale,
            bias=bias.astype(np.float32),
            notes={},
        )

    def entries(self, rows: Ints) -> tuple[Ints, Ints]:
        """Which of `rows`, by position, and which stored weight, for every weight of these rows."""
        counts = self.starts[rows + 1] - self.starts[rows]
        which = np.repeat(np.arange(len(rows)), counts)
        offset = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
        return which, self.starts[rows][which] + offset

    def scores_of(self, rows: Ints, values: Floats) -> Floats:
        which, at = self.entries(rows)
        terms = self.weights[at].astype(np.float64) * values[which]
        total = np.bincount(self.columns[at], weights=terms, minlength=len(self.labels)) * self.scale
        return (self.bias + total).astype(np.float32)

    def probabilities_of(self, rows: Ints, values: Floats) -> Floats:
        """One a label, summing to 1, calibrated by the temperature found in cross-validation."""
        return softmax(self.scores_of(rows, values) / np.float32(self.notes.get("temperature", 1.0)))

    def support(self, utterance: Utterance, label: int, longest: int) -> list[tuple[str, float]]:
        """Each known run of characters of the first `longest` with its weight for `label` against the mean label."""
        shortened = _shortened(utterance, longest, sounds=False)
        found = grams(shortened)
        rows, known = self.vocabulary.find(found.keys)
        which, at = self.entries(rows)
        own = np.bincount(which, weights=self.weights[at] * (self.columns[at] == label), minlength=len(rows))
        mean = np.bincount(which, weights=self.weights[at].astype(np.float64), minlength=len(rows)) / len(self.labels)
        value = (own - mean) * self.vocabulary.idf[rows]
        spans = zip(found.start[known].tolist(), found.end[known].tolist(), value.tolist(), strict=True)
        return [(shortened.chars[start:end], weight) for start, end, weight in spans]

    def save(self, path: Path) -> None:
        np.savez_compressed(
            path,
            keys=np.diff(self.vocabulary.keys, prepend=np.int64(0)),
            idf=self.vocabulary.idf.astype(np.float16),
            sounds=np.bool_(self.vocabulary.sounds),
            words=np.bool_(self.vocabulary.words),
            labels=np.array(self.labels, np.str_),
            counts=np.diff(self.starts).astype(np.uint16),
            columns=self.columns,
            weights=self.weights,
            scale=np.float64(self.scale),
            bias=self.bias,
            notes=np.array(json.dumps(self.notes, ensure_ascii=False, sort_keys=True)),
        )

    @classmethod
    def load(cls, path: Path) -> "SparseModel":
        """Raises `DataError` when the file is missing or is no such model."""
        try:
            with np.load(path, allow_pickle=False) as data:
                return cls(
                    vocabulary=Vocabulary(
                        np.cumsum(data["keys"]),
                        data["idf"].astype(np.float32),
                        sounds=bool(data["sounds"]),
                        # Models made before words counted have no such entry.
                        words="words" in data and bool(data["words"]),
                    ),
                    labels=tuple(data["labels"].tolist()),
                    starts=np.concatenate([[0], np.cumsum(data["counts"], dtype=np.int64)]),
                    columns=data["columns"],
                    weights=data["weights"],
                    scale=float(data["scale"]),
                    bias=data["bias"],
                    notes=json.loads(str(data["notes"])),
                )
        except (OSError, ValueError, KeyError, EOFError) as exc:
            message = f"no usable model ({exc}); build it with: python -m routing.train"
            raise DataError([Fault(str(path), 0, message)]) from exc
