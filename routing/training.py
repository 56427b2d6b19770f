"""Trains the models from the data folder, or a classifier from an organisation's own tickets."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final

from routing.classifier import NOTHING
from routing.damage import misheard
from routing.danger_training import fit_danger
from routing.decision import RequestKind
from routing.errors import DataError, Fault
from routing.evaluation import read_pairs
from routing.fitting import SEED, Example, Fitting, TrainReport, fit_classifier
from routing.kinds import KindRules
from routing.tables import sections
from routing.taxonomy import Problem, Taxonomy
from routing.text import homophones, near_homophones, read
from routing.twins import read_twins

__all__ = (
    "CATEGORIES",
    "DANGER",
    "KINDS",
    "PARTS",
    "SHIPPED",
    "TrainReport",
    "digest",
    "make_examples",
    "train",
    "train_categories",
    "train_csv",
    "word_examples",
)

CATEGORIES, KINDS, DANGER = "categories", "kinds", "danger"
PARTS: Final = (CATEGORIES, KINDS, DANGER)
_HEARD_AS: Final = ("twins_categories*.csv", "misheard.csv")
_PATTERNS: Final = {
    CATEGORIES: ("exemplars*.txt", "words.txt", "phrases.txt", "asides.txt", "problems.csv", *_HEARD_AS),
    KINDS: ("kinds.txt", "kind_sentences.txt", "misheard.csv"),
    DANGER: ("danger/**/*.csv", "danger/**/*.txt", "danger/**/*.toml", "misheard.csv"),
}
SHIPPED: Final = Fitting(most=400_000, words=True, twins_in_folds=False, folds=2, sure=0.65)
"""How sure a shipped answer must be: every category is read back to the caller, so a wrong one costs a correction,
while an abstention costs the whole story once more."""
_OWN: Final = Fitting(least=2, most=400_000, sounds=False, strength=0.8, sure=0.8)
_OF_KINDS: Final = Fitting(strength=1.0, sounds=False)
_FEWEST_ROWS: Final = 5
_MISHEARD: Final = 0.18
_TWIN, _MUFFLED, _HEARD, _WORDS, _WORD = 0.5, 0.4, 0.5, 0.5, 0.35
_ASIDE: Final = 5.0
"""There are few ways of saying nothing beside hundreds of sentences a problem."""
_WORD_COUNTS: Final = (1, 2, 2, 3, 3, 4) * 2


def digest(data_dir: Path, part: str) -> str:
    """Of what one of the `PARTS` is trained on; tells a stale model.

    The danger model also takes the exemplars as ordinary talk; a change of those alone does not make it stale.
    """
    paths = {path for pattern in _PATTERNS[part] for path in data_dir.glob(pattern)}
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
        figures[CATEGORIES] = _train_shipped(data_dir, out_dir, taxonomy)
    if KINDS in parts:
        figures[KINDS] = _train_kinds(data_dir, out_dir)
    if DANGER in parts:
        danger, figures[DANGER] = fit_danger(data_dir, taxonomy)
        danger.notes["data"] = digest(data_dir, DANGER)
        danger.save(out_dir / "emergency.npz")
    return figures


def train_csv(path: Path, out_dir: Path) -> TrainReport:
    """A classifier from a `text,label` CSV into `out_dir/classifier.npz`. Raises `DataError` naming file and lines."""
    return train_categories(read_pairs(path), out_dir, path.name)


def train_categories(pairs: Sequence[tuple[str, str]], out_dir: Path, source: str) -> TrainReport:
    """A classifier from texts and labels into `out_dir/classifier.npz`, with figures of five-fold cross-validation.

    `source` names the data in a fault. Raises `DataError` when a label has too few texts.
    """
    counts = Counter(label for _, label in pairs)
    few = sorted(label for label, count in counts.items() if count < _FEWEST_ROWS)
    if len(counts) < 2 or few:
        message = f"at least two labels with {_FEWEST_ROWS} rows each are needed" + (
            f"; too few: {', '.join(few)}" if few else ""
        )
        raise DataError([Fault(source, 0, message)])
    examples = [Example(read(text), label, i, original=True) for i, (text, label) in enumerate(pairs)]
    model, report, _ = fit_classifier(examples, {}, _OWN)
    out_dir.mkdir(parents=True, exist_ok=True)
    model.save(out_dir / "classifier.npz")
    return report


def _train_shipped(data_dir: Path, out_dir: Path, taxonomy: Taxonomy) -> dict[str, Any]:
    faults: list[Fault] = []
    asides = {name: lines for _, name, lines in sections(data_dir / "asides.txt", faults)}
    faults.extend(
        Fault("asides.txt", 0, f"no lines under [{name}]")
        for name in ("before", "between", "after")
        if not asides.get(name)
    )
    heard = read_twins(data_dir.glob("twins_categories*.csv"), faults)
    if faults:
        raise DataError(faults)
    examples = list(make_examples(taxonomy, asides, heard))
    groups = {name: problem.category.l1 for name, problem in taxonomy.problems.items()}
    data = digest(data_dir, CATEGORIES)
    model, report, first_level = fit_classifier(examples, groups, SHIPPED)
    model.notes["data"] = data
    model.save(out_dir / "classifier.npz")
    return report.as_json() | {"l1_accuracy": first_level}


def _train_kinds(data_dir: Path, out_dir: Path) -> dict[str, Any]:
    faults: list[Fault] = []
    path = data_dir / "kind_sentences.txt"
    rules = KindRules.load(data_dir / "kinds.txt")
    rng = Random(SEED)
    examples: list[Example] = []
    for line, name, sentences in sections(path, faults):
        if name not in {kind.value for kind in RequestKind}:
            faults.append(Fault(path.name, line, f"[{name}] is not a kind of request"))
        for sentence in sentences:
            group = len(examples)
            examples.append(Example(rules.marked(read(sentence)), name, group, original=True))
            heard = misheard(sentence, _MISHEARD, rng)
            examples.append(Example(rules.marked(read(heard)), name, group, _TWIN))
    if missing := {kind.value for kind in RequestKind} - {example.label for example in examples}:
        faults.append(Fault(path.name, 0, f"no sentences for {', '.join(sorted(missing))}"))
    if faults:
        raise DataError(faults)
    model, report, _ = fit_classifier(examples, {}, _OF_KINDS)
    model.notes["data"] = digest(data_dir, KINDS)
    model.save(out_dir / "classifier-kinds.npz")
    return report.as_json()


def make_examples(
    taxonomy: Taxonomy, asides: Mapping[str, Sequence[str]], heard: Mapping[str, Sequence[str]]
) -> Iterator[Example]:
    """Every sentence with one twin, which beats about the bush or is misheard, and what a recogniser made of it, words
    alone and together, and talk about nothing, which has the label `NOTHING`."""
    rng = Random(SEED)
    group = 0
    aside = [line for lines in asides.values() for line in lines]
    for line in aside:
        yield Example(read(line), NOTHING, -1, _ASIDE)
        yield Example(read("，".join(rng.sample(aside, 2))), NOTHING, -1, _ASIDE)
    for name, problem in taxonomy.problems.items():
        for sentence in problem.exemplars:
            yield Example(read(sentence), name, group, original=True)
            yield _twin(sentence, name, group, asides, rng)
            for twin in heard.get(sentence, ()):
                yield Example(read(twin), name, group, _HEARD)
            group += 1
        yield from _phrases(name, problem, rng)


def _twin(sentence: str, name: str, group: int, asides: Mapping[str, Sequence[str]], rng: Random) -> Example:
    """One of three in turn: with so many sentences, more of each cost time and bring nothing."""
    match group % 3:
        case 0:
            return Example(read(_told(sentence, asides, rng)), name, group, _TWIN)
        case 1:
            return Example(read(misheard(sentence, _MISHEARD, rng)), name, group, _TWIN)
        case _:
            return Example(read(_muffled(sentence, rng)), name, group, _MUFFLED)


def _phrases(name: str, problem: Problem, rng: Random) -> Iterator[Example]:
    for count in _WORD_COUNTS if problem.words else ():
        words = "".join(rng.sample(problem.words, min(count, len(problem.words))))
        yield Example(read(words), name, -1, _WORDS)
    yield from word_examples(name, problem)


def word_examples(name: str, problem: Problem) -> Iterator[Example]:
    """Every word and phrase callers use for a problem, and its name, each by itself."""
    for word in (*problem.words, *problem.phrases, problem.category.problem):
        yield Example(read(word), name, -1, _WORD)


def _muffled(sentence: str, rng: Random) -> str:
    """As a bad line and a small recogniser leave it: every third character another that sounds alike or nearly so."""
    alike, near = homophones(), near_homophones()
    out: list[str] = []
    for char in sentence:
        chance = rng.random()
        pool = alike.get(char, "") if chance < 0.2 else near.get(char, "") if chance < 0.36 else ""
        if chance < 0.96:
            out.append(rng.choice(pool) if pool else char)
    return "".join(out)


def _told(sentence: str, asides: Mapping[str, Sequence[str]], rng: Random) -> str:
    """The sentence as somebody tells it who does not come to the point: asides before, between and after."""
    parts: list[str] = [rng.choice(asides["before"])] if rng.random() < 0.6 else []
    for part in sentence.split("，"):
        parts.append(part)
        if rng.random() < 0.3:
            parts.append(rng.choice(asides["between"]))
    if rng.random() < 0.5:
        parts.append(rng.choice(asides["after"]))
    return "，".join(parts)
