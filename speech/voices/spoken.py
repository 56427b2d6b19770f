"""Written Chinese to what is said aloud: numbers, short numbers, letters; and long texts cut where a speaker breathes.

Synthesis front ends read Arabic digits as they like, so none reach them. Public short numbers are read as everybody
reads them (110 is 幺幺零, 12345 is 一二三四五), long digit strings digit by digit with 幺 for 1, amounts as amounts.
"""

import re
import unicodedata
from typing import Final

import cn2an

_PLAIN_DIGITS: Final = "零一二三四五六七八九"
_PHONE_DIGITS: Final = "零幺二三四五六七八九"
_SHORT_NUMBERS: Final = {"110", "112", "114", "119", "120", "122"}
_LETTERS: Final = dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        [
            "诶",
            "必",
            "西",
            "第",
            "衣",
            "艾弗",
            "记",
            "艾尺",
            "爱",
            "杰",
            "开",
            "艾勒",
            "艾姆",
            "恩",
            "欧",
            "屁",
            "丘",
            "阿尔",
            "艾丝",
            "踢",
            "优",
            "维",
            "达不溜",
            "艾克斯",
            "歪",
            "贼德",
        ],
        strict=True,
    )
)
_UNITS: Final = "个天元块角分次位条件户栋层人岁米里点吨斤克度亩辆台只家年月日时秒号楼期周名份盏根棵页种间万亿"
_COUNTED: Final = "个天次位条件户栋层人台只家年盏根棵页种间辆块米份名"
_PUNCTUATION: Final = str.maketrans(",?!;", "，？！；")
_PERCENT: Final = re.compile(r"(\d+(?:\.\d+)?)%")
_CLOCK: Final = re.compile(r"(?<!\d)([01]?\d|2[0-4]):([0-5]\d)(?!\d)")
_YEAR: Final = re.compile(r"(?<!\d)(\d{4})(?=年)")
_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")
_LETTER: Final = re.compile(r"[A-Za-z]")
_SENTENCE: Final = re.compile(r"[^。！？!?；;\n]*[。！？!?；;\n]*")
_PHRASE: Final = re.compile(r"[^，,、：:]*[，,、：:]*")


def spoken_form(text: str) -> str:
    """`text` with every digit and Latin letter written as Chinese characters."""
    text = unicodedata.normalize("NFKC", text).translate(_PUNCTUATION)
    text = _PERCENT.sub(lambda m: "百分之" + _amount(m[1]), text)
    text = _CLOCK.sub(_read_clock, text)
    text = _YEAR.sub(lambda m: digit_by_digit(m[1], _PLAIN_DIGITS), text)
    text = _NUMBER.sub(_read_number, text)
    return _LETTER.sub(lambda m: _LETTERS[m[0].upper()], text)


def digit_by_digit(digits: str, names: str = _PHONE_DIGITS) -> str:
    """Each digit by its own name; the default names are those of telephone numbers."""
    return "".join(names[int(digit)] for digit in digits)


def pieces(text: str, limit: int) -> list[str]:
    """`text` cut into sentences, and those longer than `limit` characters into phrases; nothing is lost or added."""
    out: list[str] = []
    for sentence in _SENTENCE.findall(text):
        if len(sentence) <= limit:
            out.append(sentence)
            continue
        current = ""
        for phrase in _PHRASE.findall(sentence):
            if current and len(current) + len(phrase) > limit:
                out.append(current)
                current = ""
            current += phrase
            while len(current) > limit:
                out.append(current[:limit])
                current = current[limit:]
        out.append(current)
    return [piece for piece in out if piece]


def _read_clock(match: re.Match[str]) -> str:
    hour, minute = int(match[1]), int(match[2])
    said = "两" if hour == 2 else _amount(str(hour))
    if minute == 0:
        return f"{said}点"
    return f"{said}点{'零' if minute < 10 else ''}{_amount(str(minute))}分"


def _read_number(match: re.Match[str]) -> str:
    digits = match[0]
    following = match.string[match.end() : match.end() + 1]
    counted = bool(following) and following in _UNITS
    if digits == "2" and following and following in _COUNTED:
        return "两"
    if "." in digits:
        return _amount(digits)
    if len(digits) in (3, 4) and following and following in "室房":
        return digit_by_digit(digits)
    if digits == "12345" and not counted:
        return digit_by_digit(digits, _PLAIN_DIGITS)
    if (digits in _SHORT_NUMBERS and not counted) or len(digits) > 5 or (digits[0] == "0" and len(digits) > 1):
        return digit_by_digit(digits)
    if len(digits) == 5 and not counted:
        return digit_by_digit(digits)
    return _amount(digits)


def _amount(digits: str) -> str:
    return str(cn2an.an2cn(digits, "low"))
