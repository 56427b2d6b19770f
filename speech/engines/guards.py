"""Rules that keep invented text away from the dialogue. Whisper writes something for any audio: subtitles' credits for
noise, its own text twice for a short clip, a loop for a hum. Pure functions over text and durations.
"""

import re
from typing import Final

__all__ = ["MAX_CHARACTERS_PER_SECOND", "NOBODY", "loops", "refusal", "unheard", "unloop"]

MAX_CHARACTERS_PER_SECOND: Final = 9.0
"""Fast Mandarin is 6 to 7 characters a second; 9 leaves room for a voice detector that clipped the ends."""

_CREDITS: Final = re.compile(
    r"字幕|amara|不吝点赞|订阅|打赏|明镜与点点|谢谢(?:大家)?(?:的)?(?:观看|收看|收听)|感谢(?:您的)?(?:观看|收看|收听)|"
    r"下[期集]再[见会]|请按赞|優優獨播|优优独播|独播剧场|词曲|作曲|编曲|中文字幕|thankyouforwatching|subtitles"
)
_MUSIC: Final = re.compile(r"[♪♫♬【】《》\[\]]")
_SPOKEN: Final = re.compile(r"[^\W_]")
_LOOP: Final = re.compile(r"(.{1,20}?)\1{3,}", re.DOTALL)
_DOUBLED: Final = re.compile(r"^(.{3,})[，,。\s]*\1[，,。\s]*$", re.DOTALL)


NOBODY: Final = 0.5
"""Probability of "nobody speaks" from which on Whisper's words need a score of their own to be believed. Music and a
room full of voices lie above it, with scores below 0.3 or a loop; so do some sentences of trained speakers, with scores
above 0.5."""

_SURE: Final = 0.5

_GUESS: Final = 0.1
_WEAK: Final = 0.3
_VARIED: Final = 0.75
"""Share of a text's pairs of characters that occur once; a sentence that somebody said is seldom below it."""


def _variety(spoken: str) -> float:
    pairs = [spoken[at : at + 2] for at in range(len(spoken) - 1)]
    return len(set(pairs)) / len(pairs) if len(pairs) > 1 else 1.0


def unloop(text: str) -> str:
    """A piece said four or more times in a row said once. Digits may repeat: 八八八八 is a telephone number."""

    def once(match: re.Match[str]) -> str:
        piece = match.group(1)
        return match.group() if re.fullmatch(r"[\d〇零一二三四五六七八九幺]+", piece) else piece

    return _LOOP.sub(once, text)


def loops(text: str) -> bool:
    """Whether `unloop` would shorten the text."""
    return unloop(text) != text


def unheard(nobody: float, text: str, score: float) -> bool:
    """Whether the model believes that nobody speaks (probability `nobody`) and its words do not speak against it."""
    spoken = "".join(_SPOKEN.findall(text)).lower()
    return nobody >= NOBODY and (score < _SURE or loops(text) or _variety(spoken) < _VARIED)


def refusal(text: str, voiced: float, prompt: str = "", score: float = 1.0) -> str:
    """Why `text` is not believed for `voiced` seconds of voice, as a short word; empty when it is believed.

    `score` is the engine's own for the text, 0..1. Below a tenth it is guessing; up to three tenths it is not believed
    when it says the same again and again, as it does for a room full of voices.
    """
    spoken = "".join(_SPOKEN.findall(text)).lower()
    if not spoken:
        return "empty"
    if _CREDITS.search(spoken) or _MUSIC.search(text):
        return "credits"
    if prompt and spoken in "".join(_SPOKEN.findall(prompt)).lower():
        return "prompt"
    cjk = sum("一" <= char <= "鿿" for char in spoken)
    # Latin text counts by words of about five letters, so that an address in letters is not refused.
    if (cjk + (len(spoken) - cjk) / 3) / max(voiced, 0.4) > MAX_CHARACTERS_PER_SECOND:
        return "rate"
    if len(spoken) >= 24 and len(unloop(spoken)) <= len(spoken) / 3:
        return "loop"
    if score < _GUESS or (score < _WEAK and _variety(spoken) < _VARIED):
        return "unsure"
    if _DOUBLED.match(text) and len(spoken) / max(voiced, 0.4) > MAX_CHARACTERS_PER_SECOND * 0.7:
        return "doubled"
    return ""
