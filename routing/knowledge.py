"""Answers common questions on the spot, or keeps silent: retrieval over characters and sounds with a calibrated doubt.

A question is compared with every way to ask of every entry by their n-grams of characters and of sounds, weighted by
how few entries have them, and with each entry's key words. How sure the best entry is comes from a small logistic model
over a handful of facts about the comparison (`Evidence`), fitted on questions left out and on questions that have no
answer; below the threshold there is none. New entries need no training: only the doubt is fitted, not the entries.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from routing.errors import DataError, Fault
from routing.knowledge_file import Entry, load_knowledge, load_outside
from routing.text import Utterance, read, sounds, without

KNOWLEDGE: Final = Path(__file__).parent / "data" / "knowledge.toml"
CALIBRATION: Final = Path(__file__).parent / "model" / "knowledge.json"
LONGEST_QUESTION: Final = 200
"""Positions that are read; whoever speaks longer tells a story and does not ask a common question."""
_FILLERS: Final = re.compile(
    r"喂+|你好|您好|请问一下|请问|我?想问一?下子?|我?想问问|我?咨询一?下|问一?下|打听一?下|麻烦(?:你|您)?|"
    r"那个|这个|就是说|就是|嗯+|啊+|呢|呀|吧|哦|谢谢|同志|师傅"
)
_ASKING: Final = re.compile(
    r"怎么|咋|如何|什么|啥|多少|几|哪|吗|不$|么$|能不能|可不可以|可以|行不行|是不是|有没有|要不要|多久|多长|谁|条件|手续|流程|材料|"
    r"标准|想办|想问"
)
_COMPLAINING: Final = re.compile(
    r"投诉|举报|反映|没人|没有人|不给|不管|不理|凭什么|乱收|乱|态度|欺负|骂|骗|坑人|太差|太贵|不公平|被人|盗|拖了|拖欠|还没|"
    r"一直没|都没|迟迟|跑路|坏了|不热|停水|停电|臭|漏|吵|扣|占了|让.{1,6}占|糊弄|刁难|害得|太危险|冰凉|说法"
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Facts about the best entry, each about 0 to 1: share of its groups of key words that were said, and whether all
    were; likeness of its best question and of its best three; the lead of its score over the next entry's; likeness of
    the nearest question known to have no answer; whether it is asked at all, and whether it sounds like a complaint."""

    keys: float
    every_key: float
    best: float
    several: float
    lead: float
    outside: float
    asking: float
    complaining: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Weights of `Evidence` in its order, and the least probability that is answered."""

    weights: tuple[float, ...]
    bias: float
    least: float
    notes: dict[str, Any]

    @classmethod
    def load(cls, path: Path) -> "Calibration":
        """Raises `DataError`."""
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            weights = tuple(float(raw["weights"][field.name]) for field in fields(Evidence))
            return cls(weights, float(raw["bias"]), float(raw["least"]), dict(raw["notes"]))
        except (OSError, ValueError, KeyError, TypeError) as exc:
            message = f"no usable calibration ({exc}); build it with: python -m routing.knowledge_training"
            raise DataError([Fault(str(path), 0, message)]) from exc

    def save(self, path: Path) -> None:
        names = (field.name for field in fields(Evidence))
        value = {
            "weights": {name: round(weight, 6) for name, weight in zip(names, self.weights, strict=True)},
            "bias": round(self.bias, 6),
            "least": round(self.least, 6),
            "notes": self.notes,
        }
        path.write_text(json.dumps(value, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")

    def probability(self, evidence: Evidence) -> float:
        score = self.bias + sum(w * fact for w, fact in zip(self.weights, astuple(evidence), strict=True))
        return 1.0 / (1.0 + math.exp(-max(-40.0, min(40.0, score))))


@dataclass(frozen=True, slots=True)
class Answer:
    """What is told. `prompt` is the id of its recording, which a published answer has; `question` is the known one that
    was recognised."""

    id: str
    text: str
    source: str
    category: str
    confidence: float
    question: str
    valid_until: date
    published: bool = True

    @property
    def prompt(self) -> str:
        return f"answer/{self.id}"


class KnowledgeBase:
    """Immutable after `load`."""

    def __init__(
        self, entries: Iterable[Entry], calibration: Calibration, outside: Sequence[str] = (), *, sample: bool = False
    ) -> None:
        self.entries = tuple(entries)
        self.sample = sample
        self.calibration = calibration
        self._index = Index(self.entries, outside)

    @classmethod
    def load(
        cls,
        path: Path,
        calibration: Path = CALIBRATION,
        *,
        problems: Collection[str] | None = None,
        areas: Collection[str] | None = None,
    ) -> "KnowledgeBase":
        """Raises `DataError` with every fault; ids of problem types and areas are checked where they are given.

        Questions known to have no answer are read from `NAME_outside.txt` beside `NAME.toml`, if there is one.
        """
        data = load_knowledge(path, problems, areas)
        return cls(data.entries, Calibration.load(calibration), load_outside(path), sample=data.sample)

    def answer(self, text: str, today: date, areas: Collection[str] = ()) -> Answer | None:
        """None where nothing fits surely enough, and where what fits has expired or holds in another area only.

        `areas` are ids of the places that the caller speaks of.
        """
        found = self._index.compare(read(text[: 4 * LONGEST_QUESTION]))
        if found is None:
            return None
        entry = self.entries[found.entry]
        sure = self.calibration.probability(found.evidence)
        if sure < self.calibration.least or entry.valid_until < today or (entry.area and entry.area not in areas):
            return None
        question = entry.questions[found.question]
        return Answer(
            entry.id, entry.answer, entry.source, entry.category, sure, question, entry.valid_until, entry.published
        )

    def spoken(self) -> Iterator[tuple[str, str]]:
        """Prompt id and text of every published answer, for rendering; expired ones too: they may be extended."""
        for entry in self.entries:
            if entry.published:
                yield f"answer/{entry.id}", entry.answer


@dataclass(frozen=True, slots=True)
class Match:
    """The best entry and its best question, by position, and what speaks for it."""

    entry: int
    question: int
    evidence: Evidence


class Index:
    """Compares a question with those of `known` entries, and with `outside` ones, known to have no answer."""

    def __init__(self, known: Sequence[Entry], outside: Sequence[str] = ()) -> None:
        bags = [_grams(read(question)) for entry in known for question in entry.questions]
        self._first = np.cumsum([0, *(len(entry.questions) for entry in known)])
        self._keys = [[[(key, _sound(key)) for key in group] for group in entry.keys] for entry in known]
        pools = [set().union(*bags[start:end]) for start, end in zip(self._first[:-1], self._first[1:], strict=True)]
        answers = [set(_grams(read(entry.answer))) for entry in known]
        spread = Counter(gram for pool in pools for gram in pool)
        self._idf = {gram: math.log((1 + len(known)) / (0.5 + count)) for gram, count in spread.items()}
        self._unknown = math.log(1 + len(known))
        self._questions = _Bags(bags, [self._length(bag) for bag in bags])
        self._pools = _Bags(pools, [math.sqrt(len(pool)) for pool in pools])
        self._answers = _Bags(answers, [math.sqrt(len(answer)) for answer in answers])
        others = [_grams(read(question)) for question in outside]
        self._outside = _Bags(others, [self._length(bag) for bag in others])

    def compare(self, utterance: Utterance) -> Match | None:
        """None when nothing known was said."""
        bag = {gram: self._idf.get(gram, self._unknown) for gram in _grams(utterance)}
        length = self._length(bag)
        likeness = self._questions.likeness(bag) / (length or 1.0)
        if not likeness.any():
            return None
        best = np.maximum.reduceat(likeness, self._first[:-1])
        several = np.array([np.sort(part)[-3:].mean() for part in np.split(likeness, self._first[1:-1])])
        pooled, answers = (bags.likeness(bag) / length for bags in (self._pools, self._answers))
        keys = np.array([self._keys_said(utterance, groups) for groups in self._keys])
        score = best + 0.5 * (several + pooled + answers) + 0.3 * keys
        first, second = np.argsort(-score, kind="stable")[:2] if len(score) > 1 else (0, 0)
        start, end = self._first[first], self._first[first + 1]
        question = int(likeness[start:end].argmax())
        evidence = Evidence(
            keys=float(keys[first]),
            every_key=float(keys[first] == 1.0),
            best=float(best[first]),
            several=float(several[first]),
            lead=float(score[first] - score[second]),
            outside=float(self._outside.likeness(bag).max(initial=0.0) / length),
            asking=float(bool(_ASKING.search(utterance.chars))),
            complaining=float(bool(_COMPLAINING.search(utterance.chars))),
        )
        return Match(int(first), question, evidence)

    @staticmethod
    def _keys_said(utterance: Utterance, groups: Sequence[Sequence[tuple[str, str]]]) -> float:
        said = sum(
            any(key in utterance.chars or (sound and sound in utterance.sounds) for key, sound in group)
            for group in groups
        )
        return said / len(groups)

    def _length(self, bag: Iterable[str]) -> float:
        return math.sqrt(sum(self._idf.get(gram, self._unknown) ** 2 for gram in bag))


class _Bags:
    """Bags of n-grams, turned round: for each n-gram the bags that have it."""

    def __init__(self, bags: Sequence[Iterable[str]], lengths: Sequence[float]) -> None:
        holders: dict[str, list[int]] = {}
        for number, bag in enumerate(bags):
            for gram in bag:
                holders.setdefault(gram, []).append(number)
        self._holders = {gram: np.array(numbers, np.int64) for gram, numbers in holders.items()}
        self.lengths = np.array(lengths, np.float64)

    def likeness(self, bag: Mapping[str, float]) -> npt.NDArray[np.float64]:
        """Of each bag, from the shared n-grams' weights squared and the bag's length; not yet divided by `bag`'s."""
        shared = np.zeros(len(self.lengths))
        for gram, weight in bag.items():
            if (holders := self._holders.get(gram)) is not None:
                shared[holders] += weight**2
        return shared / np.maximum(self.lengths, 1e-9)


def _sound(key: str) -> str:
    """The sound of a key word of three or more characters; a shorter one is only believed as written."""
    return sounds(key) if len(key) > 2 else ""


def _grams(utterance: Utterance) -> dict[str, None]:
    """Every different run of one to three characters and two to three sounds, fillers left out, in a fixed order."""
    asked = without(utterance, _FILLERS)
    found: dict[str, None] = {}
    for reading, sizes in ((asked.chars, (1, 2, 3)), (asked.sounds, (2, 3))):
        part = reading[:LONGEST_QUESTION]
        for size in sizes:
            found.update((part[at : at + size], None) for at in range(len(part) - size + 1))
    return found
