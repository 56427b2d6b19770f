"""What the caller wants of the hotline: complaint, enquiry, help, report, suggestion or praise.

A small calibrated model over n-grams, trained on sentences of our own; the phrases of `kinds.txt` that state a kind
outright, ask a question or say that something is wrong are facts of the model beside the n-grams, not overrides. The
problem type's usual kind weighs in as prior odds: a street light is seldom asked about, a pension seldom reported.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from routing.decision import RequestKind
from routing.errors import DataError, Fault
from routing.sparse import SparseModel
from routing.tables import sections
from routing.text import Utterance, read

_QUESTION, _FAULT, _ASKING = "question", "fault", "asking"
_ENDS_OF_QUESTIONS: Final = ("吗", "呢", "么", "不")
_FACTS: Final = (*(kind.value for kind in RequestKind), _QUESTION, _FAULT, _ASKING)
_FIRST_FACT: Final = 0xF0000
"""Facts are characters of a private-use plane, which no caller says, so that they are n-grams like any other."""
_LOUDNESS: Final = 6
"""How often a fact is repeated, so that it is heard among the n-grams of a sentence; chosen by cross-validation."""
_USUAL_ODDS: Final = 2.0
_UNSURE: Final = 0.3


@dataclass(frozen=True, slots=True)
class KindRules:
    """`stated` phrases by kind; `question` asks how, where, how much; `fault` says something is wrong."""

    stated: Mapping[RequestKind, tuple[str, ...]]
    question: tuple[str, ...]
    fault: tuple[str, ...]

    @classmethod
    def load(cls, path: Path) -> "KindRules":
        """Raises `DataError` with every fault."""
        faults: list[Fault] = []
        found: dict[str, tuple[str, ...]] = {}
        values = [kind.value for kind in RequestKind]
        for line, name, phrases in sections(path, faults):
            if name not in (*values, _QUESTION, _FAULT):
                faults.append(Fault(path.name, line, f"[{name}] is not a kind of request"))
            found[name] = tuple(read(phrase).chars for phrase in phrases)
        faults.extend(
            Fault(path.name, 0, f"no phrases for [{name}]")
            for name in (*values, _QUESTION, _FAULT)
            if not found.get(name)
        )
        if faults:
            raise DataError(faults)
        stated = {RequestKind(name): phrases for name, phrases in found.items() if name in values}
        return cls(stated, found[_QUESTION], found[_FAULT])

    def phrase(self, chars: str, kind: RequestKind) -> str:
        """The first phrase that speaks for the kind, else empty."""
        phrases = self.stated.get(kind, ()) + (self.question if kind is RequestKind.ENQUIRY else ())
        return next((phrase for phrase in phrases if phrase in chars), "")

    def marked(self, utterance: Utterance) -> Utterance:
        """The utterance with a mark for every fact that holds of it."""
        chars = utterance.chars
        held = {kind.value for kind, phrases in self.stated.items() if any(phrase in chars for phrase in phrases)}
        held |= {_QUESTION} if any(phrase in chars for phrase in self.question) else set()
        held |= {_FAULT} if any(word in chars for word in self.fault) else set()
        held |= {_ASKING} if chars.endswith(_ENDS_OF_QUESTIONS) else set()
        marks = "".join(chr(_FIRST_FACT + place) * _LOUDNESS for place, name in enumerate(_FACTS) if name in held)
        return replace(utterance, chars=marks + chars)


@dataclass(frozen=True, slots=True)
class Kinds:
    """The kind of a request, and why."""

    rules: KindRules
    model: SparseModel

    @classmethod
    def load(cls, data_dir: Path, model_dir: Path) -> "Kinds":
        """Raises `DataError`."""
        model = SparseModel.load(model_dir / "classifier-kinds.npz")
        known = {kind.value for kind in RequestKind}
        if strange := sorted(set(model.labels) - known):
            raise DataError([Fault("classifier-kinds.npz", 0, f"labels that are no kinds of request: {strange}")])
        return cls(KindRules.load(data_dir / "kinds.txt"), model)

    def decide(self, utterance: Utterance, usual: RequestKind | None) -> tuple[RequestKind, str]:
        """The kind and the phrase that speaks for it, empty where none does. `usual` is the problem type's own kind,
        which also decides where the model hardly knows."""
        rows, values = self.model.vocabulary.vector(self.rules.marked(utterance))
        if not rows.size:
            return usual or RequestKind.ENQUIRY, ""
        shares = dict(zip(self.model.labels, self.model.probabilities_of(rows, values).tolist(), strict=True))
        if usual is not None:
            if max(shares.values()) < _UNSURE:
                return usual, self.rules.phrase(utterance.chars, usual)
            shares[usual.value] = shares.get(usual.value, 0.0) * _USUAL_ODDS
        kind = RequestKind(max(shares, key=lambda name: shares[name]))
        return kind, self.rules.phrase(utterance.chars, kind)
