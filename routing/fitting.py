"""Fits, calibrates and cross-validates a classifier: one-against-rest squared hinge over TF-IDF n-grams.

scikit-learn is used here only; what it finds is stored as plain arrays. Everything is seeded, so the same data gives
the same model. Damaged twins stay in the fold of their sentence: a figure is never of a sentence seen.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from random import Random
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from scipy.special import log_softmax
from sklearn.svm import LinearSVC

from routing.features import Floats, Ints
from routing.linear import Keys
from routing.sparse import SparseModel, Vocabulary, counted
from routing.text import Utterance

SEED: Final = 12345
_TEMPERATURES: Final = tuple(float(t) for t in np.geomspace(0.02, 3.0, 40))
_LOWEST_THRESHOLD, _HIGHEST_THRESHOLD = 0.12, 0.6
_ITERATIONS, _TOLERANCE = 1000, 0.1

Scores = npt.NDArray[np.float64]
Truth = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Example:
    """A training text; twins share the `group` of the sentence they come from, words have the group -1."""

    utterance: Utterance
    label: str
    group: int
    weight: float = 1.0
    original: bool = False


@dataclass(frozen=True, slots=True)
class Fitting:
    """The vocabulary's bounds and readings, the regularisation, whether the models of cross-validation learn from twins
    too (which triples their cost), the least weight kept as a share of the largest, the folds of cross-validation, and
    `sure`: how right the answers above the abstention threshold shall be."""

    least: int = 1
    most: int = 250_000
    sounds: bool = True
    words: bool = False
    strength: float = 0.6
    twins_in_folds: bool = True
    smallest_weight: float = 0.0
    folds: int = 5
    sure: float = 0.72


@dataclass(frozen=True, slots=True)
class TrainReport:
    """Figures of cross-validation by sentence. `answered` is the share above the abstention threshold."""

    sentences: int
    labels: int
    features: int
    accuracy: float
    macro_f1: float
    top3: float
    answered: float
    answered_accuracy: float
    temperature: float
    least: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def fit_classifier(
    examples: Sequence[Example], parents: Mapping[str, str], fitting: Fitting
) -> tuple[SparseModel, TrainReport, float]:
    """The model, its figures, and the accuracy at the level of `parents`, which gives each label's first level."""
    labels = tuple(sorted({example.label for example in examples}))
    known = _known(examples, fitting)
    folded = [each for each in known if fitting.twins_in_folds or each.example.original or each.example.group < 0]
    scores, truth = _cross_validate(folded, labels, fitting)
    temperature = _temperature(scores, truth)
    probabilities = np.exp(log_softmax(scores / temperature, axis=1))
    best = probabilities.argmax(axis=1)
    right = best == truth
    least = _threshold(probabilities.max(axis=1), right, fitting.sure)
    answered = probabilities.max(axis=1) >= least
    top3 = (np.argsort(-probabilities, axis=1)[:, :3] == truth[:, None]).any(axis=1)
    level = np.array([parents.get(label, label) for label in labels])
    model = _fit(known, labels, fitting)
    report = TrainReport(
        sentences=len(truth),
        labels=len(labels),
        features=len(model.vocabulary.keys),
        accuracy=float(right.mean()),
        macro_f1=_macro_f1(best, truth),
        top3=float(top3.mean()),
        answered=float(answered.mean()),
        answered_accuracy=float(right[answered].mean()) if answered.any() else 0.0,
        temperature=temperature,
        least=least,
    )
    model.notes.update(temperature=temperature, least=least, cv=report.as_json())
    return model, report, float((level[best] == level[truth]).mean())


def fit_model(examples: Sequence[Example], fitting: Fitting) -> SparseModel:
    """A model without cross-validation: neither calibrated nor with a threshold that means anything."""
    model = _fit(_known(examples, fitting), tuple(sorted({example.label for example in examples})), fitting)
    model.notes.update(temperature=1.0, least=0.0)
    return model


@dataclass(frozen=True, slots=True)
class _Known:
    """An example with its distinct n-grams, which are found once for all folds."""

    example: Example
    keys: Keys
    counts: Ints


def _known(examples: Sequence[Example], fitting: Fitting) -> list[_Known]:
    return [
        _Known(example, *counted(example.utterance, sounds=fitting.sounds, words=fitting.words)) for example in examples
    ]


def _cross_validate(known: Sequence[_Known], labels: tuple[str, ...], fitting: Fitting) -> tuple[Scores, Truth]:
    """Scores of every original sentence by a model that saw neither it nor its twins, and their true labels."""
    groups = _shuffled({each.example.group for each in known if each.example.group >= 0})
    fold = {group: i % fitting.folds for i, group in enumerate(groups)}
    found: list[Floats] = []
    truth: list[int] = []
    for held in range(fitting.folds):
        model = _fit([each for each in known if fold.get(each.example.group) != held], labels, fitting)
        for each in known:
            if each.example.original and fold[each.example.group] == held:
                found.append(model.scores_of(*model.vocabulary.weigh(each.keys, each.counts)))
                truth.append(labels.index(each.example.label))
    return np.array(found, np.float64), np.array(truth, np.int64)


def _fit(known: Sequence[_Known], labels: tuple[str, ...], fitting: Fitting) -> SparseModel:
    vocabulary = Vocabulary.fit(
        [each.keys for each in known], fitting.least, fitting.most, sounds=fitting.sounds, words=fitting.words
    )
    matrix = _matrix(vocabulary, known)
    truth = np.array([labels.index(each.example.label) for each in known])
    weight = np.array([each.example.weight for each in known])
    weights, bias = _margins(matrix, truth, weight, len(labels), fitting)
    return SparseModel.of(vocabulary, labels, weights, bias, fitting.smallest_weight)


def _margins(matrix: csr_matrix, truth: Truth, weight: Scores, labels: int, fitting: Fitting) -> tuple[Floats, Floats]:
    """Features by labels, and a bias a label, of the linear machine; a label without examples never wins."""
    learner = LinearSVC(C=fitting.strength, max_iter=_ITERATIONS, tol=_TOLERANCE, random_state=SEED)
    learner.fit(matrix, truth, sample_weight=weight)
    coefficients, intercept = learner.coef_, learner.intercept_
    if len(learner.classes_) == 2:
        coefficients = np.vstack([-coefficients, coefficients])
        intercept = np.array([-intercept[0], intercept[0]])
    weights = np.zeros((matrix.shape[1], labels), np.float32)
    bias = np.full(labels, -20.0, np.float32)
    weights[:, learner.classes_] = coefficients.T
    bias[learner.classes_] = intercept
    return weights, bias


def _matrix(vocabulary: Vocabulary, known: Sequence[_Known]) -> csr_matrix:
    vectors = [vocabulary.weigh(each.keys, each.counts) for each in known]
    indptr = np.concatenate([[0], np.cumsum([len(rows) for rows, _ in vectors])])
    columns = np.concatenate([rows for rows, _ in vectors])
    values = np.concatenate([values for _, values in vectors])
    return csr_matrix((values, columns, indptr), (len(vectors), len(vocabulary.keys)), np.float32)


def _shuffled(groups: Iterable[int]) -> list[int]:
    order = sorted(groups)
    Random(SEED).shuffle(order)
    return order


def _macro_f1(found: Truth, truth: Truth) -> float:
    measures = []
    for label in np.unique(truth):
        both = int(((found == label) & (truth == label)).sum())
        measures.append(2 * both / (int((found == label).sum()) + int((truth == label).sum())))
    return float(np.mean(measures))


def _temperature(scores: Scores, truth: Truth) -> float:
    def loss(temperature: float) -> float:
        return -float(log_softmax(scores / temperature, axis=1)[np.arange(len(truth)), truth].mean())

    return min(_TEMPERATURES, key=loss)


def _threshold(confidence: Scores, right: npt.NDArray[np.bool_], sure: float) -> float:
    """The lowest confidence above which answers are right in `sure` of the cases, within sensible bounds."""
    order = np.argsort(-confidence, kind="stable")
    share = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(share >= sure)
    reached = float(confidence[order][good[-1]]) if good.size else _HIGHEST_THRESHOLD
    return float(np.clip(reached, _LOWEST_THRESHOLD, _HIGHEST_THRESHOLD))
