"""The danger model's training sentences with their twins: misheard, blurred, begun, and as a recogniser heard them.

Text files hold sentences under `[situation service kind]` (emergencies, possible) or `[subject]` (traps, harmless);
`twins*.csv` holds what a recogniser made of some of them. Everything is drawn from one seeded generator for each
sentence, so a new sentence changes none of the other twins.
"""

import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from routing.damage import begun, blurred, misheard
from routing.danger_model import DANGER, HARMLESS, POSSIBLE
from routing.emergency import Facts, courteous
from routing.errors import DataError, Fault
from routing.lexicon import SERVICES, Lexicon
from routing.linear import Grams, grams
from routing.rails import affirmed
from routing.tables import sections
from routing.taxonomy import Problem, Taxonomy
from routing.text import Utterance
from routing.twins import read_twins

_SHARE_MISHEARD = 0.18
_TELEPHONE, _TELEPHONE_WEIGHT = (0.35, 0.35), 0.6
"""Two twins more of a sentence that may be about danger, as damaged as a telephone band and a small model leave it."""

_SEED = 110
_UNSURE_WEIGHT = 2.5
_ORDINARY_WEIGHT = 0.5
"""Of an ordinary sentence: at five to one emergency more weight would cost recall, above all of what is misheard."""
_HEARD_WEIGHT = 1.0
_SHORTEST_BEGINNING = 4
_MEASURED = 5


@dataclass(frozen=True, slots=True)
class Sentence:
    """A reviewed training sentence. `service` is empty for a harmless one; sentences of a `situation` stay together.

    `heard` is what a recogniser made of it, once for each recording.
    """

    text: str
    gravity: str
    service: str
    situation: str
    heard: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """A training text; twins share the `situation` and so the fold. Only originals are measured."""

    utterance: Utterance
    grams: Grams
    facts: tuple[int, ...]
    gravity: str
    service: str
    situation: str
    weight: float
    original: bool


def read_sentences(data_dir: Path, taxonomy: Taxonomy) -> list[Sentence]:
    """Emergencies, dangers to ask about, harmless sentences and the taxonomy's exemplars. Raises `DataError`."""
    faults: list[Fault] = []
    heard = read_twins((data_dir / "danger").glob("twins*.csv"), faults)
    sentences = [
        Sentence(text, gravity, service, situation, tuple(heard.get(text, ())))
        for text, gravity, service, situation in _written(data_dir / "danger", taxonomy, faults)
    ]
    if faults:
        raise DataError(faults)
    return sentences


def make_samples(sentences: list[Sentence], lexicon: Lexicon) -> list[Sample]:
    facts = Facts(lexicon)
    return [sample for sentence in sentences for sample in _samples_of(sentence, lexicon, facts)]


def _samples_of(sentence: Sentence, lexicon: Lexicon, facts: Facts) -> Iterator[Sample]:
    text = sentence.text
    rng = Random(f"{_SEED} {text}")
    ordinary = sentence.situation.startswith("problem:")
    share = _ORDINARY_WEIGHT if ordinary else 1.0
    base = _UNSURE_WEIGHT if sentence.gravity == POSSIBLE else 1.0
    forms = [(text, base), (misheard(text, _SHARE_MISHEARD, rng), 0.3 if ordinary else 0.5)]
    if not ordinary:
        forms.append((blurred(text, rng), 0.4))
        forms += [(misheard(text, share_lost, rng), _TELEPHONE_WEIGHT) for share_lost in _TELEPHONE]
    if sentence.gravity == DANGER and len(text) > 6:
        forms.append((begun(text, rng), 0.3))
    if sentence.gravity == HARMLESS and len(text) > 2 * _SHORTEST_BEGINNING:
        forms.append((text[: rng.randint(_SHORTEST_BEGINNING, len(text) - 1)], 0.3))
    forms += [(heard, _HEARD_WEIGHT) for heard in sentence.heard]
    for number, (form, weight) in enumerate(forms):
        utterance = courteous(form)
        held = tuple(facts.held(affirmed(utterance, lexicon.scan(utterance))))
        yield Sample(
            utterance,
            grams(utterance),
            held,
            sentence.gravity,
            sentence.service,
            sentence.situation,
            weight * share,
            number == 0,
        )


def _written(folder: Path, taxonomy: Taxonomy, faults: list[Fault]) -> Iterator[tuple[str, str, str, str]]:
    """Text, gravity, service and situation."""
    grave: set[str] = set()
    for path in sorted(folder.glob("emergencies*.txt")) + sorted(folder.glob("possible*.txt")):
        gravity = POSSIBLE if path.name.startswith("possible") else DANGER
        for line, heading, sentences in sections(path, faults):
            name, service = _heading(heading, path.name, line, faults)
            grave.update(sentences)
            yield from ((text, gravity, service, name) for text in sentences)
    for path in sorted(folder.glob("traps*.txt")) + sorted(folder.glob("harmless*.txt")):
        for _, heading, sentences in sections(path, faults):
            yield from ((text, HARMLESS, "", f"trap:{heading}") for text in sentences)
    for problem_id, problem in taxonomy.problems.items():
        yield from (
            (text, HARMLESS, "", f"problem:{problem_id}") for text in harmless_exemplars(problem, grave) if learnt(text)
        )


def harmless_exemplars(problem: Problem, grave: Collection[str]) -> Iterator[str]:
    """The exemplars that are harmless talk. One that is also among the dangers is none: what a category is about may
    burn or hang by a thread."""
    return (text for text in problem.exemplars if text not in grave)


def learnt(exemplar: str) -> bool:
    """Whether an exemplar is background to learn from; one in five never is, and measures false alarms."""
    return zlib.crc32(exemplar.encode()) % _MEASURED != 0


def _heading(heading: str, file: str, line: int, faults: list[Fault]) -> tuple[str, str]:
    parts = heading.split()
    if len(parts) != 3 or parts[1] not in SERVICES:
        faults.append(Fault(file, line, f"expected [situation service kind], found [{heading}]"))
        return heading, SERVICES[0]
    return parts[0], parts[1]
