"""Damages sentences as a telephone band and a recogniser do: sounds mistaken, swallowed characters, cut ends, fillers.

Training on damaged twins is what makes the models tolerant. What a syllable is mistaken for, and which character is
written then, follows what was counted over recognised twins of training sentences (`misheard.csv`): few are lost and
hardly any are added, and damage is uneven, with one sentence in ten nearly whole and one in ten worse than half wrong.
Everything is drawn from the caller's generator, so the same seed gives the same twins.
"""

import csv
from functools import cache
from pathlib import Path
from random import Random
from typing import Final

from pypinyin import Style, lazy_pinyin

from routing.text import homophones

_OPENINGS = ("喂", "你好", "喂你好", "那个", "嗯", "我想反映一下", "就是", "您好我想说一下", "是这样的", "")
_ENDINGS = ("谢谢", "麻烦你们了", "可以吗", "啊", "呢", "你们管一下吧", "", "")
_NOISES = ("ok", "the ", "um", "谢谢观看", "字幕", "yeah", "oh", "哦哦", "那那那", "thank you")

_COUNTS: Final = Path(__file__).with_name("data") / "misheard.csv"
"""Made by `hotline route confusions … --characters` from recognised training sentences."""

_LOST: Final = 0.04
"""Of the damaged characters, those that are gone without a trace."""

_RIGHT_HALF: Final = 0.5
"""How much a half that was heard right counts: a mistaken syllable is less often right in each than any syllable."""

_RARE: Final = 1.0
_LIKING: Final = 0.7
"""A character comes as often as it was written, and once more, to this power: more can be written than was counted."""

_ATTEMPTS: Final = 8
_SPREAD: Final = 2.0
"""Shape of the gamma distribution of a sentence's share of damage; 2 gives the unevenness that was seen."""
_MOST: Final = 0.75
_NONE: Final = 1e-9

_Weighed = tuple[list[str], list[float]]


def misheard(text: str, share: float, rng: Random) -> str:
    """About `share` of the characters are mistaken or lost, in one sentence more and in another less."""
    if share < _NONE:
        return text
    harm = min(_MOST, rng.gammavariate(_SPREAD, share / _SPREAD))
    return "".join(_mistaken(char, rng) if rng.random() < harm else char for char in text)


def talked_around(text: str, rng: Random) -> str:
    """With an opening and an ending as callers use them."""
    return rng.choice(_OPENINGS) + text + rng.choice(_ENDINGS)


def begun(text: str, rng: Random) -> str:
    """The first part of a sentence, as a partial result gives it; at least 60 %."""
    return text[: max(2, round(len(text) * rng.uniform(0.6, 0.95)))]


def blurred(text: str, rng: Random) -> str:
    """One heavy damage of a recogniser: a stretch lost, a stretch mistaken, or foreign noise at an edge."""
    kind = rng.randrange(3)
    size = max(1, len(text) // 6)
    at = rng.randrange(max(1, len(text) - size))
    if kind == 0:
        return text[:at] + text[at + size :]
    if kind == 1:
        return text[:at] + misheard(text[at : at + 2 * size], 0.7, rng) + text[at + 2 * size :]
    noise = rng.choice(_NOISES)
    return noise + text if rng.random() < 0.5 else text + noise


def _mistaken(char: str, rng: Random) -> str:
    """Another character or none; punctuation and whatever has no sound stays."""
    said = _halves().get(char)
    if said is None:
        return char
    if rng.random() < _LOST:
        return ""
    initials, finals = (_counted()[part] for part in ("initial", "final"))
    for _ in range(_ATTEMPTS):
        sound = (_drawn(initials.get(said[0]), said[0], rng), _drawn(finals.get(said[1]), said[1], rng))
        found = _drawn(_written().get(sound), char, rng)
        if found != char:
            return found
    return rng.choice(_common())


def _drawn(weighed: _Weighed | None, otherwise: str, rng: Random) -> str:
    return rng.choices(*weighed)[0] if weighed else otherwise


@cache
def _counted() -> dict[str, dict[str, _Weighed]]:
    """By part (`initial`, `final`) what each is heard as, with weights; and under `char` all that was written."""
    tables: dict[str, dict[str, _Weighed]] = {"initial": {}, "final": {}, "char": {}}
    for row in csv.DictReader(_COUNTS.read_text(encoding="utf-8").splitlines()):
        names, weights = tables[row["part"]].setdefault(row["said"], ([], []))
        names.append(row["heard"])
        weights.append(int(row["count"]) * (_RIGHT_HALF if row["said"] == row["heard"] else 1.0))
    return tables


@cache
def _written() -> dict[tuple[str, str], _Weighed]:
    """The common characters of each syllable, those that a recogniser likes to write first."""
    liked = dict(zip(*_counted()["char"].get("", ([], [])), strict=True))
    found: dict[tuple[str, str], _Weighed] = {}
    for char, sound in _halves().items():
        chars, weights = found.setdefault(sound, ([], []))
        chars.append(char)
        weights.append((liked.get(char, 0.0) + _RARE) ** _LIKING)
    return found


@cache
def _common() -> str:
    return "".join(_halves())


@cache
def _halves() -> dict[str, tuple[str, str]]:
    """Initial and final, without tone, of each common character."""
    chars = "".join(homophones())
    whole = lazy_pinyin(list(chars), style=Style.NORMAL, v_to_u=False)
    begins = lazy_pinyin(list(chars), style=Style.INITIALS, strict=False)
    return {
        char: (begin, sound[len(begin) :] if sound.startswith(begin) else sound)
        for char, sound, begin in zip(chars, whole, begins, strict=True)
    }
