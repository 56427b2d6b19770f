"""Finds the gazetteer's places in words: by name, by alias, and by sound where a recogniser wrote other characters.

A name is believed the less the more its sound has to be stretched, and the shorter it is the more it must be spelt as
written: two characters only exactly, three by sound, four by coarse sound (n/l, n/ng), five with one syllable only
near; one step more where the words around speak of a place (在…, …号). What belongs behind the name (house number,
对面, 路口) is read with it. A name that several places share is settled by the other places said, else it is asked.
Look-up costs one dictionary access a position, so a text's cost grows with its length, not with the gazetteer's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from pathlib import Path
from typing import Final

from routing.addresses import CROSSING, JOINED, after
from routing.decision import Place, PlaceOption, PlaceQuestion
from routing.gazetteer import Entry, ancestors, load_entries, unit_of
from routing.placesound import loose, near
from routing.taxonomy import Unit
from routing.text import Utterance, read, sounds

__all__ = ("Entry", "Gazetteer")

_SCORE_NAME, _SCORE_ALIAS, _SCORE_SOUND, _SCORE_LOOSE, _SCORE_NEAR = 1.0, 0.95, 0.8, 0.7, 0.6
_SHORTEST_BY_SOUND, _SHORTEST_LOOSE, _SHORTEST_NEAR = 3, 4, 5
_MOST_HITS: Final = 200
"""Hits that are weighed in one text; a caller names three. Bounds the cost of texts made of names only."""
_NEAR_WITHIN: Final = 1200
_MOST_COMPARED: Final = 1000
_BEFORE_A_PLACE: Final = frozenset("在住到去从往离近过于")


@dataclass(frozen=True, slots=True)
class _Name:
    """One spelling and the places that have it, the first of the file first."""

    chars: str
    sounds: str
    loose: str
    score: float
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Hit:
    start: int
    name: _Name
    score: float

    @property
    def end(self) -> int:
        return self.start + len(self.name.chars)

    @property
    def weight(self) -> float:
        return len(self.name.chars) * self.score


class Gazetteer:
    """Immutable after `load`."""

    def __init__(self, entries: dict[str, Entry]) -> None:
        self.entries = entries
        self._around = {name: ancestors(name, entries) for name in entries}
        self._units = {name: unit_of(name, entries) for name in entries}
        self._whole = {name for name, entry in entries.items() if not entry.parent}
        names = _names(entries.values())
        self._two = {name.chars: name for name in names if len(name.chars) < _SHORTEST_BY_SOUND}
        self._longer: dict[str, list[_Name]] = {}
        self._lengths: dict[str, tuple[int, ...]] = {}
        self._head: dict[str, list[_Name]] = {}
        self._inner: dict[str, list[_Name]] = {}
        for name in names:
            if len(name.chars) >= _SHORTEST_BY_SOUND:
                self._longer.setdefault(name.loose, []).append(name)
                sizes = {*self._lengths.get(name.loose[:3], ()), len(name.chars)}
                self._lengths[name.loose[:3]] = tuple(sorted(sizes, reverse=True))
            if len(name.chars) >= _SHORTEST_NEAR - 1:
                self._head.setdefault(name.loose[:2], []).append(name)
                self._inner.setdefault(name.loose[2:4], []).append(name)

    @classmethod
    def load(cls, path: Path, units: Mapping[str, Unit]) -> "Gazetteer":
        """Raises `DataError` with every fault of the file."""
        return cls(load_entries(path, units))

    def find(self, utterance: Utterance) -> tuple[Place, ...]:
        """In the order they were said, each place once; a narrow and a wide one both, when both were said."""
        chosen = self._choose(self._hits(utterance))
        said = [(hit, self._settle(hit.name, chosen)) for hit in chosen]
        return _crossings(utterance, _placed(utterance, self.entries, said))

    def question(self, places: Sequence[Place]) -> PlaceQuestion | None:
        """What to ask the caller where one name means several places; the first such name, None if there is none."""
        for place in places:
            if place.candidates:
                options = (self._option(name, place) for name in place.candidates)
                return PlaceQuestion(place.name, tuple(options))
        return None

    def settle(self, question: PlaceQuestion, answer: Utterance) -> Place | None:
        """The option that the caller's answer names, by itself or by a place around it; None if not just one."""
        said = {name for hit in self._choose(self._hits(answer)) for name in hit.name.places}
        fits = [o for o in question.options if said & {o.place.id, *self._around[o.place.id]} - self._whole]
        return fits[0].place if len(fits) == 1 else None

    def unit_of(self, place: Place) -> str:
        """Id of the street or town in charge; empty if unknown, or if the place's candidates have several."""
        units = {self._units.get(name, "") for name in place.candidates or (place.id,)}
        return units.pop() if len(units) == 1 else ""

    def units_of(self, places: Iterable[Place]) -> tuple[str, ...]:
        """Streets and towns in charge of what was said, the narrow places before the wide ones; each once."""
        ordered = sorted(places, key=lambda place: (place.kind == "area", bool(place.candidates)))
        return tuple(dict.fromkeys(unit for place in ordered if (unit := self.unit_of(place))))

    def on_a_border(self, places: Sequence[Place]) -> bool:
        """Whether the first two streets of `units_of` are equally right: a crossing of roads of both was said."""
        narrow = [place for place in places if place.kind != "area"]
        return bool(narrow and narrow[0].crossing and len({self.unit_of(place) for place in narrow[:2]} - {""}) > 1)

    def _option(self, name: str, place: Place) -> PlaceOption:
        entry = self.entries[name]
        around = next(iter(self._around[name]), "")
        option = replace(place, id=name, name=entry.name, kind=entry.kind, candidates=())
        return PlaceOption(option, around, self.entries[around].name if around else "")

    def _hits(self, utterance: Utterance) -> list[_Hit]:
        chars, rough = utterance.chars, loose(utterance.chars)
        two, lengths = self._two, self._lengths
        pairs = (at for at in range(len(chars) - 1) if chars[at : at + 2] in two)
        hits = [_Hit(at, name := two[chars[at : at + 2]], name.score) for at in islice(pairs, _MOST_HITS)]
        covered: set[int] = set()
        for at in [at for at in range(len(chars) - 2) if rough[at : at + 3] in lengths]:
            if len(hits) >= 2 * _MOST_HITS:
                break
            for size in lengths[rough[at : at + 3]]:
                if hit := self._as_written_or_heard(utterance, rough, at, size):
                    hits.append(hit)
                    covered.update(range(at, hit.end))
                    break
        return hits + self._nearly(utterance, rough[:_NEAR_WITHIN], covered)

    def _as_written_or_heard(self, utterance: Utterance, rough: str, at: int, size: int) -> _Hit | None:
        best: _Hit | None = None
        for name in self._longer.get(rough[at : at + size], ()):
            if utterance.chars.startswith(name.chars, at):
                score = name.score
            elif utterance.sounds.startswith(name.sounds, at):
                score = _SCORE_SOUND
            elif size + _spoken_of(utterance, at, at + size) >= _SHORTEST_LOOSE:
                score = _SCORE_LOOSE
            else:
                continue
            if best is None or score > best.score:
                best = _Hit(at, name, score)
        return best

    def _nearly(self, utterance: Utterance, rough: str, covered: set[int]) -> list[_Hit]:
        """Names with exactly one syllable that only resembles what was said: half of it, before or after, is right."""
        found: list[_Hit] = []
        left = _MOST_COMPARED
        for at in range(len(rough) - 3):
            for name in (*self._head.get(rough[at : at + 2], ()), *self._inner.get(rough[at + 2 : at + 4], ())):
                left -= 1
                if left < 0 or len(found) >= _MOST_HITS:
                    return found
                end = at + len(name.loose)
                wrong = [i for i, (a, b) in enumerate(zip(rough[at:end], name.loose, strict=False)) if a != b]
                if end > len(rough) or len(wrong) != 1 or not near(rough[at + wrong[0]], name.loose[wrong[0]]):
                    continue
                enough = len(name.loose) + _spoken_of(utterance, at, end) >= _SHORTEST_NEAR
                if enough and covered.isdisjoint(range(at, end)):
                    found.append(_Hit(at, name, _SCORE_NEAR))
        return found

    def _choose(self, hits: list[_Hit]) -> list[_Hit]:
        """Those that overlap no weightier one, in the order they were said."""
        taken: set[int] = set()
        chosen: list[_Hit] = []
        for hit in sorted(hits, key=lambda hit: (-hit.weight, hit.start)):
            if taken.isdisjoint(range(hit.start, hit.end)):
                taken.update(range(hit.start, hit.end))
                chosen.append(hit)
        return sorted(chosen, key=lambda hit: hit.start)

    def _settle(self, name: _Name, chosen: list[_Hit]) -> tuple[str, ...]:
        """The places a name may mean here: those inside, around or under the same street as another place said."""
        if len(name.places) == 1:
            return name.places
        others = {hit.name.places[0] for hit in chosen if len(hit.name.places) == 1}
        streets = {self._units[other] for other in others if self._units[other]}
        close = [p for p in name.places if others & {*self._around[p]} - self._whole or self._units[p] in streets]
        return tuple(close) or name.places


def _names(entries: Iterable[Entry]) -> list[_Name]:
    """Every spelling once. A place's own name goes before the aliases of others with the same spelling."""
    owners: dict[str, dict[str, float]] = {}
    for entry in entries:
        for spelling, score in ((entry.name, _SCORE_NAME), *((alias, _SCORE_ALIAS) for alias in entry.aliases)):
            owners.setdefault(read(spelling).chars, {}).setdefault(entry.id, score)
    found = []
    for chars, scores in owners.items():
        best = max(scores.values())
        places = tuple(place for place, score in scores.items() if score == best)
        found.append(_Name(chars, sounds(chars), loose(chars), best, places))
    return [name for name in found if len(name.chars) > 1]


def _spoken_of(utterance: Utterance, start: int, end: int) -> int:
    """1 if the words around speak of a place, else 0."""
    before = start > 0 and utterance.chars[start - 1] in _BEFORE_A_PLACE
    return int(before or after(utterance, end).end > end)


def _placed(
    utterance: Utterance, entries: Mapping[str, Entry], said: Sequence[tuple[_Hit, tuple[str, ...]]]
) -> list[tuple[int, int, Place]]:
    """Start, end and place of each; what follows a name belongs to it as far as the next name."""
    found: list[tuple[int, int, Place]] = []
    seen: set[str] = set()
    for number, (hit, ids) in enumerate(said):
        if ids[0] in seen:
            continue
        seen.add(ids[0])
        address = after(utterance, hit.end)
        following = said[number + 1][0].start if number + 1 < len(said) else len(utterance.chars)
        if address.end > following:
            address = replace(address, end=hit.end, number="", relation="")
        entry = entries[ids[0]]
        score = hit.score / len(ids) if len(ids) > 1 else hit.score
        candidates = ids if len(ids) > 1 else ()
        text = utterance.span(hit.start, address.end)
        parts = (address.number, address.relation)
        place = Place(entry.id, entry.name, entry.kind, text, score, *parts, candidates=candidates)
        found.append((hit.start, address.end, place))
    return found


def _crossings(utterance: Utterance, found: list[tuple[int, int, Place]]) -> tuple[Place, ...]:
    """Two roads said together and then 路口 are a crossing: the first one's text covers both."""
    places = [place for _, _, place in found]
    for number, ((start, end, one), (next_start, next_end, two)) in enumerate(pairwise(found)):
        if not one.kind == two.kind == "road" or one.number or one.relation or one.crossing:
            continue
        joined = JOINED.fullmatch(utterance.chars, end, next_start)
        corner = CROSSING.match(utterance.chars, next_end)
        if joined and (corner or two.relation in ("路口", "十字路口", "丁字路口", "交叉口", "交汇处", "拐角")):
            text = utterance.span(start, corner.end() if corner else next_end)
            places[number] = replace(one, text=text, crossing=two.id)
            places[number + 1] = replace(two, crossing=one.id)
    return tuple(places)
