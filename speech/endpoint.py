"""When an utterance begins and ends: a table of states and cues over audio time. Pure: no clock, no audio, no engine.

Each frame gives one cue; the table gives the next state and what to announce. How long a silence must last to be the
end is a second table, by the wording of the text so far: short when it sounds done, long when it asks for more, and
between them when it tells nothing or is older than the pause. A short utterance in answer to a closed question is
done as well, whatever the engine made of it so far. `limit` and the key end any utterance. Illegal pairs
cannot occur: every state answers every cue.
"""

import math
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Literal

from speech.turns import Wording

__all__ = ["Ended", "EndedBy", "Endpoint", "EndpointTimes", "NothingSaid", "Onset"]

EndedBy = Literal["pause", "key", "limit"]

_BRIEF: Final = 1.2
"""Seconds of speech up to which an answer to a closed question is a word or two, so that its pause is its end."""

_SLACK: Final = 0.15
"""Seconds of voice that a text may miss and still be the text of the pause: a detector lets go a little late."""


@dataclass(frozen=True, slots=True)
class EndpointTimes:
    """Seconds of audio; see `speech.settings.EndpointSettings` for what each trades."""

    onset: float
    pause: float
    pause_open: float
    limit: float
    pause_done: float | None = None

    def patience(self, wording: Wording) -> float:
        """The silence that ends an utterance whose text has this wording; done is never longer than plain."""
        match wording:
            case Wording.OPEN:
                return self.pause_open
            case Wording.PLAIN:
                return self.pause
            case Wording.DONE:
                return self.pause if self.pause_done is None else min(self.pause, self.pause_done)


@dataclass(frozen=True, slots=True)
class Onset:
    """Speech has begun; `started` is where the voice began, before it was certain."""

    started: float


@dataclass(frozen=True, slots=True)
class Ended:
    """The utterance is over; `ended` is where its last voice was."""

    ended: float
    by: EndedBy


@dataclass(frozen=True, slots=True)
class NothingSaid:
    """The time to answer ran out; `after` is the number of seconds that were allowed."""

    after: float


class _State(Enum):
    IDLE = auto()
    WAITING = auto()
    RISING = auto()
    SPEAKING = auto()
    PAUSED = auto()


class _Cue(Enum):
    VOICE = auto()
    VOICE_LONG = auto()
    QUIET = auto()
    QUIET_LONG = auto()
    TIME_UP = auto()
    LIMIT = auto()
    KEY = auto()


_Say = Literal["onset", "pause", "key", "limit", "nothing"]

_TABLE: Final[dict[tuple[_State, _Cue], tuple[_State, _Say | None]]] = {
    (_State.WAITING, _Cue.VOICE): (_State.RISING, None),
    (_State.WAITING, _Cue.VOICE_LONG): (_State.SPEAKING, "onset"),
    (_State.WAITING, _Cue.TIME_UP): (_State.IDLE, "nothing"),
    (_State.WAITING, _Cue.KEY): (_State.IDLE, "nothing"),
    (_State.RISING, _Cue.VOICE_LONG): (_State.SPEAKING, "onset"),
    (_State.RISING, _Cue.QUIET): (_State.WAITING, None),
    (_State.RISING, _Cue.QUIET_LONG): (_State.WAITING, None),
    (_State.RISING, _Cue.TIME_UP): (_State.WAITING, None),
    (_State.RISING, _Cue.KEY): (_State.IDLE, "nothing"),
    (_State.SPEAKING, _Cue.QUIET): (_State.PAUSED, None),
    (_State.SPEAKING, _Cue.LIMIT): (_State.IDLE, "limit"),
    (_State.SPEAKING, _Cue.KEY): (_State.IDLE, "key"),
    (_State.PAUSED, _Cue.VOICE): (_State.SPEAKING, None),
    (_State.PAUSED, _Cue.VOICE_LONG): (_State.SPEAKING, None),
    (_State.PAUSED, _Cue.QUIET_LONG): (_State.IDLE, "pause"),
    (_State.PAUSED, _Cue.LIMIT): (_State.IDLE, "limit"),
    (_State.PAUSED, _Cue.KEY): (_State.IDLE, "key"),
}
"""A pair that is not listed changes nothing."""


class Endpoint:
    """One caller's endpointer. `arm` for one utterance, then `frame` for each frame; it disarms itself at the end."""

    def __init__(self, times: EndpointTimes) -> None:
        self._times = times
        self._state = _State.IDLE
        self._answer_by: float | None = None
        self._allowed = 0.0
        self._voice_from: float | None = None
        self._speech_from = 0.0
        self._last_voice = 0.0
        self._wording, self._worded_at = Wording.PLAIN, 0.0
        self._closed = False

    @property
    def armed(self) -> bool:
        return self._state is not _State.IDLE

    @property
    def speaking(self) -> bool:
        """Between onset and end."""
        return self._state in (_State.SPEAKING, _State.PAUSED)

    def arm(self, *, closed: bool = False) -> None:
        """Begin to wait for one utterance; the no-speech time starts only with `expect`. `closed` when the question
        can be answered in a word.
        """
        self._closed = closed
        self._state, self._answer_by, self._voice_from = _State.WAITING, None, None
        self._wording, self._worded_at = Wording.PLAIN, 0.0

    def expect(self, at: float, seconds: float) -> None:
        """From `at` on the caller has `seconds` to begin."""
        self._answer_by, self._allowed = at + seconds, seconds

    def disarm(self) -> None:
        self._state = _State.IDLE

    def hear(self, wording: Wording, at: float | None = None) -> None:
        """How the words so far end, which decides how long a pause may be.

        `at` is the audio time those words cover, from an engine whose text lags behind: a pause that began later than
        `_SLACK` after it is judged as plain. None is for text that follows the voice by itself.
        """
        self._wording, self._worded_at = wording, math.inf if at is None else at

    def key(self, at: float) -> Onset | Ended | NothingSaid | None:
        """The caller pressed the finish key."""
        return self._apply(_Cue.KEY, at)

    def frame(self, voiced: bool, start: float, end: float) -> Onset | Ended | NothingSaid | None:
        """The frame from `start` to `end` seconds was voiced or not."""
        if self._state is _State.IDLE:
            return None
        if voiced:
            self._voice_from = start if self._voice_from is None else self._voice_from
            self._last_voice = end
        else:
            self._voice_from = None
        return self._apply(self._cue(voiced, end), end)

    def _cue(self, voiced: bool, now: float) -> _Cue:
        if self.speaking:
            if now - self._speech_from >= self._times.limit - 1e-6:
                return _Cue.LIMIT
            if not voiced and now - self._last_voice >= self._times.patience(self._heard) - 1e-6:
                # The first quiet frame must pass through PAUSED; a pause is at least ten frames, so it has.
                return _Cue.QUIET_LONG
            return _Cue.VOICE if voiced else _Cue.QUIET
        if self._voice_from is not None:
            return _Cue.VOICE_LONG if now - self._voice_from >= self._times.onset - 1e-6 else _Cue.VOICE
        if self._state is _State.WAITING and self._answer_by is not None and now >= self._answer_by - 1e-6:
            return _Cue.TIME_UP
        return _Cue.QUIET

    @property
    def _heard(self) -> Wording:
        """The wording of a text that covers all the voice there was; without one, what the question makes likely."""
        current = self._wording if self._worded_at >= self._last_voice - _SLACK else Wording.PLAIN
        brief = self._closed and self._last_voice - self._speech_from <= _BRIEF
        return Wording.DONE if brief and current is Wording.PLAIN else current

    def _apply(self, cue: _Cue, now: float) -> Onset | Ended | NothingSaid | None:
        self._state, say = _TABLE.get((self._state, cue), (self._state, None))
        match say:
            case None:
                return None
            case "onset":
                self._speech_from = self._voice_from if self._voice_from is not None else now
                return Onset(self._speech_from)
            case "nothing":
                return NothingSaid(self._allowed)
            case by:
                return Ended(self._last_voice, by)
