"""Who handles a request and by when: the values that the dispatch policy answers with."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one response level. `sign`, `contact` and `answer` count from dispatch, `answer` in days only where
    `working_days` is set: then one day of it is one working day of the service's calendar."""

    sign: timedelta
    contact: timedelta
    answer: timedelta
    working_days: bool


@dataclass(frozen=True, slots=True)
class Window:
    """A service counter that can join a call: `number` is what is dialled, `unit` whose counter it is."""

    id: str
    name: str
    unit: str
    number: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """Units by id. `main` answers for the request to its end (首派负责) and is empty only while the matter is unknown;
    `joint` units are dispatched at the same time with clocks of their own (双派); `assisting` ones help the main one;
    `whistle` are those that a street in charge may call to report in (吹哨).

    `direct` says that it went straight to the street or town, `special` names the special list, `supervised` asks for
    supervision from the start, `window` is the counter for a three-way call now. Every choice has a line in `reasons`.
    """

    main: str
    joint: tuple[str, ...]
    assisting: tuple[str, ...]
    whistle: tuple[str, ...]
    direct: bool
    level: int
    limits: Limits
    special: str
    supervised: bool
    confidential: bool
    window: Window | None
    reasons: tuple[str, ...]
