"""Prompt ids and the sequences they are said in. The catalogue holds their words; a test holds the two together."""

from typing import Final

from ivr.dialogue.request import Request
from routing.decision import Candidate, PlaceQuestion
from routing.knowledge import Answer

GREETING: Final = "greeting"
NO_INPUT: Final = ("no-input-1", "no-input-2")
NO_MATCH: Final = ("no-match-1", "no-match-2")
SILENT_CALL: Final = "silent-call"
CLARIFY: Final = "clarify"
OPTIONS: Final = ("option-1", "option-2", "option-3")
OPTION_NONE: Final = "option-none"
ASK_PLACE: Final = "ask-place"
ANSWER_ENOUGH: Final = "answer-enough"
WHICH_PLACE: Final = "which-place"
CONFIRM_CATEGORY: Final = "confirm-category"
CONFIRM_PLACE: Final = "confirm-place"
CONFIRM_PLACE_NOTED: Final = "confirm-place-noted"
CONFIRM_NO_PLACE: Final = "confirm-no-place"
CONFIRM: Final = "confirm"
CORRECT_WHAT: Final = "correct-what"
PLEASE_WAIT: Final = "please-wait"
GO_AHEAD: Final = "go-ahead"
TICKET_NUMBER: Final = "ticket-number"
TICKET_REPEAT: Final = "ticket-repeat"
UNIT_INTRO: Final = "unit-intro"
TICKET_PROMISE: Final = "ticket-promise"
ANYTHING_ELSE: Final = "anything-else"
EMERGENCY_QUESTION: Final = "emergency-question"
RECOGNITION_OFF: Final = "recognition-off"
NOT_NOW_FULL: Final = "not-now-full"

FIXED: Final = (
    *(GREETING, *NO_INPUT, *NO_MATCH, SILENT_CALL, CLARIFY, *OPTIONS, OPTION_NONE, ASK_PLACE, WHICH_PLACE),
    *(
        ANSWER_ENOUGH,
        CONFIRM_CATEGORY,
        CONFIRM_PLACE,
        CONFIRM_PLACE_NOTED,
        CONFIRM_NO_PLACE,
        CONFIRM,
        CORRECT_WHAT,
        GO_AHEAD,
        TICKET_NUMBER,
    ),
    *(TICKET_REPEAT, UNIT_INTRO, TICKET_PROMISE, ANYTHING_ELSE, EMERGENCY_QUESTION, RECOGNITION_OFF, NOT_NOW_FULL),
    PLEASE_WAIT,
    *(f"digit-{digit}" for digit in range(10)),
)
"""Every fixed prompt this dialogue can say."""

SPOKEN_DIGITS: Final = "零幺二三四五六七八九"
"""How digits are said over the telephone; 幺 because 一 and 七 are easily confused."""


def digit_pairs() -> tuple[tuple[str, str], ...]:
    """Prompt ids and words of all pairs of digits. Digits said in pairs are understood better than each by itself."""
    return tuple(
        (f"pair-{first}{second}", SPOKEN_DIGITS[first] + SPOKEN_DIGITS[second])
        for first in range(10)
        for second in range(10)
    )


def digits(number: str) -> tuple[str, ...]:
    """A number read out digit by digit, in pairs; the first digit alone when their count is odd."""
    odd = len(number) % 2
    pairs = tuple(f"pair-{number[at : at + 2]}" for at in range(odd, len(number), 2))
    return (f"digit-{number[0]}", *pairs) if odd else pairs


def read_back(request: Request) -> tuple[str, ...]:
    """What was understood, then the question whether it is right."""
    words: list[str] = []
    if request.category:
        words += [CONFIRM_CATEGORY, f"category/{request.category.id}"]
    if request.place:
        words += [CONFIRM_PLACE, f"place/{request.place.id}"]
    elif request.place_words:
        words.append(CONFIRM_PLACE_NOTED)
    elif request.decision and request.decision.needs_place:
        words.append(CONFIRM_NO_PLACE)
    return (*words, CONFIRM)


def options(candidates: tuple[Candidate, ...]) -> tuple[str, ...]:
    """The likeliest categories by name, each with its key."""
    words = [CLARIFY]
    for intro, candidate in zip(OPTIONS, candidates, strict=False):
        words += [intro, f"category/{candidate.category.id}"]
    return (*words, OPTION_NONE)


def which_place(question: PlaceQuestion) -> tuple[str, ...]:
    """The places of one name, each by the street or town around it, with its key."""
    words = [WHICH_PLACE]
    for intro, option in zip(OPTIONS, question.options, strict=False):
        words += [intro, f"place/{option.within_id or option.place.id}"]
    return tuple(words)


def answer(told: Answer) -> tuple[str, ...]:
    """What the knowledge base says, then whether that is enough."""
    return (told.prompt, ANSWER_ENOUGH)


def ticket_number(number: str) -> tuple[str, ...]:
    """The number twice: a caller has to find a pen."""
    return (TICKET_NUMBER, *digits(number), TICKET_REPEAT, *digits(number))


def promise(request: Request) -> tuple[str, ...]:
    """Who will deal with it, and that they will call."""
    unit = request.decision.unit_id if request.decision else ""
    return (UNIT_INTRO, f"unit/{unit}", TICKET_PROMISE) if unit else (TICKET_PROMISE,)
