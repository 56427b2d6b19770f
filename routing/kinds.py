"""What the caller wants of the hotline: complaint, enquiry, help, report, suggestion or praise.

Phrases that state it outright decide, in the order of `kinds.txt`; otherwise the problem type's usual kind, unless the
form of a question turns it into an enquiry. No model: six kinds with clear phrases need none, and this can be read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from routing.decision import RequestKind
from routing.errors import DataError, Fault
from routing.taxonomy import sections
from routing.text import read

_QUESTION, _FAULT = "question", "fault"


@dataclass(frozen=True, slots=True)
class KindRules:
    """`stated` in order of precedence; `question` asks how, where, how much; `fault` says something is wrong."""

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

    def decide(self, chars: str, usual: RequestKind | None) -> tuple[RequestKind, str]:
        """The kind and the phrase that decided, empty for the category's usual kind. `chars` as `text.read` gives."""
        question = next((phrase for phrase in self.question if phrase in chars), "")
        fault = any(word in chars for word in self.fault)
        for kind, phrases in self.stated.items():
            phrase = next((phrase for phrase in phrases if phrase in chars), "")
            # "我想咨询一下，垃圾一直没人管" is a complaint in a polite coat.
            coat = kind is RequestKind.ENQUIRY and fault and not question and usual is not RequestKind.ENQUIRY
            if phrase and not coat:
                return kind, phrase
        if question and (not fault or usual is None):
            return RequestKind.ENQUIRY, question
        return usual or (RequestKind.COMPLAINT if fault else RequestKind.ENQUIRY), ""
