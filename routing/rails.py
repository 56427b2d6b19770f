"""The rails around the danger model, as rules that can be read: what holds a danger back, what never is nothing.

A brake never makes a danger disappear: it only turns "bridge at once" into "ask". It looks at lexical classes close to
the danger (`near`) and in the whole utterance (`everywhere`).
"""

from collections.abc import Sequence

from routing.lexicon import Hit
from routing.text import Utterance

LONG_WINDED = 150
"""Positions: nobody in danger has spoken that long; an account of that length is braked unless it is urgent."""

_SURE_SOUND = 3
_NEGATIONS = ("没有", "不是", "并非", "没")
_SHORT = 24
_TAKEN_BACK = frozenset(
    {"negation", "past", "handled", "enquiry", "media", "matter", "figure", "ago", "money", "office", "wish", "habit"}
)
_DEADLY = frozenset({"kill", "weapon", "sharp", "fire"})
_DAILY = frozenset({"money", "office", "wish", "goods", "nuisance", "habit"})
_URGENT = frozenset({"cry", "now", "come"})


def affirmed(utterance: Utterance, hits: Sequence[Hit]) -> list[Hit]:
    """Without the danger words that are denied right before: 没有自杀, 不是杀人. Words like 没有呼吸 are whole hits."""
    return [
        hit
        for hit in hits
        if not (hit.group.danger and utterance.chars[max(0, hit.start - 2) : hit.start].endswith(_NEGATIONS))
    ]


def evidence(hits: Sequence[Hit]) -> int:
    """0 without a word of danger, 1 with one, 2 with a cry for help and a word that says what for (救命, 抢劫)."""
    named = {hit.group.id for hit in hits if hit.group.danger and (hit.exact or hit.end - hit.start >= _SURE_SOUND)}
    cried = any(hit.group.id == "cry" for hit in hits)
    return 2 if cried and named - {"cry"} else 1 if named else 0


def brake(near: set[str], everywhere: set[str], length: int, words: int = 1) -> str:
    """Why this must not bridge by itself, in the words of the report; empty when nothing holds it back.

    `words` is the `evidence` of the stretch: without a word of danger, money and nuisances speak for daily life.
    """
    urgent = bool(near & _URGENT)
    if "negation" in near:
        return "有否定说法"
    if "spared" in near and "cry" not in near:
        return "像是没有人受害"
    if "media" in near:
        return "像是演练或传闻"
    if "handled" in near and ("past" in near or not urgent):
        return "像是已经处理的事"
    if "past" in near and not near & {"now", "cry"}:
        return "像是过去的事"
    if "enquiry" in near and not near & {"cry", "now"}:
        return "像是在询问"
    if "hypothetical" in near and "cry" not in near:
        return "像是假设或隐患"
    if not urgent and ("matter" in near or {"matter", "enquiry"} <= everywhere):
        return "像是日常诉求"
    if words == 0 and near & _DAILY and not near & {"cry", "help"}:
        return "像是日常诉求"
    if length > LONG_WINDED and ({"matter", "office"} & everywhere or not near & {"cry", "come"}):
        return "长篇叙述"
    return ""


def alarming(hits: Sequence[Hit], length: int) -> bool:
    """What is never nothing, whatever the model says."""
    return _threat(hits) or _outright(hits, length) or _muted(hits, length)


def _outright(hits: Sequence[Hit], length: int) -> bool:
    """A short cry or plain word of danger that nothing takes back (要出人命了, 快叫救护车)."""
    ids = {hit.group.id for hit in hits}
    if length > _SHORT or ids & _TAKEN_BACK or not any(hit.group.danger and hit.exact for hit in hits):
        return False
    return "cry" in ids or bool(ids & {"come"})


def _muted(hits: Sequence[Hit], length: int) -> bool:
    """A caller who says in a few words that he cannot speak (我不方便说, 他听得见), and nothing of an errand."""
    ids = {hit.group.id for hit in hits}
    return length <= _SHORT and not ids & (_TAKEN_BACK | _DAILY) and any(h.group.id == "muted" for h in hits if h.exact)


def _threat(hits: Sequence[Hit]) -> bool:
    """A threat to oneself or others, also a conditional one (再不管我就跳), unless asked about, past or seen."""
    ids = {hit.group.id for hit in hits if hit.exact}
    if ids & {"negation", "past", "handled", "enquiry", "media", "figure"}:
        return False
    return bool(ids & {"threat", "suicide"}) or ("condition" in ids and bool(ids & _DEADLY))
