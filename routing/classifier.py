"""Category of an utterance: a calibrated linear model over n-grams that abstains below its threshold and says why."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from routing.errors import DataError, Fault
from routing.sparse import SparseModel
from routing.text import Utterance

NOTHING: Final = ""
"""The label of talk that says nothing about a matter: it is never an answer, and its share leaves the others less."""
_CANDIDATES: Final = 3
_REASONS: Final = 3
_READ_FOR_REASONS: Final = 400
_OTHER_READINGS: Final = 4
_ANOTHER_READING: Final = 0.5
"""What a lower reading counts beside the best one."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`label` is None when the model abstains; `ranked` are the three likeliest labels with their probabilities."""

    label: str | None
    ranked: tuple[tuple[str, float], ...]
    words: tuple[str, ...]


class Classifier:
    def __init__(self, model: SparseModel) -> None:
        self.model = model
        self._least = float(model.notes["least"])
        self._matters = [label != NOTHING for label in model.labels]

    @classmethod
    def load(cls, path: Path) -> "Classifier":
        """Raises `routing.errors.DataError`."""
        model = SparseModel.load(path)
        if "least" not in model.notes:
            raise DataError(
                [Fault(str(path), 0, "a model without a threshold; build it with: python -m routing.train")]
            )
        return cls(model)

    def classify(self, utterance: Utterance, others: Sequence[Utterance] = ()) -> Verdict:
        """`others` are the recogniser's lower readings of the same words: what several of them say is likelier."""
        vectors = [self.model.vocabulary.vector(each) for each in (utterance, *others[:_OTHER_READINGS])]
        shares = [self.model.probabilities_of(*vector) for vector in vectors]
        probabilities = np.average(shares, axis=0, weights=[1.0] + [_ANOTHER_READING] * (len(shares) - 1))
        order = np.array([i for i in np.argsort(-probabilities, kind="stable") if self._matters[i]][:_CANDIDATES])
        ranked = tuple((self.model.labels[int(i)], float(probabilities[i])) for i in order)
        said = bool(vectors[0][0].size)
        words = self._words(utterance, int(order[0])) if said else ()
        sure = said and ranked[0][1] >= self._least
        return Verdict(ranked[0][0] if sure else None, ranked, words)

    def _words(self, utterance: Utterance, label: int) -> tuple[str, ...]:
        """The caller's own words, of two or three characters, that spoke most for the label."""
        scored = {
            gram: weight
            for gram, weight in self.model.support(utterance, label, _READ_FOR_REASONS)
            if len(gram) > 1 and weight > 0 and not any(c.isdigit() for c in gram)
        }
        chosen: list[str] = []
        for gram in sorted(scored, key=lambda g: (-scored[g], g)):
            if not any(set(gram) & set(other) for other in chosen):
                chosen.append(gram)
            if len(chosen) == _REASONS:
                break
        return tuple(chosen)
