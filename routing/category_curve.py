"""`python -m routing.category_curve HELD_OUT.csv`: what more sentences would bring the category model.

The shipped recipe without twins, from a quarter, a half, three quarters and all of the sentences of every problem type,
with and without the words of `words.txt`, measured on held-out sentences (columns problem,text). The parts are nested
and drawn by the hash of a sentence, so the same data gives the same curve.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from routing.classifier import Classifier
from routing.errors import DataError, Fault
from routing.evaluation import Pair
from routing.fitting import Example, fit_model
from routing.router import DATA_DIR
from routing.tables import rows
from routing.taxonomy import Taxonomy
from routing.text import read
from routing.training import SHIPPED, word_examples

SHARES: Final = (0.25, 0.5, 0.75, 1.0)
_WHOLE: Final = 2**32


def curve(taxonomy: Taxonomy, held_out: Sequence[Pair], shares: Sequence[float] = SHARES) -> Iterator[dict[str, Any]]:
    """A point for each share, the last one once more without words. `held_out` are pairs of text and problem."""
    for share, words in [*((share, True) for share in shares), (shares[-1], False)]:
        examples = list(_examples(taxonomy, share, words=words))
        classifier = Classifier(fit_model(examples, replace(SHIPPED, twins_in_folds=False)))
        found = [(label, [name for name, _ in classifier.classify(read(text)).ranked]) for text, label in held_out]
        levels = {name: problem.category.l1 for name, problem in taxonomy.problems.items()}
        yield {
            "share": share,
            "words": words,
            "sentences": sum(example.original for example in examples),
            "problem": _share([ranked[0] == label for label, ranked in found]),
            "l1": _share([levels[ranked[0]] == levels[label] for label, ranked in found]),
            "top3_problem": _share([label in ranked for label, ranked in found]),
        }


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints a line of JSON a point; 1 for unusable data."""
    parser = argparse.ArgumentParser(prog="python -m routing.category_curve", description="Learning curve.")
    parser.add_argument("held_out", type=Path, help="CSV with the columns problem,text")
    given = parser.parse_args(arguments)
    faults: list[Fault] = []
    try:
        taxonomy = Taxonomy.load(DATA_DIR)
        pairs = [(row["text"], row["problem"]) for _, row in rows(given.held_out, ("problem", "text"), faults)]
        faults += [
            Fault(given.held_out.name, 0, f"problem {label!r} is not in problems.csv")
            for label in sorted({label for _, label in pairs} - set(taxonomy.problems))
        ]
        if faults or not pairs:
            raise DataError(faults or [Fault(given.held_out.name, 0, "has no rows below the heading")])
    except DataError as exc:
        sys.stderr.write(f"{exc}\n")
        return 1
    for point in curve(taxonomy, pairs):
        sys.stdout.write(json.dumps(point) + "\n")
        sys.stdout.flush()
    return 0


def _examples(taxonomy: Taxonomy, share: float, *, words: bool) -> Iterator[Example]:
    for group, (name, problem) in enumerate(taxonomy.problems.items()):
        for sentence in problem.exemplars:
            if int.from_bytes(hashlib.sha256(sentence.encode()).digest()[:4], "big") < share * _WHOLE:
                yield Example(read(sentence), name, group, original=True)
        if words:
            yield from word_examples(name, problem)


def _share(right: Sequence[bool]) -> float:
    return round(sum(right) / len(right), 4)


if __name__ == "__main__":
    sys.exit(main())
