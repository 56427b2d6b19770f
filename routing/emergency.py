"""Danger to life or property in a caller's words, on partial and final recognition results alike.

Situations, not words: lexical classes (who, which part of the body, what is seen, when, how it is asked), their pairs
and n-grams of characters and sounds go into a calibrated linear model that tells harmless talk, danger to ask about and
danger to bridge, and into a second one that tells whose danger it is. Around them stand the rails of `routing.rails`.
Courtesies are taken out first. A text beyond 64 positions is judged by overlapping windows, so talk around a danger
cannot dilute it; of a text beyond 2,000 characters only the first and last thousand are judged: that bounds the cost.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from routing.danger_model import DangerModel
from routing.decision import Emergency, EmergencyLevel
from routing.lexicon import SERVICES, Hit, Lexicon
from routing.linear import Found
from routing.rails import LONG_WINDED, affirmed, alarming, brake, evidence
from routing.text import Utterance, read, without

_COURTESY = re.compile(
    r"您好|你好|喂+|不好意思|对不起(?!爸|妈|你们|大家|孩子)|打扰一?下?了?|打搅了|辛苦你?您?们?了?|麻烦你?您?们?一?下?了?|"
    r"谢谢你?您?们?啊?|非常感谢|感谢你?您?们?|拜托你?您?们?了?|劳驾|抱歉|请问一?下?|请帮忙|请您?你?(?=快|派|帮|赶)|同志|客服|"
    r"接线员|那个那个|就是说|嗯+|呃+"
)
_WHOLE, _WINDOW, _STEP = 64, 48, 20
_END = 1000
_SAYS_SOMETHING, _TELLS_A_DANGER = 5, 12
"""Positions. Without any word of danger, fewer than the first say nothing yet ("有人…" begins every other call), and
fewer than the second are asked about, not bridged: a partial result is a beginning, whatever its n-grams are worth."""
_LIKELIER_THAN_NOT, _ANOTHER_READING, _SURE_OF_SEVERAL, _NEVER = 0.5, 0.35, 0.9, 2.0
_LEAST_SAID, _SAYS_ALL = 3, 0.8
"""Positions and probability from which an utterance that has ended is asked about though it has no word of danger and
is as short as a beginning ("他喝药了" as it was misheard)."""
_LEAST_SHARE = 1e-4
_RANK = {EmergencyLevel.NONE: 0, EmergencyLevel.POSSIBLE: 1, EmergencyLevel.CERTAIN: 2}


@dataclass(frozen=True, slots=True)
class Weighing:
    """One stretch of an utterance: probability of any danger and of danger to bridge, and what stands in it;
    `evidence` as `routing.rails.evidence` counts it, `whole` the positions of the utterance around it."""

    any: float
    sure: float
    evidence: int
    brake: str
    hits: tuple[Hit, ...]
    start: int
    end: int
    whole: int


class Facts:
    """The lexical facts of a model: `class`, `class~` when only by sound, and `class+class` for every pair."""

    def __init__(self, lexicon: Lexicon) -> None:
        ids = tuple(lexicon.classes)
        heard = tuple(f"{name}~" for name, group in lexicon.classes.items() if group.danger)
        pairs = tuple(f"{a}+{b}" for i, a in enumerate(ids) for b in ids[i + 1 :])
        self.names = (*ids, *heard, *pairs)
        self._class = {name: i for i, name in enumerate(ids)}
        self._heard = {name[:-1]: len(ids) + i for i, name in enumerate(heard)}
        self._pair = np.zeros((len(ids), len(ids)), np.int64)
        first = len(ids) + len(heard)
        self._pair[np.triu_indices(len(ids), 1)] = np.arange(first, first + len(pairs))

    def held(self, hits: Sequence[Hit]) -> list[int]:
        """Positions in `names` of what holds."""
        exact = {hit.group.id for hit in hits if hit.exact}
        classes = sorted(self._class[hit.group.id] for hit in {h.group.id: h for h in hits}.values())
        only_heard = {hit.group.id for hit in hits if hit.group.danger} - exact
        ids = np.array(classes, np.int64)
        block = self._pair[np.ix_(ids, ids)]
        return [*classes, *sorted(self._heard[name] for name in only_heard), *block[block > 0].tolist()]


class EmergencyDetector:
    """Stateless: `check` may be called with every partial."""

    def __init__(self, lexicon: Lexicon, model: DangerModel) -> None:
        self._lexicon = lexicon
        self._gravity = model.gravity
        self._service = model.service
        self._facts = Facts(lexicon)
        self._certain = tuple(float(bar) for bar in model.notes.get("certain", (1.0, 1.0, 1.0)))
        self._possible = float(model.notes.get("possible", 1.0))

    @classmethod
    def load(cls, data_dir: Path, model_dir: Path) -> "EmergencyDetector":
        """Raises `routing.errors.DataError`."""
        return cls(Lexicon.load(data_dir / "danger" / "lexicon.toml"), DangerModel.load(model_dir / "emergency.npz"))

    def check(
        self,
        text: str,
        alternatives: Sequence[str] = (),
        *,
        utterance: Utterance | None = None,
        ended: bool = False,
    ) -> Emergency:
        """The best reading decides; a danger found only in another of the recogniser's readings is `possible`, and must
        be likelier than a best reading's: every further reading is a further chance to mishear everyday talk. What no
        reading says loudly enough, all of them may say together.

        `utterance` is `text` as it has been read already, to spare reading it twice. `ended`: the caller has stopped
        speaking, so three words may be all there is to say.
        """
        utterance = courteous(text, utterance)
        best = self._gravest(utterance, ended=ended)
        if best is not None and (level := self.level(best, ended=ended)) is not EmergencyLevel.NONE:
            return _report(utterance, best, level, self.service(utterance, best))
        readings = [] if best is None else [(utterance, best)]
        for other in alternatives:
            utterance = courteous(other)
            best = self._gravest(utterance, ended=ended)
            if best is None:
                continue
            if self.level(best, ended=ended) is not EmergencyLevel.NONE and best.any >= _ANOTHER_READING:
                return self._asked(utterance, best, "只在识别的备选结果中出现")
            readings.append((utterance, best))
        if len(readings) > 1:
            utterance, best = max(readings, key=lambda reading: reading[1].any)
            together = replace(best, any=_together([weighing.any for _, weighing in readings]), sure=0.0)
            if self.level(together, ended=ended) is not EmergencyLevel.NONE:
                return self._asked(utterance, together, "各识别结果合起来看")
        return Emergency()

    def weigh(self, utterance: Utterance) -> list[Weighing]:
        """Every window of a `courteous` utterance."""
        hits = affirmed(utterance, self._lexicon.scan(utterance))
        everywhere = {hit.group.id for hit in hits}
        found = self._gravity.find(utterance)
        length = len(utterance.chars)
        return [self._window(found, hits, everywhere, length, start, end) for start, end in windows(length)]

    def level(self, weighing: Weighing, *, ended: bool = False) -> EmergencyLevel:
        """Danger without any word of danger must be all but sure to bridge by itself. The more stretches of an account
        are tried, the surer one must be: of several only a sure one with such a word bridges, and of a long account
        only one that is likelier than not is asked about. `ended` is that of `check`.
        """
        spoken = weighing.end - weighing.start
        if weighing.evidence == 0 and spoken < _SAYS_SOMETHING and not alarming(weighing.hits, spoken):
            is_all = ended and spoken >= _LEAST_SAID and weighing.any >= _SAYS_ALL
            return EmergencyLevel.POSSIBLE if is_all else EmergencyLevel.NONE
        if self._bridges(weighing):
            told = weighing.evidence > 0 or spoken >= _TELLS_A_DANGER
            return EmergencyLevel.CERTAIN if told else EmergencyLevel.POSSIBLE
        long_winded = weighing.whole > LONG_WINDED
        possible = max(self._possible, _LIKELIER_THAN_NOT) if long_winded else self._possible
        if weighing.any >= possible or alarming(weighing.hits, weighing.end - weighing.start):
            return EmergencyLevel.POSSIBLE
        return EmergencyLevel.NONE

    def _bridges(self, weighing: Weighing) -> bool:
        least = self._certain[weighing.evidence]
        if weighing.whole > _WHOLE:
            least = max(least, _SURE_OF_SEVERAL) if weighing.evidence else _NEVER
        return weighing.sure >= least and not weighing.brake

    def _gravest(self, utterance: Utterance, *, ended: bool) -> Weighing | None:
        weighed = self.weigh(utterance)
        return max(weighed, key=lambda w: (_RANK[self.level(w, ended=ended)], w.any)) if weighed else None

    def service(self, utterance: Utterance, weighing: Weighing) -> str:
        """Who must come to the danger of this stretch."""
        found, facts = self._service.find(utterance), self._facts.held(weighing.hits)
        shares = self._service.probabilities(found, weighing.start, weighing.end, facts)
        return SERVICES[int(shares.argmax())]

    def _asked(self, utterance: Utterance, weighing: Weighing, why: str) -> Emergency:
        found = _report(utterance, weighing, EmergencyLevel.POSSIBLE, self.service(utterance, weighing))
        return replace(found, reasons=(*found.reasons, why))

    def _window(
        self, found: Found, hits: Sequence[Hit], everywhere: set[str], length: int, start: int, end: int
    ) -> Weighing:
        inside = [hit for hit in hits if start <= hit.start and hit.end <= end]
        harmless, _, danger = self._gravity.probabilities(found, start, end, self._facts.held(inside))
        near = {hit.group.id for hit in inside}
        return Weighing(
            any=float(1.0 - harmless),
            sure=float(danger),
            evidence=evidence(inside),
            brake=brake(near, everywhere, length, evidence(inside)),
            hits=tuple(inside),
            start=start,
            end=end,
            whole=length,
        )


def courteous(text: str, utterance: Utterance | None = None) -> Utterance:
    """The utterance without courtesies and fillers, which say nothing about danger; of a very long one both ends.

    `utterance` is the whole text as read, if it has been.
    """
    if len(text) > 2 * _END:
        return without(read(text[:_END] + text[-_END:]), _COURTESY)
    return without(utterance or read(text), _COURTESY)


def windows(length: int) -> list[tuple[int, int]]:
    """The whole of a short text; of a long one overlapping stretches."""
    if length == 0:
        return []
    if length <= _WHOLE:
        return [(0, length)]
    starts = range(0, length - _WINDOW + _STEP, _STEP)
    return [(start, min(length, start + _WINDOW)) for start in starts]


def _together(shares: Sequence[float]) -> float:
    """The mean of what several readings of the same sound give, in odds: one that lost every word of danger outweighs
    the others no more than one that misheard such a word."""
    clipped = np.clip(shares, _LEAST_SHARE, 1.0 - _LEAST_SHARE)
    return float(1.0 / (1.0 + np.exp(np.mean(np.log(1.0 / clipped - 1.0)))))


def _report(utterance: Utterance, weighing: Weighing, level: EmergencyLevel, service: str) -> Emergency:
    words = [hit for hit in weighing.hits if hit.group.danger]
    reasons = [f"{hit.group.label}：{utterance.span(hit.start, hit.end)}" for hit in _distinct(words)]
    reasons.append(f"危险概率 {weighing.any:.2f}")
    if weighing.brake:
        reasons.append(weighing.brake)
    start = min((hit.start for hit in words), default=weighing.start)
    end = max((hit.end for hit in words), default=weighing.end)
    main = _main(words, service)
    kind = main.group.kind if main else "help"
    return Emergency(level, kind, service, utterance.span(start, end), tuple(reasons))


def _main(words: list[Hit], service: str) -> Hit | None:
    fitting = [hit for hit in words if hit.group.service == service and hit.group.id != "cry"]
    return max(fitting or words, key=lambda hit: (hit.exact, hit.end - hit.start), default=None)


def _distinct(words: list[Hit]) -> list[Hit]:
    by_group: dict[str, Hit] = {}
    for hit in words:
        kept = by_group.get(hit.group.id)
        if kept is None or hit.end - hit.start > kept.end - kept.start:
            by_group[hit.group.id] = hit
    return list(by_group.values())[:4]
