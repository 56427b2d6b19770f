"""Measures a router or a classifier on labelled tickets: accuracy, macro-F1, figures a label and the confusion table.

Every text counts with the subject's best guess; what abstaining would have changed is given beside it. A file is CSV
with the columns `text,label`, or JSON (a list, JSON lines, or the ticket service's list): objects with `text` and
`label`, or tickets, whose words are the transcript or summary and whose label is the category an operator left on it.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from routing.classifier import Classifier
from routing.errors import DataError, Fault
from routing.router import Router
from routing.tables import rows
from routing.text import read

Pair = tuple[str, str]
_LEVELS: Final = ("problem", "l2", "l1")


@dataclass(frozen=True, slots=True)
class LabelFigures:
    """Of one label: tickets that have it, and how the answers fared."""

    count: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class EvalReport:
    """`confusion[true][found]` counts; `found` is the empty string where nothing was answered. `answered` is the share
    above the threshold of abstention, `answered_accuracy` how right those were."""

    count: int
    accuracy: float
    macro_f1: float
    answered: float
    answered_accuracy: float
    labels: dict[str, LabelFigures]
    confusion: dict[str, dict[str, int]]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def lines(self) -> list[str]:
        """For a person: the figures, then what each label was taken for, the commonest first."""
        found = [
            f"{self.count} tickets: accuracy {self.accuracy:.4f}, macro-F1 {self.macro_f1:.4f}; "
            f"{self.answered:.1%} sure, of those {self.answered_accuracy:.1%} right"
        ]
        for label, figures in sorted(self.labels.items(), key=lambda item: -item[1].count):
            wrong = {name: n for name, n in self.confusion.get(label, {}).items() if name != label}
            taken = ", ".join(f"{name or '-'} {n}" for name, n in sorted(wrong.items(), key=lambda item: -item[1])[:4])
            found.append(
                f"  {label}: {figures.count}, precision {figures.precision:.3f}, recall {figures.recall:.3f}, "
                f"F1 {figures.f1:.3f}" + (f"; taken for {taken}" if taken else "")
            )
        return found


def evaluate_csv(path: Path, subject: Router | Classifier) -> EvalReport:
    """Labels may be problem ids or names or classes of either level: answers are compared at the label's level."""
    return evaluate(read_pairs(path), subject)


def evaluate(pairs: Sequence[Pair], subject: Router | Classifier) -> EvalReport:
    """As `evaluate_csv`, on pairs of text and label."""
    labels = {label for _, label in pairs}
    answers = [(label, *_answer(subject, text, labels)) for text, label in pairs]
    return score([(label, found) for label, found, _ in answers], [sure for _, _, sure in answers])


def score(answers: Sequence[tuple[str, str]], sure: Sequence[bool] | None = None) -> EvalReport:
    """From pairs of true and found label, and whether each was above the threshold (all, if not given)."""
    confusion: dict[str, dict[str, int]] = {}
    claimed: dict[str, int] = {}
    for true, found in answers:
        row = confusion.setdefault(true, {})
        row[found] = row.get(found, 0) + 1
        claimed[found] = claimed.get(found, 0) + 1
    labels: dict[str, LabelFigures] = {}
    for label, row in confusion.items():
        count, hits, said = sum(row.values()), row.get(label, 0), claimed.get(label, 0)
        labels[label] = LabelFigures(count, hits / said if said else 0.0, hits / count, 2 * hits / (said + count))
    right = [true == found for true, found in answers]
    kept = [hit for hit, answered in zip(right, sure or [True] * len(right), strict=True) if answered]
    return EvalReport(
        count=len(answers),
        accuracy=sum(right) / len(answers),
        macro_f1=sum(figures.f1 for figures in labels.values()) / len(labels),
        answered=len(kept) / len(answers),
        answered_accuracy=sum(kept) / len(kept) if kept else 0.0,
        labels=labels,
        confusion=confusion,
    )


def read_pairs(path: Path) -> list[Pair]:
    """Raises `DataError` with every faulty line (of JSON in one piece: with the number of the ticket)."""
    faults: list[Fault] = []
    source = _json_pairs(path, faults) if path.suffix in (".json", ".jsonl", ".ndjson") else _csv_pairs(path, faults)
    pairs: list[Pair] = []
    for line, text, label in source:
        if not text or not label:
            faults.append(Fault(path.name, line, "text and label must not be empty"))
        pairs.append((text, label))
    if not pairs and not faults:
        faults.append(Fault(path.name, 0, "has no rows below the heading"))
    if faults:
        raise DataError(faults)
    return pairs


def _csv_pairs(path: Path, faults: list[Fault]) -> Iterator[tuple[int, str, str]]:
    for line, row in rows(path, ("text", "label"), faults):
        yield line, row["text"], row["label"]


def _json_pairs(path: Path, faults: list[Fault]) -> Iterator[tuple[int, str, str]]:
    for number, item in _json_items(path, faults):
        if not isinstance(item, dict):
            faults.append(Fault(path.name, number, f"expected an object, found {type(item).__name__}"))
        elif "label" in item:
            yield number, str(item.get("text") or "").strip(), str(item["label"] or "").strip()
        elif isinstance(item.get("category"), dict):
            yield number, _words(item), _label(item["category"])
        else:
            faults.append(Fault(path.name, number, "expected text and label, or a ticket with a category"))


def _json_items(path: Path, faults: list[Fault]) -> Iterator[tuple[int, Any]]:
    """Number of the line, or of the element, and the value."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        faults.append(Fault(path.name, 0, f"cannot be read: {exc}"))
        return
    try:
        whole = json.loads(text)
    except ValueError:
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                try:
                    yield number, json.loads(line)
                except ValueError as exc:
                    faults.append(Fault(path.name, number, f"is no JSON: {exc}"))
        return
    if isinstance(whole, dict):
        whole = next((whole[key] for key in ("items", "tickets") if isinstance(whole.get(key), list)), [whole])
    yield from enumerate(whole if isinstance(whole, list) else [whole], 1)


def _words(ticket: dict[str, Any]) -> str:
    said = ticket.get("transcript")
    if isinstance(said, list):
        return "，".join(str(part["text"]).strip() for part in said if isinstance(part, dict) and part.get("text"))
    return str(said or ticket.get("text") or ticket.get("summary") or "").strip()


def _label(category: dict[str, Any]) -> str:
    """The narrowest level that an operator or the classifier has given."""
    return next((str(category[level]).strip() for level in _LEVELS if category.get(level)), "")


def _answer(subject: Router | Classifier, text: str, labels: set[str]) -> tuple[str, bool]:
    """The best guess at the labels' level, and whether it was sure enough to be answered."""
    if isinstance(subject, Classifier):
        verdict = subject.classify(read(text))
        return verdict.ranked[0][0] if verdict.ranked else "", verdict.label is not None
    decision = subject.decide(text)
    category = decision.category or (decision.candidates[0].category if decision.candidates else None)
    if category is None:
        return "", False
    names = (category.id, category.problem, category.l2, category.l1)
    return next((name for name in names if name in labels), category.l1), decision.category is not None
