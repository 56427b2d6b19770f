"""A coarser sound reading than `routing.text`'s, for place names only: what a telephone, a recogniser and the south of
the country confuse falls together (zh/z, ch/c, sh/s, n/l at the start, ang/an, eng/en, ing/in at the end).

One private-use character a syllable, position by position as in `routing.text`. Coarse equality alone proves little
in free speech; the finder asks for longer names or for words around the name before it believes it.
"""

from functools import cache
from typing import Final

from pypinyin import Style
from pypinyin.constants import PINYIN_DICT
from pypinyin.style import convert

_FIRST_SYLLABLE: Final = 0xE800
_HAN: Final = range(0x4E00, 0x9FA6)
_USUAL: Final = {"行": "hang", "长": "chang", "地": "di", "都": "du", "大": "da"}
"""Readings usual in names where the dictionary's first is another."""
_INITIALS: Final = {"zh": "z", "ch": "c", "sh": "s", "n": "l"}
_FINALS: Final = (("ang", "an"), ("eng", "en"), ("ing", "in"))


def loose(chars: str) -> str:
    """The coarse reading of simplified characters, of the same length; what is no Han character stays."""
    return chars.translate(_tables()[0])


def near(one: str, other: str) -> bool:
    """Whether two syllables of `loose` share their beginning or their end; False for anything but syllables."""
    parts = _tables()[1]
    first, second = parts.get(one), parts.get(other)
    if first is None or second is None:
        return False
    return first[0] == second[0] or first[1] == second[1]


@cache
def _tables() -> tuple[dict[int, int], dict[str, tuple[str, str]]]:
    """The code of each character's syllable, and the initial and final of each code."""
    codes: dict[int, int] = {}
    known: dict[tuple[str, str], int] = {}
    for code in _HAN:
        reading = _USUAL.get(chr(code)) or _toneless(PINYIN_DICT.get(code, "").split(",")[0])
        if reading:
            codes[code] = _FIRST_SYLLABLE + known.setdefault(_split(reading), len(known))
    return codes, {chr(_FIRST_SYLLABLE + place): parts for parts, place in known.items()}


def _toneless(reading: str) -> str:
    plain: str = convert(reading, Style.NORMAL, strict=False) if reading else ""
    return plain.replace("ü", "v")


def _split(syllable: str) -> tuple[str, str]:
    start = next((i for i, char in enumerate(syllable) if char in "aeiouv"), len(syllable))
    initial, final = syllable[:start], syllable[start:]
    for spoken, merged in _FINALS:
        if final.endswith(spoken):
            final = final[: -len(spoken)] + merged
            break
    return _INITIALS.get(initial, initial), final
