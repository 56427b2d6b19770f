"""Trains the models from the data folder, or a classifier from an organisation's own tickets.

scikit-learn is used for training only; what it finds is stored as plain arrays. Everything is seeded, so the same
data gives the same model. Damaged twins stay in the fold of their sentence: a figure is never of a sentence seen.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

from routing.damage import misheard, talked_around
from routing.danger_training import fit_danger
from routing.errors import DataError, Fault
from routing.evaluation import EvalReport, evaluate_csv, read_pairs, score
from routing.features import EXTRA_WEIGHT, Floats, LinearModel, Vocabulary
from routing.taxonomy import Taxonomy
from routing.text import Utterance, read

__all__ = ("PARTS", "EvalReport", "TrainReport", "digest", "evaluate_csv", "read_pairs", "score", "train", "train_csv")

_FOLDS = 5
_SEED = 12345
_TEMPERATURES = tuple(float(t) for t in np.geomspace(0.15, 3.0, 25))
_MISHEARD = 0.18
_SURE = 0.72
"""How sure an answer must be: every category is read back to the caller, so a wrong one costs a correction, while an
abstention costs the whole story once more."""


@dataclass(frozen=True, slots=True)
class Example:
    """A training text; twins share the `group` of the sentence they come from."""

    utterance: Utterance
    label: str
    group: int
    weight: float = 1.0
    present: tuple[int, ...] = ()
    original: bool = False


@dataclass(frozen=True, slots=True)
class Fitting:
    """How a model is fitted: the vocabulary's bounds, the regularisation and the names of extra facts."""

    least: int = 2
    most: int = 16000
    strength: float = 30.0
    extras: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TrainReport:
    """Figures of cross-validation by sentence. `answered` is the share above the abstention threshold."""

    sentences: int
    labels: int
    features: int
    accuracy: float
    top3: float
    answered: float
    answered_accuracy: float
    temperature: float

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


CATEGORIES, DANGER = "categories", "danger"
PARTS = (CATEGORIES, DANGER)


def digest(data_dir: Path, part: str) -> str:
    """Of what one of the `PARTS` is trained on; tells a stale model.

    The danger model also takes the exemplars as ordinary talk; a change of those alone does not make it stale.
    """
    folder = data_dir / "danger"
    patterns = ("exemplars*.txt", "words.txt", "kinds*.txt", "problems.csv", "twins_categories*.csv")
    if part == DANGER:
        paths = [p for p in folder.rglob("*") if p.suffix in (".csv", ".txt", ".toml")]
    else:
        paths = [p for pattern in patterns for p in data_dir.glob(pattern)]
    total = hashlib.sha256()
    for path in sorted(paths):
        total.update(path.relative_to(data_dir).as_posix().encode() + b"\0" + path.read_bytes())
    return total.hexdigest()


def train(data_dir: Path, out_dir: Path, parts: Sequence[str] = PARTS) -> dict[str, Any]:
    """The models of `parts` from the data folder into `out_dir`; the figures seen on the way. Raises `DataError`."""
    out_dir.mkdir(parents=True, exist_ok=True)
    taxonomy = Taxonomy.load(data_dir)
    figures: dict[str, Any] = {}
    if CATEGORIES in parts:
        figures[CATEGORIES] = _train_categories(data_dir, out_dir, taxonomy)
    if DANGER in parts:
        danger, figures[DANGER] = fit_danger(data_dir, taxonomy)
        danger.notes["data"] = digest(data_dir, DANGER)
        danger.save(out_dir / "emergency.npz")
    return figures


def _train_categories(data_dir: Path, out_dir: Path, taxonomy: Taxonomy) -> dict[str, Any]:
    groups = {name: problem.category.l1 for name, problem in taxonomy.problems.items()}
    model, report, first_level = _fit_classifier(_category_examples(taxonomy), groups, Fitting(), _SURE)
    model.notes["data"] = digest(data_dir, CATEGORIES)
    model.save(out_dir / "classifier.npz")
    return report.as_json() | {"l1_accuracy": first_level}


def train_csv(path: Path, out_dir: Path) -> TrainReport:
    """A classifier from a `text,label` CSV into `out_dir/classifier.npz`. Raises `DataError` naming file and lines."""
    pairs = read_pairs(path)
    counts = Counter(label for _, label in pairs)
    few = sorted(label for label, count in counts.items() if count < _FOLDS)
    if len(counts) < 2 or few:
        message = f"at least two labels with {_FOLDS} rows each are needed" + (
            f"; too few: {', '.join(few)}" if few else ""
        )
        raise DataError([Fault(path.name, 0, message)])
    examples = [Example(read(text), label, i, original=True) for i, (text, label) in enumerate(pairs)]
    fitting = Fitting(least=2 if len(pairs) < 2000 else 3, most=60000, strength=10.0)
    model, report, _ = _fit_classifier(examples, {}, fitting, _SURE)
    out_dir.mkdir(parents=True, exist_ok=True)
    model.save(out_dir / "classifier.npz")
    return report


def _category_examples(taxonomy: Taxonomy) -> list[Example]:
    rng = Random(_SEED)
    examples: list[Example] = []
    group = 0
    for name, problem in taxonomy.problems.items():
        for sentence in problem.exemplars:
            examples.append(Example(read(sentence), name, group, original=True))
            examples.append(Example(read(talked_around(sentence, rng)), name, group, 0.5))
            examples.append(Example(read(misheard(sentence, _MISHEARD, rng)), name, group, 0.5))
            group += 1
        for count in (1, 2, 2, 3, 3) if problem.words else ():
            words = "".join(rng.sample(problem.words, min(count, len(problem.words))))
            examples.append(Example(read(words), name, -1, 0.5))
        examples += [Example(read(word), name, -1, 0.5) for word in (*problem.words, problem.category.problem)]
    return examples


def _fit_classifier(
    examples: Sequence[Example], parents: dict[str, str], fitting: Fitting, sure: float
) -> tuple[LinearModel, TrainReport, float]:
    """`parents` gives each label's first level; the threshold is where cross-validated answers are `sure` right."""
    labels = tuple(sorted({example.label for example in examples}))
    scores, truth = _cross_validate(examples, labels, fitting)
    temperature = _temperature(scores, truth)
    probabilities = np.exp(log_softmax(scores / temperature, axis=1))
    best = probabilities.argmax(axis=1)
    right = best == truth
    least = _threshold(probabilities.max(axis=1), right, sure)
    answered = probabilities.max(axis=1) >= least
    top3 = (np.argsort(-probabilities, axis=1)[:, :3] == truth[:, None]).any(axis=1)
    level = np.array([parents.get(label, label) for label in labels])
    model = _fit(examples, labels, fitting)
    report = TrainReport(
        sentences=len(truth),
        labels=len(labels),
        features=len(model.vocabulary.index),
        accuracy=float(right.mean()),
        top3=float(top3.mean()),
        answered=float(answered.mean()),
        answered_accuracy=float(right[answered].mean()) if answered.any() else 0.0,
        temperature=temperature,
    )
    model.notes.update(temperature=temperature, least=least, cv=report.as_json())
    return model, report, float((level[best] == level[truth]).mean())


def _cross_validate(
    examples: Sequence[Example], labels: tuple[str, ...], fitting: Fitting
) -> tuple[np.ndarray[Any, np.dtype[np.float64]], np.ndarray[Any, np.dtype[np.int64]]]:
    """Scores of every original sentence by a model that saw neither it nor its twins, and their true labels."""
    fold = {group: i % _FOLDS for i, group in enumerate(_shuffled({e.group for e in examples if e.group >= 0}))}
    found: list[Floats] = []
    truth: list[int] = []
    for held in range(_FOLDS):
        model = _fit([e for e in examples if fold.get(e.group) != held], labels, fitting)
        for example in examples:
            if example.original and fold[example.group] == held:
                found.append(model.scores(example.utterance, example.present))
                truth.append(labels.index(example.label))
    return np.array(found, np.float64), np.array(truth, np.int64)


def _fit(examples: Sequence[Example], labels: tuple[str, ...], fitting: Fitting) -> LinearModel:
    vocabulary = Vocabulary.fit([e.utterance for e in examples], fitting.least, fitting.most)
    size = len(vocabulary.index)
    indptr, columns, values = [0], list[int](), list[float]()
    for example in examples:
        where, weights = vocabulary.vector(example.utterance)
        columns += where.tolist() + [size + i for i in example.present]
        values += weights.tolist() + [EXTRA_WEIGHT] * len(example.present)
        indptr.append(len(columns))
    matrix = csr_matrix((values, columns, indptr), (len(examples), size + len(fitting.extras)), np.float32)
    known = sorted({example.label for example in examples})
    learner = LogisticRegression(C=fitting.strength, max_iter=60, tol=1e-3)
    learner.fit(matrix, [e.label for e in examples], sample_weight=[e.weight for e in examples])
    coefficients, intercept = learner.coef_, learner.intercept_
    if len(known) == 2:
        coefficients, intercept = (
            np.vstack([-coefficients, coefficients]) / 2,
            np.array([-intercept[0], intercept[0]]) / 2,
        )
    weights = np.zeros((matrix.shape[1], len(labels)), np.float32)
    bias = np.full(len(labels), -20.0, np.float32)
    for row, label in enumerate(known):
        weights[:, labels.index(label)] = coefficients[row]
        bias[labels.index(label)] = intercept[row]
    return LinearModel(vocabulary, labels, weights, bias, {}, fitting.extras)


def _shuffled(groups: Iterable[int]) -> list[int]:
    order = sorted(groups)
    Random(_SEED).shuffle(order)
    return order


def _temperature(scores: np.ndarray[Any, np.dtype[np.float64]], truth: np.ndarray[Any, np.dtype[np.int64]]) -> float:
    def loss(temperature: float) -> float:
        return -float(log_softmax(scores / temperature, axis=1)[np.arange(len(truth)), truth].mean())

    return min(_TEMPERATURES, key=loss)


def _threshold(
    confidence: np.ndarray[Any, np.dtype[np.float64]], right: np.ndarray[Any, np.dtype[np.bool_]], sure: float
) -> float:
    """The lowest confidence above which answers are right in `sure` of the cases; at least 0.2, at most 0.6."""
    order = np.argsort(-confidence, kind="stable")
    share = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(share >= sure)
    return float(np.clip(confidence[order][good[-1]] if good.size else 0.6, 0.2, 0.6))
