"""Trains the danger model and measures it on situations it has never seen.

Sections of one situation (`domestic`, `domestic-2`) share a fold, so every figure is of situations left out, with all
their damaged twins and prefixes. The figures are of the whole detector, rails included, not of the bare model.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from scipy.special import log_softmax
from sklearn.linear_model import LogisticRegression

from routing.damage import begun, blurred, misheard
from routing.emergency import HARMLESS, LABELS, POSSIBLE, EmergencyDetector, Facts, courteous
from routing.errors import DataError, Fault
from routing.lexicon import SERVICES, Lexicon
from routing.linear import GramModel, Grams, Keys, grams
from routing.rails import affirmed, alarming
from routing.taxonomy import Taxonomy, sections
from routing.text import Utterance

_FOLDS = 5
_SEED = 110
_LEAST, _MOST = 2, 60_000
_STRENGTH = 6.0
_FACT_WEIGHT = 0.12
_SHARE_MISHEARD = 0.18
_UNSURE_WEIGHT = 1.6
_OUTCRY = 0.6
_FALSE_NAMED, _FALSE_UNNAMED, _RECALL = 0.003, 0.001, 0.975
_COPY = re.compile(r"-\d+$")


@dataclass(frozen=True, slots=True)
class Sample:
    """A training text; twins share the `fold` of their situation. Only originals are measured."""

    utterance: Utterance
    grams: Grams
    facts: tuple[int, ...]
    label: str
    situation: str
    weight: float
    original: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the detector saw in one sentence of a situation left out: the best window's figures."""

    label: str
    situation: str
    any: float
    sure: float
    braked: bool
    alarming: bool
    service: str
    evidence: int
    utterance: Utterance


def fit_danger(data_dir: Path, taxonomy: Taxonomy) -> tuple[GramModel, dict[str, Any]]:
    """The model with its thresholds in `notes`, and the figures of cross-validation. Raises `DataError`."""
    lexicon = Lexicon.load(data_dir / "danger" / "lexicon.toml")
    samples = list(_samples(data_dir, taxonomy, lexicon))
    outcomes, temperature = cross_validate(samples, lexicon)
    chosen = thresholds(outcomes)
    model = fit(samples, Facts(lexicon).names)
    figures = measure(outcomes, chosen) | {"features": len(model.keys)}
    model.notes.update(chosen | {"temperature": temperature, "cv": figures})
    return model, figures


def cross_validate(samples: Sequence[Sample], lexicon: Lexicon) -> tuple[list[Outcome], float]:
    """Every original sentence weighed by a detector that knows nothing of its situation; the calibrating temperature.

    The temperature is the one under which the probabilities of sentences left out are the most honest (log loss).
    """
    situations = sorted({sample.situation for sample in samples})
    Random(_SEED).shuffle(situations)
    fold = {situation: i % _FOLDS for i, situation in enumerate(situations)}
    names = Facts(lexicon).names
    measured = [s for s in samples if s.original and s.utterance.chars]
    models = [fit([s for s in samples if fold[s.situation] != held], names) for held in range(_FOLDS)]
    temperature = _temperature([(models[fold[s.situation]], s) for s in measured])
    for model in models:
        model.notes["temperature"] = temperature
    detectors = [EmergencyDetector(lexicon, model) for model in models]
    return [_outcome(detectors[fold[s.situation]], s) for s in measured], temperature


def _temperature(pairs: Sequence[tuple[GramModel, Sample]]) -> float:
    shares = [m.probabilities(m.find(s.utterance), 0, len(s.utterance.chars), s.facts) for m, s in pairs]
    scores = np.log(np.maximum(np.array(shares, np.float64), 1e-12))
    truth = np.array([LABELS.index(sample.label) for _, sample in pairs])

    def loss(temperature: float) -> float:
        return -float(log_softmax(scores / temperature, axis=1)[np.arange(len(truth)), truth].mean())

    return min((float(t) for t in np.geomspace(0.5, 3.0, 31)), key=loss)


def thresholds(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """`certain` (by evidence 0, 1, 2) as low as the aim for false ones allows; `possible` as high as recall allows."""
    harmless = [o for o in outcomes if o.label == HARMLESS]
    bars: list[float] = []
    for named, share in ((False, _FALSE_UNNAMED), (True, _FALSE_NAMED)):
        unbraked = np.array([o.sure if (o.evidence > 0) is named and not o.braked else 0.0 for o in harmless])
        bars.append(float(np.clip(np.quantile(unbraked, 1.0 - share), 0.5, 0.99)))
    danger = np.array([o.any for o in outcomes if o.label in SERVICES])
    possible = float(np.clip(np.quantile(danger, 1.0 - _RECALL), 0.08, 0.5))
    return {"certain": [*bars, min(bars[1], _OUTCRY)], "possible": possible}


def measure(outcomes: Sequence[Outcome], least: Mapping[str, Any]) -> dict[str, Any]:
    """Shares, with the curve of recall against false alarms over the threshold of `possible`."""
    possible = least["possible"]

    def certains(chosen: Sequence[Outcome]) -> float:
        return float(np.mean([o.sure >= least["certain"][o.evidence] and not o.braked for o in chosen]))

    def alarms(chosen: Sequence[Outcome], bar: float) -> float:
        return float(np.mean([o.any >= bar or o.alarming for o in chosen]))

    danger = [o for o in outcomes if o.label in SERVICES]
    unsure = [o for o in outcomes if o.label == POSSIBLE]
    harmless = [o for o in outcomes if o.label == HARMLESS]
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
        "service_accuracy": float(np.mean([o.service == o.label for o in danger])),
        "curve": curve,
    }


def fit(samples: Sequence[Sample], names: tuple[str, ...]) -> GramModel:
    keys, idf = _vocabulary(samples)
    matrix = _matrix(samples, keys, idf, len(names))
    learner = LogisticRegression(C=_STRENGTH, max_iter=80, tol=1e-3)
    learner.fit(matrix, [s.label for s in samples], sample_weight=[s.weight for s in samples])
    weights = np.zeros((matrix.shape[1], len(LABELS)), np.float32)
    bias = np.full(len(LABELS), -20.0, np.float32)
    for row, label in enumerate(learner.classes_):
        weights[:, LABELS.index(label)] = learner.coef_[row]
        bias[LABELS.index(label)] = learner.intercept_[row]
    return GramModel(keys, idf, LABELS, weights, bias, names, _FACT_WEIGHT, {})


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
    highest = max(w.any for w in weighed)
    alarmed = any(alarming(w.hits, w.end - w.start) for w in weighed)
    return Outcome(
        label=sample.label,
        situation=sample.situation,
        any=highest,
        sure=best.sure,
        braked=bool(best.brake),
        alarming=alarmed,
        service=best.service,
        evidence=best.evidence,
        utterance=sample.utterance,
    )


def _samples(data_dir: Path, taxonomy: Taxonomy, lexicon: Lexicon) -> Iterator[Sample]:
    """Emergencies, dangers to ask about and harmless sentences with their twins. Raises `DataError`."""
    rng = Random(_SEED)
    facts = Facts(lexicon)
    faults: list[Fault] = []

    def sample(text: str, label: str, situation: str, weight: float, original: bool = False) -> Sample:
        utterance = courteous(text)
        held = tuple(facts.held(affirmed(utterance, lexicon.scan(utterance))))
        return Sample(utterance, grams(utterance), held, label, situation, weight, original)

    for text, label, situation in _sentences(data_dir, taxonomy, faults):
        ordinary = situation.startswith("problem:")
        yield sample(text, label, situation, _UNSURE_WEIGHT if label == POSSIBLE else 1.0, True)
        yield sample(misheard(text, _SHARE_MISHEARD, rng), label, situation, 0.3 if ordinary else 0.5)
        if not ordinary:
            yield sample(blurred(text, rng), label, situation, 0.4)
        if label in SERVICES and len(text) > 6:
            yield sample(begun(text, rng), label, situation, 0.3)
    if faults:
        raise DataError(faults)


def _sentences(data_dir: Path, taxonomy: Taxonomy, faults: list[Fault]) -> Iterator[tuple[str, str, str]]:
    """Text, label and situation of every sentence; each heading without its counter is a situation."""
    folder = data_dir / "danger"
    for path in sorted(folder.glob("emergencies*.txt")) + sorted(folder.glob("possible*.txt")):
        for line, heading, sentences in sections(path, faults):
            name, service = _heading(heading, path.name, line, faults)
            label = POSSIBLE if path.name.startswith("possible") else service
            yield from ((text, label, _COPY.sub("", name)) for text in sentences)
    for path in sorted(folder.glob("traps*.txt")) + sorted(folder.glob("harmless*.txt")):
        for _, heading, sentences in sections(path, faults):
            yield from ((text, HARMLESS, f"trap:{_COPY.sub('', heading)}") for text in sentences)
    for problem_id, problem in taxonomy.problems.items():
        yield from ((text, HARMLESS, f"problem:{problem_id}") for text in problem.exemplars)


def _heading(heading: str, file: str, line: int, faults: list[Fault]) -> tuple[str, str]:
    parts = heading.split()
    if len(parts) != 3 or parts[1] not in SERVICES:
        faults.append(Fault(file, line, f"expected [situation service kind], found [{heading}]"))
        return heading, SERVICES[0]
    return parts[0], parts[1]
