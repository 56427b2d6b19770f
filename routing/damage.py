"""Damages sentences as a telephone band and a recogniser do: homophones, swallowed characters, cut ends, fillers.

Training on damaged twins is what makes the models tolerant. Everything is drawn from the caller's generator, so the
same seed gives the same twins.
"""

from random import Random

from routing.text import homophones

_OPENINGS = ("喂", "你好", "喂你好", "那个", "嗯", "我想反映一下", "就是", "您好我想说一下", "是这样的", "")
_ENDINGS = ("谢谢", "麻烦你们了", "可以吗", "啊", "呢", "你们管一下吧", "", "")
_NOISES = ("ok", "the ", "um", "谢谢观看", "字幕", "yeah", "oh", "哦哦", "那那那", "thank you")


def misheard(text: str, share: float, rng: Random) -> str:
    """About `share` of the characters become homophones; a few are lost."""
    pools = homophones()
    out: list[str] = []
    for char in text:
        chance = rng.random()
        if chance < share / 4:
            continue
        pool = pools.get(char, "")
        out.append(rng.choice(pool) if pool and chance < share else char)
    return "".join(out)


def talked_around(text: str, rng: Random) -> str:
    """With an opening and an ending as callers use them."""
    return rng.choice(_OPENINGS) + text + rng.choice(_ENDINGS)


def begun(text: str, rng: Random) -> str:
    """The first part of a sentence, as a partial result gives it; at least 60 %."""
    return text[: max(2, round(len(text) * rng.uniform(0.6, 0.95)))]


def blurred(text: str, rng: Random) -> str:
    """One heavy damage of a recogniser: a stretch lost, a stretch of homophones, or foreign noise at an edge."""
    kind = rng.randrange(3)
    size = max(1, len(text) // 6)
    at = rng.randrange(max(1, len(text) - size))
    if kind == 0:
        return text[:at] + text[at + size :]
    if kind == 1:
        return text[:at] + misheard(text[at : at + 2 * size], 0.7, rng) + text[at + 2 * size :]
    noise = rng.choice(_NOISES)
    return noise + text if rng.random() < 0.5 else text + noise
