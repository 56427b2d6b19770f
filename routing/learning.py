"""Retraining with a safety catch: a new category model replaces the one in use only if it is not worse.

Tickets are held out by the hash of their text, so every training on the same or grown data holds out the same ones and
neither the new nor the old model has seen them. Where that leaves too few, the new model's five-fold figure is compared
with the old model's on all tickets, which favours the old one. Files change only after the comparison, all at once.
"""

import hashlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from routing.classifier import Classifier
from routing.evaluation import EvalReport, Pair, evaluate
from routing.modelcard import HeldOut, ModelCard, counts, data_digest
from routing.router import Router
from routing.taxonomy import Taxonomy
from routing.text import read
from routing.training import TrainReport, train_categories

MODEL_NAME: Final = "classifier.npz"
MOST_HELD_OUT: Final = 500
FEWEST_HELD_OUT: Final = 100
_SHARE: Final = 0.1
_FEWEST_OF_A_LABEL: Final = 5
_WHOLE: Final = 2**32


@dataclass(frozen=True, slots=True)
class Outcome:
    """`kept` says that the new model was refused; then nothing was written."""

    card: ModelCard
    kept: bool
    words: str


def with_ids(pairs: Sequence[Pair], taxonomy: Taxonomy) -> list[Pair]:
    """Labels that are names of problem types become their ids, so that units and places stay with them."""
    ids = {problem.category.problem: name for name, problem in taxonomy.problems.items()}
    return [(text, ids.get(label, label)) for text, label in pairs]


def shipped_pairs(taxonomy: Taxonomy) -> list[Pair]:
    """The sentences that the shipped model is trained on, to train on beside one's own."""
    return [(text, name) for name, problem in taxonomy.problems.items() for text in problem.exemplars]


def split(pairs: Sequence[Pair]) -> tuple[list[Pair], list[Pair]]:
    """Tickets to train on and tickets held out; the same text always falls on the same side of the same share."""
    share = min(_SHARE, MOST_HELD_OUT / max(1, len(pairs)))
    held = [pair for pair in pairs if _place(pair[0]) < share * _WHOLE]
    left = Counter(label for text, label in pairs if _place(text) >= share * _WHOLE)
    enough = all(left[label] >= _FEWEST_OF_A_LABEL for _, label in pairs)
    if len(held) < FEWEST_HELD_OUT or not enough:
        return list(pairs), []
    return [pair for pair in pairs if _place(pair[0]) >= share * _WHOLE], held


def model_in_use(out_dir: Path, labels: set[str], shipped: Router | None) -> tuple[Router | Classifier | None, str]:
    """The model that would be replaced and its name: the one in the folder, else the shipped one if it knows the
    labels. Raises `DataError` if the folder's model cannot be read."""
    path = out_dir / MODEL_NAME
    if path.exists():
        return Classifier.load(path), path.name
    known: set[str] = set()
    for name, problem in shipped.taxonomy.problems.items() if shipped else ():
        known |= {name, problem.category.problem, problem.category.l1, problem.category.l2}
    return (shipped, "the shipped model") if labels <= known else (None, "")


def train_checked(
    pairs: Sequence[Pair],
    source: str,
    out_dir: Path,
    *,
    today: date,
    shipped: Router | None = None,
    force: bool = False,
    tell: Callable[[str], None] = lambda _step: None,
) -> Outcome:
    """Trains, compares, and writes model and card into `out_dir` if the model is not worse or is forced.

    `tell` hears of each step. Raises `DataError` where the tickets cannot be trained on.
    """
    learn, held = split(pairs)
    previous, name = model_in_use(out_dir, {label for _, label in pairs}, shipped)
    with tempfile.TemporaryDirectory(prefix="hotline-train-") as folder:
        tell("train")
        report = train_categories(learn, Path(folder), source)
        tell("measure")
        fresh = Classifier.load(Path(folder) / MODEL_NAME)
        figures = _compare(fresh, report, previous, pairs, held)
        worse = figures.previous_accuracy is not None and figures.accuracy < figures.previous_accuracy
        card = ModelCard(
            made=today.isoformat(),
            source=source,
            data_sha256=data_digest(pairs),
            rows=len(pairs),
            trained_on=len(learn),
            labels=counts(pairs),
            five_fold=report.as_json(),
            held_out=figures,
            replaced=name if previous is not None else None,
            forced=force and worse,
        )
        if worse and not force:
            return Outcome(card, kept=True, words=_refusal(figures, name))
        tell("write")
        out_dir.mkdir(parents=True, exist_ok=True)
        card.save(Path(folder))
        for file in sorted(Path(folder).iterdir()):
            partial = out_dir / f"{file.name}.partial"
            shutil.copyfile(file, partial)
            partial.replace(out_dir / file.name)
    return Outcome(card, kept=False, words=f"model written to {out_dir}")


def _compare(
    fresh: Classifier,
    report: TrainReport,
    previous: Router | Classifier | None,
    pairs: Sequence[Pair],
    held: Sequence[Pair],
) -> HeldOut:
    old: EvalReport | None = evaluate(held or pairs, previous) if previous is not None else None
    before = (old.accuracy, old.macro_f1) if old else (None, None)
    if not held:
        return HeldOut("five-fold of the new model", len(pairs), report.accuracy, None, *before)
    new = evaluate(held, fresh)
    return HeldOut("tickets held out of every training", len(held), new.accuracy, new.macro_f1, *before)


def _refusal(figures: HeldOut, name: str) -> str:
    return (
        f"the new model is worse than {name}: accuracy {figures.accuracy:.4f} against {figures.previous_accuracy:.4f} "
        f"on {figures.count} tickets ({figures.how}); nothing was written. Give more or better labelled tickets, or "
        "--force to replace it all the same"
    )


def _place(text: str) -> int:
    """Where a text lies between 0 and 2**32, by what it says and not how it is punctuated."""
    plain = read(text).chars.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(plain).digest()[:4], "big")
