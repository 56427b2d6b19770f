"""`python -m routing.knowledge_training`: fits how sure an answer must be, and prints the figures.

Each known question is asked of the others in turn (one of every entry is left out at a time), as written, talked around
and misheard; the questions of `knowledge_outside.txt` must stay unanswered. A logistic model over `Evidence` learns
when the best entry is the right one; what speaks for an entry may only raise the probability, what speaks against it
only lower it. The threshold is the lowest at which answers given are right in the wanted share of cases.
"""

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import astuple, fields, replace
from pathlib import Path
from random import Random
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from routing.damage import misheard, talked_around
from routing.errors import DataError
from routing.knowledge import CALIBRATION, Calibration, Evidence, Index
from routing.knowledge_file import Entry, load_knowledge, load_outside
from routing.router import DATA_DIR
from routing.text import read

RIGHT: Final = 0.91
"""The share of answers that must be right. Half of what it is fitted on are complaints about the very things explained,
which a hotline that asks the kind of request first never brings here."""
_SEED: Final = 12345
_MISHEARD: Final = 0.12
_FOLDS: Final = 5
_PULL: Final = 0.1
_NAMES: Final = tuple(field.name for field in fields(Evidence))
_AGAINST: Final = frozenset({"outside", "complaining"})

Floats = npt.NDArray[np.float64]


def digest(folder: Path) -> str:
    """Of what is fitted on; tells a stale calibration."""
    total = hashlib.sha256()
    for name in ("knowledge.toml", "knowledge_outside.txt", "misheard.csv"):
        total.update((folder / name).read_bytes())
    return total.hexdigest()


def fit(folder: Path) -> Calibration:
    """Raises `DataError`."""
    path = folder / "knowledge.toml"
    facts, right, group = _examples(load_knowledge(path).entries, load_outside(path))
    fold = _folds(group)
    probability = np.zeros(len(right))
    for held in range(_FOLDS):
        seen = fold != held
        probability[~seen] = _probability(_fit(facts[seen], right[seen]), facts[~seen])
    weights = _fit(facts, right)
    least = _threshold(probability, right)
    given = probability >= least
    notes = {
        "data": digest(folder),
        "cases": len(right),
        "answered": round(float(given.mean()), 4),
        "right_of_answered": round(float(right[given].mean()), 4) if given.any() else 0.0,
        "answered_of_right": round(float(given[right].mean()), 4),
    }
    return Calibration(tuple(weights[:-1].tolist()), float(weights[-1]), least, notes)


def _fit(facts: Floats, right: Floats) -> Floats:
    """Weights of the facts and the bias by maximum likelihood with a slight pull to zero, each on its own side."""

    def loss(weights: Floats) -> tuple[float, Floats]:
        found = _probability(weights, facts)
        error = found - right
        slope = np.append(facts.T @ error + _PULL * weights[:-1], error.sum())
        missed = -np.log(np.where(right, found, 1.0 - found) + 1e-12).sum()
        return float(missed + _PULL / 2 * weights[:-1] @ weights[:-1]), slope

    bounds = [(None, 0.0) if name in _AGAINST else (0.0, None) for name in _NAMES] + [(None, None)]
    solved: Floats = minimize(loss, np.zeros(len(bounds)), jac=True, method="L-BFGS-B", bounds=bounds).x
    return solved


def _probability(weights: Floats, facts: Floats) -> Floats:
    found: Floats = 1.0 / (1.0 + np.exp(-(facts @ weights[:-1] + weights[-1])))
    return found


def _examples(entries: Sequence[Entry], outside: Sequence[str]) -> tuple[Any, Any, list[int]]:
    """Evidence, whether the best entry was the right one, and the sentence that each example comes from."""
    rng = Random(_SEED)
    rows: list[Evidence] = []
    right: list[bool] = []
    group: list[int] = []
    rounds = max(len(entry.questions) for entry in entries)
    for held in range(rounds):
        kept = [replace(entry, questions=_without(entry.questions, held)) for entry in entries]
        index = Index(kept, [sentence for i, sentence in enumerate(outside) if i % rounds != held])
        asked = [(entry.questions[held], i) for i, entry in enumerate(entries) if held < len(entry.questions)]
        asked += [(sentence, -1) for sentence in outside[held::rounds]]
        for number, (sentence, expected) in enumerate(asked):
            for said in (sentence, talked_around(sentence, rng), misheard(sentence, _MISHEARD, rng)):
                if found := index.compare(read(said)):
                    rows.append(found.evidence)
                    right.append(found.entry == expected)
                    group.append(held * len(entries) * 10 + number)
    return np.array([astuple(evidence) for evidence in rows]), np.array(right), group


def _without(questions: tuple[str, ...], held: int) -> tuple[str, ...]:
    return questions[:held] + questions[held + 1 :]


def _folds(group: Sequence[int]) -> Any:
    numbers = sorted(set(group))
    Random(_SEED).shuffle(numbers)
    place = {number: i % _FOLDS for i, number in enumerate(numbers)}
    return np.array([place[number] for number in group])


def _threshold(probability: Any, right: Any) -> float:
    """The lowest probability at and above which `RIGHT` of the answers are right."""
    order = np.argsort(-probability, kind="stable")
    share = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(share >= RIGHT)
    return float(probability[order][good[-1]]) if good.size else 1.0


def main(arguments: list[str]) -> int:
    if len(arguments) > 1 or arguments[:1] in (["-h"], ["--help"]):
        sys.stderr.write("usage: python -m routing.knowledge_training [OUT_FILE]\n")
        return 2
    try:
        calibration = fit(DATA_DIR)
    except DataError as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    calibration.save(Path(arguments[0]) if arguments else CALIBRATION)
    sys.stdout.write(json.dumps(calibration.notes, ensure_ascii=False, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
