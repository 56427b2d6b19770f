"""When an utterance begins and ends: a table of states and cues over audio time. Pure: no clock, no audio, no engine.

Each frame gives one cue; the table gives the next state and what to announce. A text that sounds unfinished (it ends
in 因为, 然后 …, or in half a telephone number) waits longer before a silence counts as the end. `limit` and the key end
any utterance. Illegal pairs cannot occur: every state answers every cue.
"""

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Literal

__all__ = ["Ended", "EndedBy", "Endpoint", "EndpointTimes", "NothingSaid", "Onset", "sounds_unfinished"]

EndedBy = Literal["pause", "key", "limit"]

_OPEN_ENDINGS: Final = (
    *("因为", "所以", "然后", "就是", "还有", "但是", "而且", "如果", "或者", "以及", "并且", "不过", "可是", "由于"),
    *(
        "虽然",
        "比如",
        "另外",
        "关于",
        "那么",
        "这个",
        "那个",
        "的话",
        "我想",
        "我要",
        "我们",
        "他们",
        "你们",
        "在",
        "的",
    ),
    *("和", "跟", "与", "从", "把", "被", "对于", "地址是", "电话是", "号码是", "位于", "靠近", "嗯", "呃"),
)
_DIGIT: Final = r"[0-9〇零一二三四五六七八九幺两]"
_HALF_MOBILE: Final = re.compile(rf"(?<!{_DIGIT})[1一幺][3-9三四五六七八九]{_DIGIT}{{0,8}}$")
_TRAILING: Final = re.compile(r"[\s，,、。．.…!！?？；;]+$")


def sounds_unfinished(text: str) -> bool:
    """Whether the words so far ask for more: a conjunction at the end, or the beginning of a mobile number."""
    text = _TRAILING.sub("", text)
    return text.endswith(tuple(_OPEN_ENDINGS)) or _HALF_MOBILE.search(text) is not None


@dataclass(frozen=True, slots=True)
class EndpointTimes:
    """Seconds of audio; see `speech.settings.EndpointSettings` for what each trades."""

    onset: float
    pause: float
    pause_open: float
    limit: float


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
        self._open = False

    @property
    def armed(self) -> bool:
        return self._state is not _State.IDLE

    @property
    def speaking(self) -> bool:
        """Between onset and end."""
        return self._state in (_State.SPEAKING, _State.PAUSED)

    def arm(self) -> None:
        """Begin to wait for one utterance; the no-speech time starts only with `expect`."""
        self._state, self._answer_by, self._voice_from, self._open = _State.WAITING, None, None, False

    def expect(self, at: float, seconds: float) -> None:
        """From `at` on the caller has `seconds` to begin."""
        self._answer_by, self._allowed = at + seconds, seconds

    def disarm(self) -> None:
        self._state = _State.IDLE

    def hear(self, text: str) -> None:
        """The words so far, which decide how long a pause may be."""
        self._open = sounds_unfinished(text)

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
            pause = self._times.pause_open if self._open else self._times.pause
            if not voiced and now - self._last_voice >= pause - 1e-6:
                # The first quiet frame must pass through PAUSED; `pause` is at least ten frames, so it has.
                return _Cue.QUIET_LONG
            return _Cue.VOICE if voiced else _Cue.QUIET
        if self._voice_from is not None:
            return _Cue.VOICE_LONG if now - self._voice_from >= self._times.onset - 1e-6 else _Cue.VOICE
        if self._state is _State.WAITING and self._answer_by is not None and now >= self._answer_by - 1e-6:
            return _Cue.TIME_UP
        return _Cue.QUIET

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
