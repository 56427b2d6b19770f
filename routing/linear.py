"""A linear model over packed n-grams of characters and sounds and over lexical facts, fast enough for every partial.

An n-gram of up to three code points is one 63-bit number (21 bits each), so a whole utterance becomes one array and one
binary search in the sorted keys: exact, without strings or collisions. Each occurrence adds its weight, and the sum is
divided by the length of the vector, so any stretch of the utterance is scored from the same arrays.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from routing.errors import DataError, Fault
from routing.features import Floats, softmax
from routing.text import Utterance

Keys = npt.NDArray[np.int64]
_BITS = 21
_LONGEST_GRAM = 3


@dataclass(frozen=True, slots=True)
class Grams:
    """Every n-gram of an utterance: its key and the positions it covers, `start` to `end`."""

    keys: Keys
    start: Keys
    end: Keys


def grams(utterance: Utterance) -> Grams:
    """All runs of one to three characters and of one to three sounds."""
    keys: list[Keys] = []
    start: list[Keys] = []
    end: list[Keys] = []
    for reading in (utterance.chars, utterance.sounds):
        codes = np.frombuffer(reading.encode("utf-32-le", "replace"), np.uint32).astype(np.int64)
        packed = codes
        for size in range(1, _LONGEST_GRAM + 1):
            if size > len(codes):
                break
            if size > 1:
                packed = (packed[:-1] << _BITS) | codes[size - 1 :]
            at = np.arange(len(packed), dtype=np.int64)
            keys.append(packed)
            start.append(at)
            end.append(at + size)
    if not keys:
        nothing = np.zeros(0, np.int64)
        return Grams(nothing, nothing, nothing)
    return Grams(np.concatenate(keys), np.concatenate(start), np.concatenate(end))


@dataclass(frozen=True, slots=True)
class Found:
    """The known n-grams of one utterance: rows of the model, and the positions each covers."""

    rows: Keys
    start: Keys
    end: Keys


@dataclass(frozen=True, slots=True)
class GramModel:
    """`weights` is features by labels: first the n-grams in the order of the sorted `keys`, then one row for each of
    the `facts`, which hold (with the weight `fact_weight`) or do not. `notes` is what the trainer wants to be known.
    """

    keys: Keys
    idf: Floats
    labels: tuple[str, ...]
    weights: Floats
    bias: Floats
    facts: tuple[str, ...]
    fact_weight: float
    notes: dict[str, Any]

    def find(self, utterance: Utterance) -> Found:
        every = grams(utterance)
        where = np.searchsorted(self.keys, every.keys)
        where[where == len(self.keys)] = 0
        known = self.keys[where] == every.keys
        return Found(where[known], every.start[known], every.end[known])

    def probabilities(self, found: Found, start: int, end: int, facts: Sequence[int]) -> Floats:
        """Of each label, summing to 1, for the positions `start` to `end`; `facts` are positions in `self.facts`."""
        rows = found.rows[(found.start >= start) & (found.end <= end)]
        scores = self.bias
        if len(rows):
            values = self.idf[rows]
            scores = scores + values @ self.weights[rows] / np.sqrt(np.dot(values, values))
        if len(facts):
            held = np.asarray(facts, np.int64) + len(self.keys)
            scores = scores + np.float32(self.fact_weight) * self.weights[held].sum(axis=0)
        return softmax(scores / np.float32(self.notes.get("temperature", 1.0)))

    def save(self, path: Path) -> None:
        np.savez_compressed(
            path,
            keys=self.keys,
            idf=self.idf.astype(np.float16),
            labels=np.array(self.labels, np.str_),
            facts=np.array(self.facts, np.str_),
            fact_weight=np.float32(self.fact_weight),
            weights=self.weights.astype(np.float16),
            bias=self.bias,
            notes=np.array(json.dumps(self.notes, ensure_ascii=False, sort_keys=True)),
        )

    @classmethod
    def load(cls, path: Path) -> "GramModel":
        """Raises `DataError` when the file is missing or is no such model."""
        try:
            with np.load(path, allow_pickle=False) as data:
                return cls(
                    keys=data["keys"],
                    idf=data["idf"].astype(np.float32),
                    labels=tuple(data["labels"].tolist()),
                    weights=data["weights"].astype(np.float32),
                    bias=data["bias"],
                    facts=tuple(data["facts"].tolist()),
                    fact_weight=float(data["fact_weight"]),
                    notes=json.loads(str(data["notes"])),
                )
        except (OSError, ValueError, KeyError, EOFError) as exc:
            message = f"no usable model ({exc}); build it with: python -m routing.train"
            raise DataError([Fault(str(path), 0, message)]) from exc
