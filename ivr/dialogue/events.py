"""What can happen to a dialogue. Everything outside is already turned into values: recognised, classified, timed."""

from dataclasses import dataclass

from routing.decision import Decision, Emergency, Place
from routing.knowledge import Answer
from speech.ports import Final
from speech.text.correction import Change


@dataclass(frozen=True, slots=True)
class Started:
    """The caller is on the line and can be heard and spoken to."""


@dataclass(frozen=True, slots=True)
class SayingDone:
    """Everything queued by `Say` has been played to its end (not sent when it was cut by `Hush`)."""


@dataclass(frozen=True, slots=True)
class SpeechOnset:
    """The caller has begun to speak."""


@dataclass(frozen=True, slots=True)
class SpeechOver:
    """The caller has stopped speaking; what they said is being worked out."""


@dataclass(frozen=True, slots=True)
class StillThinking:
    """What they said is still being worked out: longer than a caller should sit in silence."""


@dataclass(frozen=True, slots=True)
class PartialHeard:
    """Words so far, with what the emergency detector says of them."""

    text: str
    emergency: Emergency


@dataclass(frozen=True, slots=True)
class UtteranceHeard:
    """A finished utterance. `decision` is about everything said for the present request, this utterance included;
    `answer` is about this utterance alone (its places, its emergency). Both are None when nothing was understood.

    `started` and `ended` are seconds since the call's audio began; `ended_by` is `pause`, `key` or `limit`.
    """

    final: Final
    decision: Decision | None
    answer: Decision | None
    started: float
    ended: float
    ended_by: str = "pause"
    changes: tuple[Change, ...] = ()
    """What was put right in the best reading; the next reading is then what was heard."""
    known: Answer | None = None
    """What the knowledge base says to it."""
    settled: Place | None = None
    """Which of several places of one name it means, when that was asked."""


@dataclass(frozen=True, slots=True)
class NothingSaid:
    """The time to begin speaking has run out."""


@dataclass(frozen=True, slots=True)
class Key:
    digit: str


@dataclass(frozen=True, slots=True)
class RecognitionGone:
    """Recognition is not to be had for the rest of this call."""

    reason: str


@dataclass(frozen=True, slots=True)
class Decided:
    """What was asked for by `Decide`."""

    decision: Decision


@dataclass(frozen=True, slots=True)
class Saved:
    """The request is safe on disk under this ticket number."""

    number: str


@dataclass(frozen=True, slots=True)
class SaveFailed:
    """The request could not be written down (disk full, numbers used up)."""

    reason: str


@dataclass(frozen=True, slots=True)
class Resumed:
    """The audio path broke and is back: what was being said is lost and should be said again."""


@dataclass(frozen=True, slots=True)
class CallTooLong:
    """The call has used up its time."""


@dataclass(frozen=True, slots=True)
class HungUp:
    """The caller is gone."""


Event = (
    Started
    | SayingDone
    | SpeechOnset
    | SpeechOver
    | StillThinking
    | PartialHeard
    | UtteranceHeard
    | NothingSaid
    | Key
    | RecognitionGone
    | Decided
    | Saved
    | SaveFailed
    | Resumed
    | CallTooLong
    | HungUp
)
