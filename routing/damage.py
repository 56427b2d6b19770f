"""Damages sentences as a telephone band and a recogniser do: homophones, swallowed characters, cut ends, fillers.

Training on damaged twins is what makes the models tolerant. Everything is drawn from the caller's generator, so the
same seed gives the same twins.
"""

from random import Random

from routing.text import homophones

_OPENINGS = ("喂", "你好", "喂你好", "那个", "嗯", "我想反映一下", "就是", "您好我想说一下", "是这样的", "")
_ENDINGS = ("谢谢", "麻烦你们了", "可以吗", "啊", "呢", "你们管一下吧", "", "")


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
