"""Lexical classes of danger and of its context, found in characters and, for marked words, in sounds.

Figures of speech (`figure`) cover what they contain: the 救命 of 救命恩人 is no cry for help. Scanning is one
dictionary look-up a position and length, so its cost does not grow with the word lists.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from routing.errors import DataError, Fault
from routing.text import Utterance, sounds

_FIGURE = "figure"
SERVICES = ("110", "119", "120", "122", "gas")


@dataclass(frozen=True, slots=True)
class LexicalClass:
    """`danger` classes carry an emergency of `kind` for `service`; the others only modify."""

    id: str
    danger: bool
    kind: str
    service: str
    label: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A word of a class at positions `start` to `end`; `exact` when by characters, not by sound alone."""

    group: LexicalClass
    start: int
    end: int
    exact: bool


class Lexicon:
    def __init__(
        self, classes: dict[str, LexicalClass], words: dict[str, list[str]], heard: dict[str, list[str]]
    ) -> None:
        self.classes = classes
        self._words: dict[str, tuple[LexicalClass, ...]] = {}
        self._heard: dict[str, tuple[LexicalClass, ...]] = {}
        for name, group in classes.items():
            for word in (*words[name], *heard[name]):
                self._words[word] = (*self._words.get(word, ()), group)
            for word in heard[name]:
                sound = sounds(word)
                if group not in self._heard.get(sound, ()):
                    self._heard[sound] = (*self._heard.get(sound, ()), group)
        self._sizes = _sizes_by_first(self._words)
        self._heard_sizes = _sizes_by_first(self._heard)

    @classmethod
    def load(cls, path: Path) -> "Lexicon":
        """Raises `DataError` with every fault; TOML faults carry the line."""
        try:
            text = path.read_text(encoding="utf-8")
            table = tomllib.loads(text)["class"]
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError) as exc:
            raise DataError([Fault(path.name, 0, f"cannot be read: {exc}")]) from exc
        faults: list[Fault] = []
        classes: dict[str, LexicalClass] = {}
        lines = {line.strip(): number for number, line in enumerate(text.splitlines(), 1)}
        for name, entry in table.items():
            line = lines.get(f"[class.{name}]", 0)
            danger = entry.get("role") == "danger"
            if entry.get("role") not in ("danger", "context"):
                faults.append(Fault(path.name, line, f"role of {name!r} is not danger or context"))
            if danger and (entry.get("service") not in SERVICES or not entry.get("kind")):
                faults.append(Fault(path.name, line, f"danger class {name!r} needs a kind and a service"))
            if not entry.get("label") or not (entry.get("words") or entry.get("heard")):
                faults.append(Fault(path.name, line, f"class {name!r} needs a label and words"))
            classes[name] = LexicalClass(
                name, danger, entry.get("kind", ""), entry.get("service", ""), entry.get("label", "")
            )
        faults.extend(Fault(path.name, 0, f"the class {name!r} is missing") for name in REQUIRED if name not in classes)
        if faults:
            raise DataError(faults)
        words = {name: list(entry.get("words", [])) for name, entry in table.items()}
        return cls(classes, words, {name: list(entry.get("heard", [])) for name, entry in table.items()})

    def scan(self, utterance: Utterance) -> list[Hit]:
        """Hits in order of position; a danger word inside a figure of speech is left out."""
        hits: list[Hit] = []
        chars, heard = utterance.chars, utterance.sounds
        for at, char in enumerate(chars):
            for size in self._sizes.get(char, ()):
                if groups := self._words.get(chars[at : at + size]):
                    hits.extend(Hit(group, at, at + size, True) for group in groups)
            for size in self._heard_sizes.get(heard[at], ()):
                groups = self._heard.get(heard[at : at + size], ())
                if groups and chars[at : at + size] not in self._words:
                    hits.extend(Hit(group, at, at + size, False) for group in groups)
        figures = [hit for hit in hits if hit.group.id == _FIGURE]
        return [hit for hit in hits if not (hit.group.danger and _covered(hit, figures))]


REQUIRED = (
    *("cry", "threat", "suicide", "muted", "person", "now", "come", "me", "negation", "past", "handled", "enquiry"),
    *("hypothetical", "media", "matter", _FIGURE),
)


def _sizes_by_first(words: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """The lengths of the words that begin with a character: most characters begin none."""
    sizes: dict[str, set[int]] = {}
    for word in words:
        sizes.setdefault(word[0], set()).add(len(word))
    return {first: tuple(sorted(found)) for first, found in sizes.items()}


def _covered(hit: Hit, figures: list[Hit]) -> bool:
    return any(figure.start <= hit.start and hit.end <= figure.end for figure in figures)
