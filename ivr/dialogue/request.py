"""One request (诉求) as it grows during a call: what was said, what was decided, what was corrected."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from routing.decision import Category, Decision, Emergency, EmergencyLevel, Place
from routing.knowledge import Answer
from speech.text.correction import Change


class Completeness(StrEnum):
    """How far a request came before it was written down."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete-callback"
    """未完成-待回拨: the caller was cut off after speaking and must be called back."""
    TRANSFERRED = "transferred"
    """The caller went on to a person; what was said before is kept for them."""
    SILENT = "silent"
    """静默来电: nobody spoke."""
    FALLBACK = "fallback"
    """Recorded while the application was not there, transcribed later."""
    EMERGENCY = "emergency"
    ANSWERED = "answered"
    """当场答复: the knowledge base answered and the caller wanted no more."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One utterance as it goes onto the ticket; times are seconds since the call's audio began."""

    text: str
    start: float
    end: float
    confidence: float | None
    alternatives: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """Everything known of one request. `index` counts from 1 within the call."""

    index: int = 1
    spoken: tuple[Spoken, ...] = ()
    decision: Decision | None = None
    category: Category | None = None
    place: Place | None = None
    place_words: str = ""
    emergency: Emergency = field(default_factory=Emergency)
    told: Answer | None = None
    """What the knowledge base answered."""
    earlier_versions: tuple[str, ...] = ()
    """Problem names that were read back and refused."""
    matter_from: int = 0
    """How many utterances belong to refused versions."""

    @property
    def text(self) -> str:
        """All that was said for this request, in order."""
        return "，".join(piece.text for piece in self.spoken if piece.text)

    @property
    def matter(self) -> str:
        """The words since a read-back was last refused: what a decision is made of."""
        return "，".join(piece.text for piece in self.spoken[self.matter_from :] if piece.text)

    @property
    def seconds(self) -> float:
        """How long the caller spoke."""
        return sum(piece.end - piece.start for piece in self.spoken)

    @property
    def stated(self) -> bool:
        """Whether there is anything to keep: words, or two seconds of a voice nobody understood."""
        return bool(self.text) or self.seconds >= 2.0 or self.emergency.level is not EmergencyLevel.NONE

    def heard(self, spoken: Spoken) -> "Request":
        return replace(self, spoken=(*self.spoken, spoken))

    def decided(self, decision: Decision) -> "Request":
        """Take over a decision; a place already known is not given up for nothing."""
        place = decision.places[0] if decision.places else self.place
        return replace(self, decision=decision, category=decision.category, place=place)

    def endangered(self, emergency: Emergency) -> "Request":
        """Keep the graver of the two."""
        return replace(self, emergency=self.emergency.graver(emergency))

    def refused(self) -> "Request":
        """The read-back was wrong: keep the refused version in mind and start the words again."""
        name = self.category.problem if self.category else ""
        return replace(
            self,
            matter_from=len(self.spoken),
            decision=None,
            category=None,
            place=None,
            place_words="",
            earlier_versions=(*self.earlier_versions, name),
        )
