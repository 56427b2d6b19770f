"""The held-out sentences are what they claim to be: enough of them, well formed, and none a twin of another.

They judge the shipped model (`hotline route assess tests/routing/heldout`, and `--final` at the end); no test here
looks at its verdicts, because a floor on them would invite tuning to them.
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import pytest

from routing.danger_samples import read_sentences
from routing.heldout import SERVICES, Example, HeldOut, read_held_out, read_recognised
from routing.router import DATA_DIR
from routing.taxonomy import Taxonomy

FOLDER = Path(__file__).parent / "heldout"
SETS = {"development": FOLDER, "final": FOLDER / "final"}
NAMES = ("emergencies", "possible", "traps", "categories")
LEAST = {"development": (420, 110, 620, 1800), "final": (200, 60, 300, 400)}
EACH_PROBLEM = {"development": 8, "final": 3}
SITUATIONS = {"development": 140, "final": 100}
TWINS = 0.6


@pytest.fixture(scope="module")
def taxonomy() -> Taxonomy:
    return Taxonomy.load(DATA_DIR)


@pytest.fixture(scope="module")
def held_out(taxonomy: Taxonomy) -> dict[str, HeldOut]:
    return {name: read_held_out(folder, taxonomy) for name, folder in SETS.items()}


def bigrams(text: str) -> frozenset[str]:
    said = "".join(filter(str.isalnum, text))
    return frozenset(said[start : start + 2] for start in range(len(said) - 1)) or frozenset({said})


def alike(shared: int, one: int, other: int) -> bool:
    """Whether two sets of so many bigrams have too many of them in common."""
    return shared > TWINS * (one + other - shared)


def near_twins(sentences: Iterable[str], held_out: Iterable[str]) -> Iterator[str]:
    """The sentences that share most of their pairs of characters with a held-out one."""
    held = [bigrams(text) for text in held_out]
    having: dict[str, list[int]] = defaultdict(list)
    for number, grams in enumerate(held):
        for gram in grams:
            having[gram].append(number)
    for sentence in sentences:
        grams = bigrams(sentence)
        counts = Counter(chain.from_iterable(having[gram] for gram in grams if gram in having))
        if any(alike(shared, len(grams), len(held[at])) for at, shared in counts.items()):
            yield sentence


@pytest.mark.parametrize("which", SETS)
def test_there_are_enough_sentences_and_situations_to_judge_by(held_out: dict[str, HeldOut], which: str) -> None:
    sets = held_out[which].sets()
    assert all(len(sets[name]) >= least for name, least in zip(NAMES, LEAST[which], strict=True))
    assert len({example.group for example in sets["emergencies"]}) >= SITUATIONS[which]
    assert {example.service for example in sets["emergencies"]} == SERVICES


@pytest.mark.parametrize("which", SETS)
def test_every_problem_type_is_asked_for(held_out: dict[str, HeldOut], taxonomy: Taxonomy, which: str) -> None:
    counts = Counter(example.group for example in held_out[which].categories)
    assert [name for name in taxonomy.problems if counts[name] < EACH_PROBLEM[which]] == []


def test_no_sentence_stands_in_two_places(held_out: dict[str, HeldOut]) -> None:
    examples = chain.from_iterable(chain(*each.sets().values()) for each in held_out.values())
    counts = Counter(example.text for example in examples)
    assert [text for text, times in counts.items() if times > 1] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_sentence_is_a_near_twin_of_another(held_out: dict[str, HeldOut], name: str) -> None:
    examples: list[Example] = [example for each in held_out.values() for example in each.sets()[name]]
    examples.sort(key=lambda example: len(bigrams(example.text)))
    seen = [bigrams(example.text) for example in examples]
    twins = []
    for i, one in enumerate(seen):
        for j in range(i - 1, -1, -1):
            # Sorted by size, so beyond this one no smaller set can share enough.
            if len(seen[j]) < TWINS * len(one):
                break
            if alike(len(one & seen[j]), len(one), len(seen[j])):
                twins.append((examples[j].text, examples[i].text))
    assert twins == []


@pytest.mark.parametrize("which", SETS)
def test_no_sentence_that_is_learnt_from_is_a_near_twin_of_one_that_judges(
    held_out: dict[str, HeldOut], taxonomy: Taxonomy, which: str
) -> None:
    judging = [example.text for each in held_out[which].sets().values() for example in each]
    # The categories' example sentences are among those of danger, as ordinary talk.
    learnt = (sentence.text for sentence in read_sentences(DATA_DIR, taxonomy))
    assert list(near_twins(learnt, judging)) == []


@pytest.mark.parametrize("which", SETS)
def test_sentences_are_as_long_as_callers_speak(held_out: dict[str, HeldOut], which: str) -> None:
    assert all(4 <= len(example.text) <= 140 for example in held_out[which].emergencies)
    assert all(6 <= len(example.text) <= 140 for example in held_out[which].categories)


@pytest.mark.parametrize("which", SETS)
def test_every_recognised_twin_has_its_sentence(held_out: dict[str, HeldOut], which: str) -> None:
    recognised = read_recognised(SETS[which], held_out[which])
    if recognised is not None:
        assert all(len({example.said for example in each}) == len(each) for each in recognised.sets().values())


def test_two_readers_agree_as_far_as_the_readme_says(taxonomy: Taxonomy) -> None:
    labels = {example.text: example.group for example in read_held_out(FOLDER, taxonomy).categories}
    with (FOLDER / "second_reading.csv").open(encoding="utf-8", newline="") as file:
        readings = [(labels[row["text"]], row["problem"]) for row in csv.DictReader(file)]
    same = sum(first == second for first, second in readings)
    areas = sum(
        taxonomy.problems[first].category.l1 == taxonomy.problems[second].category.l1 for first, second in readings
    )
    assert (len(readings), same, areas) == (150, 136, 139)
