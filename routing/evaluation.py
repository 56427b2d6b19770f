"""Measures a router or a classifier on a `text,label` CSV: accuracy, macro-F1 and the confusion table."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from routing.classifier import Classifier
from routing.errors import DataError, Fault
from routing.router import Router
from routing.tables import rows
from routing.text import read


@dataclass(frozen=True, slots=True)
class EvalReport:
    """`confusion[true][found]` counts; `found` is the empty string where nothing was answered."""

    count: int
    accuracy: float
    macro_f1: float
    confusion: dict[str, dict[str, int]]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def evaluate_csv(path: Path, subject: Router | Classifier) -> EvalReport:
    """Labels may be problem ids or names or classes of either level: answers are compared at the label's level."""
    pairs = read_pairs(path)
    labels = {label for _, label in pairs}
    return score([(label, _answer(subject, text, labels)) for text, label in pairs])


def score(answers: Sequence[tuple[str, str]]) -> EvalReport:
    """From pairs of true and found label."""
    confusion: dict[str, dict[str, int]] = {}
    for true, found in answers:
        row = confusion.setdefault(true, {})
        row[found] = row.get(found, 0) + 1
    right = sum(row.get(label, 0) for label, row in confusion.items())
    measures: list[float] = []
    for label, row in confusion.items():
        claimed = sum(other.get(label, 0) for other in confusion.values())
        measures.append(2 * row.get(label, 0) / (claimed + sum(row.values())))
    return EvalReport(len(answers), right / len(answers), sum(measures) / len(measures), confusion)


def read_pairs(path: Path) -> list[tuple[str, str]]:
    """The rows of a `text,label` CSV. Raises `DataError` with every faulty line."""
    faults: list[Fault] = []
    pairs: list[tuple[str, str]] = []
    for line, row in rows(path, ("text", "label"), faults):
        if not row["text"] or not row["label"]:
            faults.append(Fault(path.name, line, "text and label must not be empty"))
        pairs.append((row["text"], row["label"]))
    if not pairs and not faults:
        faults.append(Fault(path.name, 0, "has no rows below the heading"))
    if faults:
        raise DataError(faults)
    return pairs


def _answer(subject: Router | Classifier, text: str, labels: set[str]) -> str:
    if isinstance(subject, Classifier):
        return subject.classify(read(text)).label or ""
    decision = subject.decide(text)
    category = decision.category or (decision.candidates[0].category if decision.candidates else None)
    if category is None:
        return ""
    return next(
        (name for name in (category.id, category.problem, category.l2, category.l1) if name in labels), category.l1
    )
