"""Recognised Chinese as the rest of the product wants it: simplified, no spaces between characters, no leading fillers;
and numerals folded to one spelling, so that 三十度 and 30度 count as the same words. Pure apart from OpenCC's tables.
"""

import functools
import re
import unicodedata
from typing import Final

import opencc

__all__ = ["fold", "fold_numerals", "join_characters", "normalise", "simplify", "trim_fillers"]

_HAN: Final = "[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]"
_SPACE_BESIDE_HAN: Final = re.compile(rf"(?<={_HAN})\s+|\s+(?={_HAN})")
_TRAILING: Final = re.compile(r"[，,、。.…；;：:\s]+$")
_FILLERS: Final = re.compile(r"^(?:嗯+|呃+|额+|啊+|唔+|哦+|诶+|欸+|那个那个|就是说)[，,、。.…\s]*")
_UNSPOKEN: Final = re.compile(r"[^\w%]|_")
_DIGITS: Final = {char: index % 10 for index, char in enumerate("〇一二三四五六七八九")} | {"零": 0, "幺": 1, "两": 2}
_UNITS: Final = {"十": 10, "百": 100, "千": 1000}
_BIG_UNITS: Final = {"万": 10**4, "亿": 10**8}
_NUMERAL: Final = re.compile(
    r"[〇零一二三四五六七八九幺两十百千万亿]+(?:点[〇零一二三四五六七八九]+(?![〇零一二三四五六七八九刻]))?"
)
_MIXED: Final = re.compile(r"(?<![\d.])(\d{1,6}(?:\.\d{1,4})?)([万亿])(?![万亿〇零一二三四五六七八九两十百千\d])")
_PERCENT: Final = re.compile(
    r"百分之((?:[〇零一二三四五六七八九两十百千]+|\d+)(?:[点.](?:[〇零一二三四五六七八九]+|\d+))?)"
)


_PARTICLE: Final = re.compile("(?<![显卓名原巨土编专论合译遗])著(?![名作称述录书者])")


@functools.cache
def _converter() -> opencc.OpenCC:
    # Tables of about a megabyte, immutable once read; loading takes 7 ms.
    return opencc.OpenCC("t2s")


def simplify(text: str) -> str:
    """Traditional characters to simplified ones; 著 stays only where it is not the particle 着."""
    return _PARTICLE.sub("着", str(_converter().convert(text)))


def join_characters(text: str) -> str:
    """Spaces beside Chinese characters removed; spaces between words in other scripts kept single."""
    return re.sub(r"\s+", " ", _SPACE_BESIDE_HAN.sub("", text)).strip()


def trim_fillers(text: str) -> str:
    """Hesitation at the beginning removed, unless nothing else was said."""
    trimmed = _FILLERS.sub("", text)
    while trimmed != text and trimmed:
        text, trimmed = trimmed, _FILLERS.sub("", trimmed)
    return trimmed or text


def normalise(text: str) -> str:
    """What a caller's words become before anything reads them; a full stop at the end is dropped. Idempotent."""
    text = join_characters(simplify(unicodedata.normalize("NFKC", text)))
    return trim_fillers(_TRAILING.sub("", text))


def _whole(text: str) -> str:
    """A run of Chinese numerals in Arabic digits: by value when it has units, digit by digit otherwise."""
    if not any(char in _UNITS or char in _BIG_UNITS for char in text):
        return "".join(str(_DIGITS[char]) for char in text)
    if all(char in _BIG_UNITS for char in text):
        return text
    total = section = digit = 0
    for char in text:
        if char in _DIGITS:
            digit = _DIGITS[char]
        elif char in _UNITS:
            section, digit = section + (digit or 1) * _UNITS[char], 0
        else:
            total, section, digit = (total + section + digit or 1) * _BIG_UNITS[char], 0, 0
    before = ({"百": 100, "千": 1000} | _BIG_UNITS).get(text[-2:-1])
    # 一百二 is 120 and 三万五 is 35,000: a last digit right after a unit counts tenths of it.
    return str(total + section + (digit * before // 10 if before else digit))


def _numeral(match: re.Match[str]) -> str:
    whole, _, fraction = match.group().partition("点")
    return _whole(whole) + ("." + _whole(fraction) if fraction else "")


def fold_numerals(text: str) -> str:
    """Chinese numerals as Arabic digits. A folding for comparison, not a rewriting for people: 一样 becomes 1样."""
    text = _PERCENT.sub(lambda match: match.group(1).replace("点", ".") + "%", text)
    text = _MIXED.sub(lambda match: f"{float(match.group(1)) * _BIG_UNITS[match.group(2)]:.0f}", text)
    return _NUMERAL.sub(_numeral, text)


def fold(text: str) -> str:
    """The form in which two transcripts are compared: simplified, lower case, numerals folded, no punctuation."""
    text = simplify(unicodedata.normalize("NFKC", text)).lower()
    return _UNSPOKEN.sub("", fold_numerals(re.sub(r"(?<=\d)[,，](?=\d{3})", "", text)))
