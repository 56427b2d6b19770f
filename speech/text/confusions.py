"""What a recogniser makes of a syllable: how much less likely it is to hear another one than the one that was said.

A syllable is an initial and a final, and the two go wrong apart from each other. The likelihoods are counted on pairs
of what was said and what was heard on a telephone line (`confusions.csv`, counts by part), smoothed by phonetics: what
belongs to one group (sibilants; b and p; n and l; f and h; nasal finals) is likelier before anything was counted.
A cost is in nats and 0 for the syllable that was said; 3 is one time in twenty. Pure but for the file that ships.
"""

import csv
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from itertools import product
from pathlib import Path
from typing import Final

from speech.text.sounds import Sound, sounds, syllable_cost

__all__ = ["Confusions", "Counts", "count", "count_characters", "write"]

Counts = Mapping[tuple[str, str, str], int]
"""How often, by part (`initial` or `final`; `char`), what was said, and what was heard."""

SHIPPED: Final = Path(__file__).with_name("confusions.csv")

PARTS: Final = ("initial", "final")
_FINALS: Final = (
    "a ai an ang ao e ei en eng er i ia ian iang iao ie in ing iong iu o ong ou u ua uai uan uang ue ui un uo v ve"
)
_INITIALS: Final = "zh ch sh b p m f d t n l g k h j q x r z c s y w"
_SAID: Final = {"initial": ["", *_INITIALS.split(" ")], "final": _FINALS.split(" ")}
_GROUPS: Final = {
    "initial": ("zh z j", "ch c q", "sh s x", "b p", "d t", "g k h", "l n r y", "m f w", "w h f"),
    "final": (
        "an ang uan uang ian iang",
        "en eng in ing un ong iong",
        "an en ian in",
        "ui ei i ue ie",
        "o uo u ou e",
        "ao iao ou iu",
        "a ia ua",
        "ai uai ei",
    ),
}
_SAME, _NEAR, _FAR = 60.0, 2.0, 0.15
"""Weights of what is heard, before anything was counted."""

_PRIOR: Final = 30.0
"""So many observations is the smoothing worth."""

_UNKNOWN: Final = 6.0
"""Cost of a sound that Mandarin has not."""

_DROPPED: Final = 0.7
"""Cost of a syllable too many or too few when what was said and heard are laid side by side."""


class Confusions:
    """Costs by syllable; immutable once made."""

    def __init__(self, counts: Counts) -> None:
        self._initial = _costs("initial", counts)
        self._final = _costs("final", counts)

    @classmethod
    def load(cls) -> "Confusions":
        """Those that ship."""
        rows = csv.DictReader(SHIPPED.read_text(encoding="utf-8").splitlines())
        return cls({(row["part"], row["said"], row["heard"]): int(row["count"]) for row in rows})

    def cost(self, said: Sound, heard: Sound) -> float:
        """In nats, 0 or more."""
        if said == heard:
            return 0.0
        return self._initial.get((said[0], heard[0]), _UNKNOWN) + self._final.get((said[1], heard[1]), _UNKNOWN)


def _costs(part: str, counts: Counts) -> dict[tuple[str, str], float]:
    seen: dict[str, dict[str, int]] = defaultdict(dict)
    for (where, said, heard), number in counts.items():
        if where == part:
            seen[said][heard] = number
    near = {pair for group in _GROUPS[part] for pair in product(group.split(), repeat=2)}
    everything = _SAID[part]
    costs: dict[tuple[str, str], float] = {}
    for said in everything:
        weights = {heard: _SAME if said == heard else _NEAR if (said, heard) in near else _FAR for heard in everything}
        scale = _PRIOR / sum(weights.values())
        likely = {heard: seen[said].get(heard, 0) + scale * weight for heard, weight in weights.items()}
        for heard, value in likely.items():
            costs[said, heard] = max(0.0, math.log(likely[said] / value))
    return costs


def write(path: Path, counts: Counts) -> None:
    """The counts as `Confusions.load` reads them."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("part", "said", "heard", "count"))
        writer.writerows((*key, number) for key, number in sorted(counts.items()))


def count(pairs: Iterable[tuple[str, str]], most_wrong: float = 0.6) -> dict[tuple[str, str, str], int]:
    """Counts from pairs of what was said and what was heard. A pair with more than `most_wrong` of its syllables wrong
    is left out: there is no telling what became of what."""
    found: dict[tuple[str, str, str], int] = defaultdict(int)
    for said, heard in pairs:
        aligned = _aligned(sounds(said), sounds(heard))
        if sum(one != other for one, other in aligned) > most_wrong * len(aligned):
            continue
        for one, other in aligned:
            for part, first, second in zip(PARTS, one, other, strict=True):
                if first in _SAID[part] and second in _SAID[part]:
                    found[part, first, second] += 1
    return dict(found)


def count_characters(heard: Iterable[str]) -> dict[tuple[str, str, str], int]:
    """How often each Chinese character was written, as part `char` of nothing in particular."""
    found = Counter(char for text in heard for char in text if "\u4e00" <= char <= "\u9fff")
    return {("char", "", char): number for char, number in found.items()}


def _aligned(said: tuple[Sound, ...], heard: tuple[Sound, ...]) -> list[tuple[Sound, Sound]]:
    """The syllables that stand beside each other in the cheapest alignment."""
    table = [[_DROPPED * (row + column) for column in range(len(heard) + 1)] for row in range(len(said) + 1)]
    for row, one in enumerate(said, start=1):
        for column, other in enumerate(heard, start=1):
            table[row][column] = min(
                table[row - 1][column - 1] + syllable_cost(one, other),
                table[row - 1][column] + _DROPPED,
                table[row][column - 1] + _DROPPED,
            )
    pairs: list[tuple[Sound, Sound]] = []
    row, column = len(said), len(heard)
    while row and column:
        if math.isclose(
            table[row][column], table[row - 1][column - 1] + syllable_cost(said[row - 1], heard[column - 1])
        ):
            row, column = row - 1, column - 1
            pairs.append((said[row], heard[column]))
        elif math.isclose(table[row][column], table[row - 1][column] + _DROPPED):
            row -= 1
        else:
            column -= 1
    return pairs[::-1]
