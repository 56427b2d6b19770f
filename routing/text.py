"""Two parallel readings of an utterance: its characters and its sounds, position by position.

Characters are simplified, lower case and free of punctuation and space. Sounds are toneless Mandarin syllables with the
pairs merged that a telephone band and a recogniser confuse (zh/z, ch/c, sh/s, ing/in, eng/en); each syllable is one
private-use character, so that a substring search works for both readings alike. `origin` leads back to the raw text.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from opencc import OpenCC
from pypinyin.constants import PINYIN_DICT

LONGEST_NAME = 12
"""Most characters of a place name that is looked for."""

_FIRST_SYLLABLE = 0xE000
_HAN = range(0x4E00, 0x9FA6)
# Readings that are usual in callers' speech but not the dictionary's first.
_USUAL = {"着": "zhao", "还": "hai", "都": "dou", "得": "de", "地": "di", "行": "xing", "长": "chang", "了": "le"}
_MERGED_INITIALS = (("zh", "z"), ("ch", "c"), ("sh", "s"))
_MERGED_FINALS = (("ing", "in"), ("eng", "en"))
_BLUNTED_INITIALS = {"p": "b", "t": "d", "k": "g", "c": "z", "q": "j", "n": "l", "r": "l", "h": "f"}
_SERVICE_NUMBERS = re.compile(r"(?<!\d)(?:110|119|120|122|12345)(?!\d)")
_SPOKEN_NUMBERS = (
    (re.compile(r"[一幺么妖腰][一幺么妖腰][零〇灵铃0]"), "110"),
    (re.compile(r"[一幺么妖腰][一幺么妖腰][九9]"), "119"),
    (re.compile(r"[一幺么妖腰][二2两][零〇灵0]"), "120"),
)


@dataclass(frozen=True, slots=True)
class Utterance:
    """`chars` and `sounds` have equal length; `origin[i]` is the index in `raw` of position i."""

    raw: str
    chars: str
    sounds: str
    origin: tuple[int, ...]

    def span(self, start: int, end: int) -> str:
        """The raw words between two positions."""
        if start >= end:
            return ""
        return self.raw[self.origin[start] : self.origin[end - 1] + 1]


def read(raw: str) -> Utterance:
    """Any Unicode in, never an error."""
    simplified, sounds_of = _tables()
    chars: list[str] = []
    origin: list[int] = []
    for index, char in enumerate(raw):
        plain = simplified.get(char)
        if plain is None:
            for folded in unicodedata.normalize("NFKC", char).lower():
                if folded.isalnum():
                    chars.append(simplified.get(folded, folded))
                    origin.append(index)
        else:
            chars.append(plain)
            origin.append(index)
    joined = _numbers("".join(chars))
    return Utterance(raw, joined, joined.translate(sounds_of), tuple(origin))


def without(utterance: Utterance, pattern: re.Pattern[str]) -> Utterance:
    """The utterance with every match of `pattern` in its characters left out."""
    kept: list[int] = []
    last = 0
    for match in pattern.finditer(utterance.chars):
        kept.extend(range(last, match.start()))
        last = match.end()
    if last == 0:
        return utterance
    kept.extend(range(last, len(utterance.chars)))
    return Utterance(
        utterance.raw,
        "".join(utterance.chars[i] for i in kept),
        "".join(utterance.sounds[i] for i in kept),
        tuple(utterance.origin[i] for i in kept),
    )


def sounds(chars: str) -> str:
    """The sound reading of simplified characters."""
    return chars.translate(_tables()[1])


@cache
def homophones() -> dict[str, str]:
    """For each common character the common characters that sound alike; for making damaged training sentences."""
    common = [bytes((row, cell)).decode("gb2312", "ignore") for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF)]
    by_sound: dict[str, list[str]] = {}
    for char in filter(None, common):
        by_sound.setdefault(sounds(char), []).append(char)
    return {char: "".join(o for o in group if o != char) for group in by_sound.values() for char in group}


@cache
def near_homophones() -> dict[str, str]:
    """For each common character the common ones whose syllable a bad line turns into its own: the breath of the first
    consonant lost, n for l, h for f, the nasal ending blunted."""
    by_sound: dict[str, list[str]] = {}
    of: dict[str, str] = {}
    for char in homophones():
        reading = _USUAL.get(char) or _toneless(PINYIN_DICT.get(ord(char), "").split(",")[0])
        of[char] = _blunted(_merge(reading))
        by_sound.setdefault(of[char], []).append(char)
    return {char: "".join(o for o in by_sound[sound] if o != char) for char, sound in of.items()}


def _blunted(syllable: str) -> str:
    first = _BLUNTED_INITIALS.get(syllable[:1], syllable[:1])
    rest = syllable[1:]
    return first + (rest.removesuffix("g") if rest.endswith("ang") else rest)


def _numbers(text: str) -> str:
    """Service numbers stay as they are, every other digit becomes 0: figures carry no category."""
    for pattern, number in _SPOKEN_NUMBERS:
        text = pattern.sub(number, text)
    kept = {i for match in _SERVICE_NUMBERS.finditer(text) for i in range(*match.span())}
    return "".join("0" if c.isdigit() and i not in kept else c for i, c in enumerate(text))


@cache
def _tables() -> tuple[dict[str, str], dict[int, int]]:
    """Simplified form of each Han character, and the private-use code of its syllable."""
    convert = OpenCC("t2s").convert
    every = [chr(code) for code in _HAN]
    simplified: dict[str, str] = {}
    for char, plain in zip(every, convert("\n".join(every)).split("\n"), strict=True):
        simplified[char] = plain if len(plain) == 1 else char
    syllables: dict[str, int] = {}
    codes: dict[int, int] = {}
    for char in every:
        reading = _USUAL.get(char) or _toneless(PINYIN_DICT.get(ord(char), "").split(",")[0])
        if reading:
            syllable = _merge(reading)
            codes[ord(char)] = _FIRST_SYLLABLE + syllables.setdefault(syllable, len(syllables))
    return simplified, codes


def _toneless(reading: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", reading) if c.isascii())


def _merge(syllable: str) -> str:
    for spoken, merged in _MERGED_INITIALS:
        if syllable.startswith(spoken):
            syllable = merged + syllable[len(spoken) :]
            break
    for spoken, merged in _MERGED_FINALS:
        if syllable.endswith(spoken):
            return syllable[: -len(spoken)] + merged
    return syllable
