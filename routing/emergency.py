"""Danger to life or property in a caller's words, on partial and final recognition results alike.

Situations, not words: lexical classes (who, what is happening, when, how it is asked) and n-grams of characters and
sounds go into one calibrated linear model. Around it stand guard rails that can be read: what is negated, past and
handled, asked about, supposed, or seen on television never bridges; a threat is never nothing. Courtesies are taken
out first, and long texts are judged by windows around the danger words, so talk around a danger cannot dilute it.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from routing.decision import Emergency, EmergencyLevel
from routing.features import LinearModel
from routing.lexicon import Hit, Lexicon
from routing.text import Utterance, read, without

_COURTESY = re.compile(
    r"您好|你好|喂+|不好意思|对不起|打扰一?下?了?|打搅了|辛苦你?您?们?了?|麻烦你?您?们?一?下?了?|谢谢你?您?们?啊?|非常感谢|"
    r"感谢你?您?们?|拜托你?您?们?了?|劳驾|抱歉|请问一?下?|请帮忙|请您?你?(?=快|派|帮|赶)|同志|客服|接线员|那个那个|就是说|嗯+|呃+"
)
_WINDOW_BEFORE, _WINDOW_AFTER, _SHORT = 16, 20, 40
_MOST_WINDOWS = 8
_RANK = {EmergencyLevel.NONE: 0, EmergencyLevel.POSSIBLE: 1, EmergencyLevel.CERTAIN: 2}
_STRONG_SOUND = 3
_WITHOUT_WORDS = 0.5
_LONG_WINDED = 150
_NEGATIONS = ("没有", "不是", "并非", "没")
_HARMLESS = "harmless"


class EmergencyDetector:
    """Stateless: `check` may be called with every partial."""

    def __init__(self, lexicon: Lexicon, model: LinearModel) -> None:
        self._lexicon = lexicon
        self._model = model
        self._certain = float(model.notes["certain"])
        self._possible = float(model.notes["possible"])
        self._harmless = model.labels.index(_HARMLESS)

    @classmethod
    def load(cls, data_dir: Path, model_dir: Path) -> "EmergencyDetector":
        """Raises `routing.errors.DataError`."""
        return cls(Lexicon.load(data_dir / "danger" / "lexicon.toml"), LinearModel.load(model_dir / "emergency.npz"))

    def check(self, text: str, alternatives: Sequence[str] = ()) -> Emergency:
        """The best reading decides; a danger found only in another of the recogniser's readings is `possible`."""
        best = self._assess(text)
        for other in alternatives:
            if best.level is not EmergencyLevel.NONE:
                break
            found = self._assess(other)
            if found.level is not EmergencyLevel.NONE:
                reasons = (*found.reasons, "只在识别的备选结果中出现")
                best = Emergency(EmergencyLevel.POSSIBLE, found.kind, found.service, found.span, reasons)
        return best

    def _assess(self, text: str) -> Emergency:
        utterance = courteous(text)
        hits = affirmed(utterance, self._lexicon.scan(utterance))
        best, best_score = Emergency(), -1.0
        for start, end in windows(utterance, hits):
            found, score = self._judge(cut(utterance, start, end), within(hits, start, end), hits)
            if (_RANK[found.level], score) > (_RANK[best.level], best_score):
                best, best_score = found, score
        return best

    def _judge(self, window: Utterance, hits: list[Hit], everywhere: list[Hit]) -> tuple[Emergency, float]:
        present = facts(hits, self._model.extras)
        probabilities = self._model.probabilities(window, present)
        danger = 1.0 - float(probabilities[self._harmless])
        evidence = [hit for hit in hits if hit.group.danger]
        near, far = ({hit.group.id for hit in group} for group in (hits, everywhere))
        brake = guard(near, far) or long_winded(len(window.raw), near)
        level = self._level(danger, [hit for hit in evidence if _sure(hit)], brake)
        if level is EmergencyLevel.NONE and threat(hits):
            level = EmergencyLevel.POSSIBLE
        if level is EmergencyLevel.NONE:
            return Emergency(), danger
        service = self._service(probabilities)
        main = _main(evidence, service)
        reasons = [f"{hit.group.label}：{window.span(hit.start, hit.end)}" for hit in _distinct(evidence)]
        reasons.append(f"危险概率 {danger:.2f}")
        if brake:
            reasons.append(brake)
        span = window.span(min(h.start for h in evidence), max(h.end for h in evidence)) if evidence else window.raw
        kind = main.group.kind if main else "help"
        return Emergency(level, kind, service, span, tuple(reasons)), danger

    def _level(self, danger: float, evidence: list[Hit], brake: str) -> EmergencyLevel:
        """Braked danger is asked about only when the model is sure; danger without a danger word never bridges."""
        if brake:
            return EmergencyLevel.POSSIBLE if evidence and danger >= self._certain else EmergencyLevel.NONE
        if evidence and danger >= self._certain:
            return EmergencyLevel.CERTAIN
        if danger >= (self._possible if evidence else _WITHOUT_WORDS):
            return EmergencyLevel.POSSIBLE
        return EmergencyLevel.NONE

    def _service(self, probabilities: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> str:
        ranked = np.argsort(-probabilities, kind="stable")
        return next(self._model.labels[int(i)] for i in ranked if int(i) != self._harmless)


def courteous(text: str) -> Utterance:
    """The utterance without courtesies and fillers, which say nothing about danger."""
    return without(read(text), _COURTESY)


def windows(utterance: Utterance, hits: list[Hit]) -> list[tuple[int, int]]:
    """The whole of a short text; of a long one a stretch around each danger word, merged where they overlap."""
    length = len(utterance.chars)
    if length <= _SHORT:
        return [(0, length)]
    found: list[tuple[int, int]] = []
    for hit in hits:
        if not hit.group.danger:
            continue
        start, end = max(0, hit.start - _WINDOW_BEFORE), min(length, hit.end + _WINDOW_AFTER)
        if found and start <= found[-1][0] + _WINDOW_BEFORE:
            continue
        found.append((start, end))
    return found[:_MOST_WINDOWS]


def within(hits: list[Hit], start: int, end: int) -> list[Hit]:
    """The hits wholly inside, with positions counted from `start`."""
    return [Hit(h.group, h.start - start, h.end - start, h.exact) for h in hits if start <= h.start and h.end <= end]


def cut(utterance: Utterance, start: int, end: int) -> Utterance:
    return Utterance(
        utterance.raw, utterance.chars[start:end], utterance.sounds[start:end], utterance.origin[start:end]
    )


def facts(hits: Sequence[Hit], extras: Sequence[str]) -> list[int]:
    """Which of the model's lexical facts hold: `class`, `class~` when only by sound, `danger+class` and `danger*2`."""
    exact = {hit.group.id for hit in hits if hit.exact}
    held = exact | {f"{hit.group.id}~" for hit in hits if not hit.exact and hit.group.id not in exact}
    dangers = {hit.group.id for hit in hits if hit.group.danger}
    if dangers:
        held |= {"danger"} | {f"danger+{hit.group.id}" for hit in hits if not hit.group.danger}
    if len(dangers) > 1:
        held.add("danger*2")
    return [index for index, name in enumerate(extras) if name in held]


def fact_names(lexicon: Lexicon) -> tuple[str, ...]:
    """Every fact `facts` can state, in a fixed order."""
    names = ["danger", "danger*2"]
    for name, group in lexicon.classes.items():
        names += [name, f"{name}~"] if group.danger else [name, f"danger+{name}"]
    return tuple(names)


def affirmed(utterance: Utterance, hits: list[Hit]) -> list[Hit]:
    """Without the danger words that are denied right before: 没有自杀, 不是杀人. Words like 没有呼吸 are whole hits."""
    return [
        hit
        for hit in hits
        if not (hit.group.danger and utterance.chars[max(0, hit.start - 2) : hit.start].endswith(_NEGATIONS))
    ]


def long_winded(length: int, near: set[str]) -> str:
    """In a long account a danger is live only where urgency stands close by."""
    return "长篇叙述中没有紧迫的说法" if length > _LONG_WINDED and not near & {"cry", "now", "come"} else ""


def guard(near: set[str], everywhere: set[str]) -> str:
    """Why this must not bridge by itself, in the words of the report; empty when nothing holds it back."""
    urgent = bool(near & {"cry", "come", "now"})
    if "negation" in near:
        return "有否定说法"
    if "media" in near:
        return "像是演练或传闻"
    if "handled" in near and ("past" in near or not urgent):
        return "像是已经处理的事"
    if "past" in near and "now" not in near and "cry" not in near:
        return "像是过去的事"
    if "enquiry" in near and not near & {"cry", "now"}:
        return "像是在询问"
    if "hypothetical" in near and "cry" not in near:
        return "像是假设或隐患"
    if "matter" in near and not urgent:
        return "像是日常诉求"
    if {"matter", "enquiry"} <= everywhere and not urgent:
        return "像是日常诉求"
    return ""


def threat(hits: Sequence[Hit]) -> bool:
    """A threat to oneself or others, unless asked about or past: never nothing."""
    ids = {hit.group.id for hit in hits if hit.exact}
    return bool(ids & {"threat", "suicide"}) and not ids & {"negation", "past", "handled", "enquiry", "media", "figure"}


def _sure(hit: Hit) -> bool:
    return hit.exact or hit.end - hit.start >= _STRONG_SOUND


def _main(evidence: list[Hit], service: str) -> Hit | None:
    fitting = [hit for hit in evidence if hit.group.service == service and hit.group.id != "cry"]
    return max(fitting or evidence, key=lambda hit: (hit.exact, hit.end - hit.start), default=None)


def _distinct(evidence: list[Hit]) -> list[Hit]:
    by_group: dict[str, Hit] = {}
    for hit in evidence:
        kept = by_group.get(hit.group.id)
        if kept is None or hit.end - hit.start > kept.end - kept.start:
            by_group[hit.group.id] = hit
    return list(by_group.values())[:4]
