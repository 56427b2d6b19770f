"""Damages sentences as a telephone band and a recogniser do: sounds mistaken, swallowed characters, cut ends, fillers.

Training on damaged twins is what makes the models tolerant. How a character is mistaken follows what was counted over
recognised twins of training sentences (`hotline route twins`; 4,700 characters, a third of them wrong): half the wrong
ones have the same syllable, a third one of its halves, the rest is far off; few are lost and hardly any are added, and
damage is uneven, with one sentence in ten nearly whole and one in ten worse than half wrong. Everything is drawn from
the caller's generator, so the same seed gives the same twins.
"""

from functools import cache
from random import Random
from typing import Final

from pypinyin import Style, lazy_pinyin

from routing.text import homophones

_OPENINGS = ("喂", "你好", "喂你好", "那个", "嗯", "我想反映一下", "就是", "您好我想说一下", "是这样的", "")
_ENDINGS = ("谢谢", "麻烦你们了", "可以吗", "啊", "呢", "你们管一下吧", "", "")
_NOISES = ("ok", "the ", "um", "谢谢观看", "字幕", "yeah", "oh", "哦哦", "那那那", "thank you")

_LOST: Final = 0.04
"""Of the damaged characters, those that are gone without a trace."""
_SAME_SOUND: Final = 0.55
_HALF_SOUND: Final = 0.35
_SPREAD: Final = 2.0
"""Shape of the gamma distribution of a sentence's share of damage; 2 gives the unevenness that was seen."""
_MOST: Final = 0.75
_NONE: Final = 1e-9

_INITIALS: Final = ("ch t c q", "l d n", "s sh z x", "zh z d j", "j q x", "b p f m", "d t", "m w", "g k h", "n y l")
_FINALS: Final = (
    *("e u ou o", "ing in", "uan ian an", "an ang a", "a ai ao", "ue ie", "ao ou", "eng ang en", "i u v", "en an un"),
    *("uo u ou o", "ou ong", "ei ai i", "iao ao iu"),
)


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
    same = homophones().get(char, "")
    if not same and char not in _halves():
        return char
    chance = rng.random()
    if chance < _LOST:
        return ""
    if chance < _LOST + _SAME_SOUND and same:
        return rng.choice(same)
    if chance < _LOST + _SAME_SOUND + _HALF_SOUND and (near := _near(char)):
        return rng.choice(near)
    return rng.choice(_common())


@cache
def _near(char: str) -> tuple[str, ...]:
    """Common characters that share one half of the syllable and differ in the other as ears do."""
    initial, final = _halves().get(char, ("", ""))
    found = [
        other
        for other, (begin, end) in _halves().items()
        if (end == final and begin != initial and _together(initial, begin, _INITIALS))
        or (begin == initial and end != final and _together(final, end, _FINALS))
    ]
    return tuple(found)


def _together(one: str, other: str, groups: tuple[str, ...]) -> bool:
    return any(one in group.split() and other in group.split() for group in groups)


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
