"""Trains the danger model and measures it on situations it has never seen.

Sentences of one situation share a fold, so every figure is of situations left out, with all their damaged twins and
beginnings. The figures are of the whole detector, rails included, not of the bare model.
`python -m routing.danger_training` prints the learning curve: the same figures from a part of the situations.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from routing.danger_model import DANGER, GRAVITIES, HARMLESS, POSSIBLE, DangerModel
from routing.danger_samples import Sample, make_samples, read_sentences
from routing.emergency import EmergencyDetector, Facts
from routing.lexicon import SERVICES, Lexicon
from routing.linear import GramModel, Keys
from routing.rails import alarming
from routing.router import DATA_DIR
from routing.taxonomy import Taxonomy
from routing.text import Utterance

_FOLDS = 5
_SEED = 110
_LEAST, _MOST = 2, 200_000
_STRENGTH, _SERVICE_STRENGTH = 0.5, 0.3
_FACT_WEIGHT = 0.07
_OUTCRY = 0.4
_FALSE_NAMED, _FALSE_UNNAMED, _FALSE_ASKED = 0.004, 0.002, 0.113
_CURVE_SHARES = (0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class Calibration:
    """A linear map from a model's margins to log shares: `margins @ mixing + shift`."""

    mixing: npt.NDArray[np.float32]
    shift: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the detector saw in one sentence of a situation left out: the best window's figures. `asked` and `sent`
    are the services that must come and that the model names, empty for a harmless sentence."""

    gravity: str
    situation: str
    any: float
    sure: float
    braked: bool
    alarming: bool
    evidence: int
    asked: str
    sent: str
    utterance: Utterance


def fit_danger(data_dir: Path, taxonomy: Taxonomy) -> tuple[DangerModel, dict[str, Any]]:
    """The model with its thresholds in `notes`, and the figures of cross-validation. Raises `DataError`."""
    lexicon = Lexicon.load(data_dir / "danger" / "lexicon.toml")
    samples = make_samples(read_sentences(data_dir, taxonomy), lexicon)
    outcomes, calibrations = cross_validate(samples, lexicon)
    chosen = thresholds(outcomes)
    model = calibrated(fit(samples, Facts(lexicon).names), calibrations)
    figures = measure(outcomes, chosen) | {"features": len(model.gravity.keys)}
    model.notes.update(chosen | {"cv": figures})
    return model, figures


def cross_validate(
    samples: Sequence[Sample], lexicon: Lexicon, share: float = 1.0
) -> tuple[list[Outcome], tuple[Calibration, Calibration]]:
    """Every original sentence weighed by a detector that knows nothing of its situation; how margins become shares.

    Only a `share` of the other situations is learnt from, for the learning curve.
    """
    situations = sorted({sample.situation for sample in samples})
    Random(_SEED).shuffle(situations)
    fold = {situation: i % _FOLDS for i, situation in enumerate(situations)}
    known = set(situations[: round(share * len(situations))])
    names = Facts(lexicon).names
    held = [[s for s in samples if s.original and s.utterance.chars and fold[s.situation] == i] for i in range(_FOLDS)]
    models = [
        fit([s for s in samples if fold[s.situation] != i and s.situation in known], names) for i in range(_FOLDS)
    ]
    grave = _calibration([(m.gravity, s, [x.gravity for x in s]) for m, s in zip(models, held, strict=True)])
    asked = [[s for s in part if s.service] for part in held]
    served = _calibration([(m.service, s, [x.service for x in s]) for m, s in zip(models, asked, strict=True)])
    detectors = [EmergencyDetector(lexicon, calibrated(model, (grave, served))) for model in models]
    outcomes = [_outcome(detectors[i], sample) for i in range(_FOLDS) for sample in held[i]]
    return outcomes, (grave, served)


def _calibration(parts: Sequence[tuple[GramModel, list[Sample], list[str]]]) -> Calibration:
    """Logistic regression from the margins of sentences left out to their labels: honest shares, still linear."""
    labels = parts[0][0].labels
    margins = np.concatenate([_margins(model, samples) for model, samples, _ in parts])
    truth = [labels.index(label) for _, _, given in parts for label in given]
    learner = LogisticRegression(C=10.0, max_iter=1000).fit(margins, truth)
    mixing = np.zeros((len(labels), len(labels)), np.float32)
    shift = np.full(len(labels), -20.0, np.float32)
    mixing[:, learner.classes_], shift[learner.classes_] = learner.coef_.T, learner.intercept_
    return Calibration(mixing, shift)


def calibrated(model: DangerModel, how: tuple[Calibration, Calibration]) -> DangerModel:
    """The model whose scores are log shares."""
    return DangerModel(*(_recast(part, way) for part, way in zip((model.gravity, model.service), how, strict=True)))


def _recast(model: GramModel, how: Calibration) -> GramModel:
    return replace(model, weights=model.weights @ how.mixing, bias=model.bias @ how.mixing + how.shift, notes={})


def _margins(model: GramModel, samples: Sequence[Sample]) -> npt.NDArray[np.float32]:
    matrix = _matrix(samples, model.keys, model.idf, len(model.facts))
    found: npt.NDArray[np.float32] = matrix @ model.weights + model.bias
    return found


def thresholds(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """`certain` (by evidence 0, 1, 2) and `possible`, each as low as the share of false ones of its kind allows.

    The harmless sentences of the training data are far harder than a hotline's day: most carry words of danger.
    """
    harmless = [o for o in outcomes if o.gravity == HARMLESS]
    bars: list[float] = []
    for named, share in ((False, _FALSE_UNNAMED), (True, _FALSE_NAMED)):
        unbraked = np.array([o.sure if (o.evidence > 0) is named and not o.braked else 0.0 for o in harmless])
        bars.append(float(np.clip(np.quantile(unbraked, 1.0 - share), 0.5, 0.99)))
    possible = float(np.clip(np.quantile([o.any for o in harmless], 1.0 - _FALSE_ASKED), 0.03, 0.5))
    return {"certain": [*bars, min(bars[1], _OUTCRY)], "possible": possible}


def measure(outcomes: Sequence[Outcome], least: Mapping[str, Any]) -> dict[str, Any]:
    """Shares, with the curve of recall against false alarms over the threshold of `possible`."""
    possible = least["possible"]

    def certains(chosen: Sequence[Outcome]) -> float:
        return float(np.mean([o.sure >= least["certain"][o.evidence] and not o.braked for o in chosen]))

    def alarms(chosen: Sequence[Outcome], bar: float) -> float:
        return float(np.mean([o.any >= bar or o.alarming for o in chosen]))

    danger = [o for o in outcomes if o.gravity == DANGER]
    unsure = [o for o in outcomes if o.gravity == POSSIBLE]
    harmless = [o for o in outcomes if o.gravity == HARMLESS]
    traps = [o for o in harmless if not o.situation.startswith("problem:")]
    curve = [
        {"threshold": bar, "recall": alarms(danger, bar), "possible": alarms(unsure, bar)}
        | {"false_on_traps": alarms(traps, bar), "false_on_harmless": alarms(harmless, bar)}
        for bar in (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7)
    ]
    return {
        "emergencies": len(danger),
        "possibles": len(unsure),
        "harmless": len(harmless),
        "situations": len({o.situation for o in danger}),
        "thresholds": dict(least),
        "recall": alarms(danger, possible),
        "recall_certain": certains(danger),
        "possible_not_missed": alarms(unsure, possible),
        "possible_as_certain": certains(unsure),
        "false_certain": certains(harmless),
        "false_certain_on_traps": certains(traps),
        "false_alarm": alarms(harmless, possible),
        "false_alarm_on_traps": alarms(traps, possible),
        "service_accuracy": float(np.mean([o.sent == o.asked for o in danger])),
        "curve": curve,
    }


def learning_curve(data_dir: Path) -> list[dict[str, Any]]:
    """What a quarter, a half … of the situations is worth, at the thresholds of the whole. Raises `DataError`."""
    lexicon = Lexicon.load(data_dir / "danger" / "lexicon.toml")
    samples = make_samples(read_sentences(data_dir, Taxonomy.load(data_dir)), lexicon)
    points: list[dict[str, Any]] = []
    for share in _CURVE_SHARES:
        outcomes, _ = cross_validate(samples, lexicon, share)
        figures = measure(outcomes, thresholds(outcomes))
        names = ("recall", "recall_certain", "possible_not_missed", "false_certain", "false_alarm", "service_accuracy")
        points.append({"situations_share": share} | {name: round(figures[name], 4) for name in names})
    return points


def fit(samples: Sequence[Sample], names: tuple[str, ...]) -> DangerModel:
    served = [s for s in samples if s.service]
    return DangerModel(
        _fit(samples, [s.gravity for s in samples], GRAVITIES, names, _STRENGTH),
        _fit(served, [s.service for s in served], SERVICES, names, _SERVICE_STRENGTH),
    )


def _fit(
    samples: Sequence[Sample], truth: list[str], labels: tuple[str, ...], names: tuple[str, ...], strength: float
) -> GramModel:
    keys, idf = _vocabulary(samples)
    matrix = _matrix(samples, keys, idf, len(names))
    learner = LinearSVC(C=strength, dual=True, tol=1e-3, max_iter=5000, random_state=_SEED)
    learner.fit(matrix, truth, sample_weight=[s.weight for s in samples])
    weights = np.zeros((matrix.shape[1], len(labels)), np.float32)
    bias = np.full(len(labels), -20.0, np.float32)
    for row, label in enumerate(learner.classes_):
        weights[:, labels.index(label)] = learner.coef_[row]
        bias[labels.index(label)] = learner.intercept_[row]
    return GramModel(keys, idf, labels, weights, bias, names, _FACT_WEIGHT, {})


def _vocabulary(samples: Sequence[Sample]) -> tuple[Keys, npt.NDArray[np.float32]]:
    keys, counts = np.unique(np.concatenate([np.unique(s.grams.keys) for s in samples]), return_counts=True)
    least = max(_LEAST, int(np.sort(counts)[-_MOST]) + 1) if len(keys) > _MOST else _LEAST
    kept = counts >= least
    return keys[kept], (np.log((1 + len(samples)) / (1 + counts[kept])) + 1).astype(np.float32)


def _matrix(samples: Sequence[Sample], keys: Keys, idf: npt.NDArray[np.float32], facts: int) -> csr_matrix:
    indptr = [0]
    columns: list[Keys] = []
    values: list[npt.NDArray[np.float32]] = []
    for sample in samples:
        where = np.searchsorted(keys, sample.grams.keys)
        where[where == len(keys)] = 0
        rows = where[keys[where] == sample.grams.keys]
        weights = idf[rows]
        held = np.array(sample.facts, np.int64) + len(keys)
        columns += [rows, held]
        values += [weights / np.sqrt(max(float(np.dot(weights, weights)), 1e-9)), np.full(len(held), _FACT_WEIGHT)]
        indptr.append(indptr[-1] + len(rows) + len(held))
    shape = (len(samples), len(keys) + facts)
    matrix = csr_matrix((np.concatenate(values), np.concatenate(columns), indptr), shape, np.float32)
    matrix.sum_duplicates()
    return matrix


def _outcome(detector: EmergencyDetector, sample: Sample) -> Outcome:
    weighed = detector.weigh(sample.utterance)
    best = max(weighed, key=lambda w: (0.0 if w.brake else w.sure, w.any))
    return Outcome(
        gravity=sample.gravity,
        situation=sample.situation,
        any=max(w.any for w in weighed),
        sure=best.sure,
        braked=bool(best.brake),
        alarming=any(alarming(w.hits, w.end - w.start) for w in weighed),
        evidence=best.evidence,
        asked=sample.service,
        sent=detector.service(sample.utterance, best) if sample.service else "",
        utterance=sample.utterance,
    )


def main() -> int:
    sys.stdout.write(json.dumps(learning_curve(DATA_DIR), ensure_ascii=False, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
