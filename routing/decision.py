"""What routing answers: a decision with its reasons, and its JSON as the command line and the ticket carry it."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from routing.assignment import Assignment


class EmergencyLevel(StrEnum):
    NONE = "none"
    POSSIBLE = "possible"
    CERTAIN = "certain"


class RequestKind(StrEnum):
    """诉求类型: what the caller wants of the hotline."""

    COMPLAINT = "complaint"
    ENQUIRY = "enquiry"
    HELP = "help"
    REPORT = "report"
    SUGGESTION = "suggestion"
    PRAISE = "praise"


@dataclass(frozen=True, slots=True)
class Emergency:
    """Danger to life or property. `span` is the text that decided; `service` is 110, 119, 120, 122 or gas."""

    level: EmergencyLevel = EmergencyLevel.NONE
    kind: str = ""
    service: str = ""
    span: str = ""
    reasons: tuple[str, ...] = ()

    def graver(self, other: "Emergency") -> "Emergency":
        """The graver of the two, this one if they are alike."""
        order = list(EmergencyLevel)
        return other if order.index(other.level) > order.index(self.level) else self

    def as_json(self) -> dict[str, Any]:
        return {
            "level": self.level.value,
            "kind": self.kind,
            "service": self.service,
            "span": self.span,
            "reasons": list(self.reasons),
        }


@dataclass(frozen=True, slots=True)
class Category:
    """A problem type in the official scheme: first level, second level, plain problem name. `id` names its prompt."""

    id: str
    l1: str
    l2: str
    problem: str

    def as_json(self) -> dict[str, str]:
        return {"l1": self.l1, "l2": self.l2, "problem": self.problem}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One of the likeliest categories with its calibrated probability, 0..1."""

    category: Category
    probability: float


@dataclass(frozen=True, slots=True)
class Place:
    """A place found in the words. `text` is what was said, `name` the gazetteer's, `kind` area, road, community …

    `number` is the house number in figures (128号, 3栋2单元501), `relation` where from there (对面), `crossing`
    the id of the other road of a crossing. `candidates` are the ids of all places of that name where it is not known
    which one was meant; then `id` is only the first of them.
    """

    id: str
    name: str
    kind: str
    text: str
    score: float
    number: str = ""
    relation: str = ""
    crossing: str = ""
    candidates: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.name, "kind": self.kind, "text": self.text, "score": round(self.score, 3)}


@dataclass(frozen=True, slots=True)
class PlaceOption:
    """One of several places of a name; `within` names the street or town around it, `within_id` is its prompt's."""

    place: Place
    within_id: str
    within: str


@dataclass(frozen=True, slots=True)
class PlaceQuestion:
    """To be asked of the caller: which of the places called `name` is meant."""

    name: str
    options: tuple[PlaceOption, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """The whole answer. `category` is None when the classifier abstains; `candidates` still holds the likeliest three.

    `level` is the response level 1 (2 h) to 4 (15 d); `unit` the responsible unit's name, `unit_id` its id;
    `assignment` has who else is dispatched and by when; `place_question` is set where a place must be asked back.
    """

    text: str
    emergency: Emergency
    kind: RequestKind
    category: Category | None
    candidates: tuple[Candidate, ...]
    confidence: float
    unit: str
    unit_id: str
    places: tuple[Place, ...]
    needs_place: bool
    level: int
    reasons: tuple[str, ...] = field(default=())
    place_question: PlaceQuestion | None = None
    assignment: Assignment | None = None

    def as_json(self, id_: str | None = None) -> dict[str, Any]:
        """The documented line of `hotline route`. An abstention has null in every field of `category`."""
        category = self.category.as_json() if self.category else {"l1": None, "l2": None, "problem": None}
        return {
            "id": id_,
            "text": self.text,
            "emergency": self.emergency.as_json(),
            "kind": self.kind.value,
            "category": category,
            "confidence": round(self.confidence, 4),
            "unit": self.unit,
            "places": [place.as_json() for place in self.places],
            "level": self.level,
            "reasons": list(self.reasons),
        }
