"""Category of an utterance: a calibrated linear model over n-grams that abstains below its threshold and says why."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from routing.features import Floats, Ints, LinearModel
from routing.text import Utterance

_CANDIDATES = 3
_REASONS = 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """`label` is None when the model abstains; `ranked` are the three likeliest labels with their probabilities."""

    label: str | None
    ranked: tuple[tuple[str, float], ...]
    words: tuple[str, ...]


class Classifier:
    def __init__(self, model: LinearModel) -> None:
        self.model = model
        self._least = float(model.notes["least"])

    @classmethod
    def load(cls, path: Path) -> "Classifier":
        """Raises `routing.errors.DataError`."""
        return cls(LinearModel.load(path))

    def classify(self, utterance: Utterance) -> Verdict:
        where, values = self.model.vocabulary.vector(utterance)
        probabilities = self.model.probabilities_of(where, values)
        order = np.argsort(-probabilities, kind="stable")[:_CANDIDATES]
        ranked = tuple((self.model.labels[int(i)], float(probabilities[i])) for i in order)
        known = bool(where.size)
        words = self._words(utterance, where, values, int(order[0])) if known else ()
        sure = known and ranked[0][1] >= self._least
        return Verdict(ranked[0][0] if sure else None, ranked, words)

    def _words(self, utterance: Utterance, where: Ints, values: Floats, label: int) -> tuple[str, ...]:
        """The caller's own words, of two or three characters, that spoke most for the label."""
        column = self.model.weights[where, label]
        support = values * (column - self.model.weights[where].mean(axis=1))
        weight_of = dict(zip(where.tolist(), support.tolist(), strict=True))
        index, chars = self.model.vocabulary.index, utterance.chars
        scored: dict[str, float] = {}
        for size in (2, 3):
            for start in range(min(len(chars), 400) - size + 1):
                gram = chars[start : start + size]
                weight = weight_of.get(index.get(gram, -1), 0.0)
                if weight > 0 and not any(c.isdigit() for c in gram):
                    scored[gram] = weight
        chosen: list[str] = []
        for gram in sorted(scored, key=lambda g: (-scored[g], g)):
            if not any(set(gram) & set(other) for other in chosen):
                chosen.append(gram)
            if len(chosen) == _REASONS:
                break
        return tuple(chosen)
