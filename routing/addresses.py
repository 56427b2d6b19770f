"""What is said right after a place's name: the house number (128号, 三栋二单元五零一) and where from there (对面).

Numerals become figures, so that 一百二十八号 and 128号 are one address. Words after the name that are no address are
left alone: a bare number only counts as a room after a building or a unit, and only with three or four figures.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from routing.numerals import value
from routing.text import Utterance

LOOK_AHEAD: Final = 40
"""Positions after a name that are searched; the longest address spoken in one breath is half of it."""

_NUMBER: Final = r"(?:[0-9]{1,5}|[零〇一二三四五六七八九十百千两幺]{1,7})"
_WORD: Final = (
    r"(?:号楼|号院|号(?![线机码令召称窗])|弄|栋|幢|座|单元|楼(?![道上下顶梯房盘宇])|层(?!面)|室(?![内外友])|户(?![口主型外])|"
    r"组(?![织长])|队(?![伍长])|排(?![水放队污查练除])|区(?![别域])|期(?![间限待货])|巷(?!子)|房(?![子产租东屋间地]))"
)
_PART: Final = rf"(?:附?{_NUMBER}{_WORD}|[a-h]{_WORD}|[甲乙丙丁](?:座|栋|楼|单元)|[东南西北](?:区|院|座|单元))"
_FIGURE: Final = r"(?:[0-9零〇二三四五六七八九幺]|一(?![直样定下些般共起点家]))"
_ROOM: Final = rf"{_FIGURE}{{3,4}}(?!{_FIGURE}|[十百千万个天年月日块元次点分户家人米])"
_ADDRESS: Final = re.compile(rf"的?((?:{_PART})+)({_ROOM})?")
_NUMERAL: Final = re.compile(r"[0-9零〇一二三四五六七八九十百千两幺]+")
_RELATION: Final = re.compile(
    r"的?(?:那个|这个|的)?(斜对面|正对面|对面|对过|对门|旁边|边上|隔壁|附近|周边|周围|后门|后面|后边|背后|前门|前面|前边|"
    r"大门口|[东南西北]?门口|里面|里边|外面|外边|拐角|拐弯处|十字路口|丁字路口|[东南西北]?路口|交叉口|交汇处|桥头|桥下|桥上|"
    r"尽头|[东南西北](?:边|面|侧|头|门)(?!的?人)|以[东南西北]|往[东南西北]走?[0-9一二两三四五六七八九十百]{1,4}米)"
)
_AT_THE_NUMBER: Final = re.compile(r"门口|里面|里边")
CROSSING: Final = re.compile(
    r"的?(?:那个|这个)?(?:十字路口|丁字路口|三岔路口|交叉路口|交叉口|交汇处|交汇口|交界处|交界|相交|路口|口|拐角|红绿灯)"
)
JOINED: Final = re.compile(r"(?:和|与|跟|同|到|还有|、|还|跟那个|和那个)?")


@dataclass(frozen=True, slots=True)
class Address:
    """`end` is the position after what was said; `number` in figures (128号, 3栋2单元501), `relation` as said."""

    end: int
    number: str = ""
    relation: str = ""


def after(utterance: Utterance, at: int) -> Address:
    """The address that starts right at a position; where nothing does, its end is that position."""
    said = _figures(utterance, at)
    match = _ADDRESS.match(said)
    number, length = "", 0
    if match:
        number, length = _NUMERAL.sub(_in_figures, match[1] + (match[2] or "")), match.end()
    relation = _RELATION.match(said, length)
    if relation is None:
        return Address(at + length, number)
    # The door of a house with a number is the house: the address ends at the number.
    keep = not (number and _AT_THE_NUMBER.search(relation[1]))
    return Address(at + (relation.end() if keep else length), number, relation[1])


def _figures(utterance: Utterance, at: int) -> str:
    """The next characters, with the caller's own figures where the reading has only that there was one."""
    chars = utterance.chars[at : at + LOOK_AHEAD]
    return "".join(
        _figure(utterance.raw[utterance.origin[at + i]], char) if char.isascii() and char.isdigit() else char
        for i, char in enumerate(chars)
    )


def _figure(raw: str, char: str) -> str:
    plain = unicodedata.normalize("NFKC", raw)
    if len(plain) != 1:
        return char
    digit = unicodedata.digit(plain, None)
    return plain if digit is None else str(digit)


def _in_figures(match: re.Match[str]) -> str:
    number = value(match[0])
    return match[0] if number is None or match[0].isascii() else str(number)
