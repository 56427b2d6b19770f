"""How alike two short utterances sound: what a recogniser confuses on a telephone costs little, the rest costs one.

A syllable is an initial and a final. Confusions inside a group (all retroflex and dental sibilants; b and p; the nasal
finals) cost a fraction, other substitutions one; a syllable too many or too few costs a bit less than a wrong one. The
distance is the cheapest alignment divided by the longer length: 0 is the same, 1 has nothing in common.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from pypinyin import lazy_pinyin

_NOT_WORDS = re.compile(r"[^\w]+")
_INITIALS = ("zh", "ch", "sh", *"bpmfdtnlgkhjqxrzcsyw")
_INITIAL_GROUPS = ("zh z ch c j q sh s x", "b p", "d t", "g k h", "l n r y", "m f w", "w h")
_FINAL_GROUPS = (
    "an ang uan uang ian iang ai uai",
    "en eng in ing un ong iong uen ueng",
    "an en ian in",
    "ui ei uei i ue",
    "o uo u ou e",
    "ao iao ou iu",
    "a ia ua",
)
_NEAR = 0.35
_INDEL = 0.8


def _pairs(groups: Iterable[str]) -> frozenset[tuple[str, str]]:
    return frozenset((one, other) for group in groups for one in group.split() for other in group.split())


_NEAR_INITIALS = _pairs(_INITIAL_GROUPS)
_NEAR_FINALS = _pairs(_FINAL_GROUPS)

Sound = tuple[str, str]


@lru_cache(maxsize=4096)
def sounds(text: str) -> tuple[Sound, ...]:
    """The syllables of a text as (initial, final), toneless; what is not Chinese is kept as it is."""
    return tuple(_split(syllable) for syllable in lazy_pinyin(_NOT_WORDS.sub("", text).lower()))


def _split(syllable: str) -> Sound:
    initial = next((each for each in _INITIALS if syllable.startswith(each)), "")
    return initial, syllable[len(initial) :]


def syllable_cost(one: Sound, other: Sound) -> float:
    """0 for the same syllable, 1 for one with nothing in common."""
    initial = 0.0 if one[0] == other[0] else _NEAR if (one[0], other[0]) in _NEAR_INITIALS else 1.0
    final = 0.0 if one[1] == other[1] else _NEAR if (one[1], other[1]) in _NEAR_FINALS else 1.0
    return (initial + final) / 2


def distance(one: str, other: str) -> float:
    """0 for texts that sound the same, 1 for texts with nothing in common."""
    first, second = sounds(one), sounds(other)
    if not first or not second:
        return 1.0
    row = [column * _INDEL for column in range(len(second) + 1)]
    for sound in first:
        previous, row[0] = row[0], row[0] + _INDEL
        for column, wanted in enumerate(second, start=1):
            substituted = previous + syllable_cost(sound, wanted)
            previous = row[column]
            row[column] = min(substituted, row[column] + _INDEL, row[column - 1] + _INDEL)
    return min(1.0, row[-1] / max(len(first), len(second)))


def nearest(readings: Iterable[str], phrases: Iterable[str]) -> float:
    """The distance of the closest reading to the closest phrase."""
    wanted = tuple(phrases)
    return min((distance(reading, phrase) for reading in readings for phrase in wanted), default=1.0)
