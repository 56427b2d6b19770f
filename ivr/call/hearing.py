"""What the caller says, as dialogue events: partials go to the emergency detector at once, utterances to the router."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Protocol

from ivr.dialogue import events as ev
from routing.decision import Decision, Emergency, Place, PlaceQuestion
from routing.knowledge import Answer
from speech.listener import Hearing, Listener, NoSpeech, RecognitionLost, SpeechEnded, SpeechStarted, Utterance
from speech.ports import Final
from speech.text.correction import Change, Corrector


class Routing(Protocol):
    """Text to decision; `routing.router.Router` in production. Pure and safe to call from any thread."""

    def decide(
        self, text: str, alternatives: Sequence[str] = (), *, heard: str = "", at: datetime | None = None
    ) -> Decision: ...

    def emergency(self, text: str, alternatives: Sequence[str] = ()) -> Emergency: ...

    def settle_place(self, question: PlaceQuestion, answer: str) -> Place | None: ...


class Knowledge(Protocol):
    """Answers to common questions; `routing.knowledge.KnowledgeBase` in production."""

    def answer(self, text: str, today: date, areas: Collection[str] = ()) -> Answer | None: ...


class Known(Protocol):
    """What the dialogue knows already when an utterance ends."""

    @property
    def matter(self) -> str:
        """The words already said for the present request."""

    @property
    def place_question(self) -> PlaceQuestion | None:
        """Which of several places of one name was just asked."""


@dataclass(frozen=True, slots=True)
class Understanding:
    """What makes sense of words."""

    routing: Routing
    corrector: Corrector
    knowledge: Knowledge
    now: Callable[[], datetime]
    """The time where the hotline is, aware: office hours and the last day of an answer go by it."""

    def decide(self, text: str, *, heard: str = "") -> Decision:
        return self.routing.decide(text, heard=heard, at=self.now())


async def dialogue_events(listener: Listener, mind: Understanding, known: Known) -> AsyncIterator[ev.Event]:
    """Translate one caller's listener.

    An utterance is corrected towards the hotline's own words; what was heard stays among its readings. A partial costs
    the detector well under a millisecond and is judged in place; a decision may cost several and is made in a thread,
    so that twenty callers ending their sentence together delay nobody's audio.
    """
    async for heard in listener.events():
        match heard:
            case SpeechStarted():
                yield ev.SpeechOnset()
            case Hearing(text=text):
                yield ev.PartialHeard(text, mind.routing.emergency(text))
            case SpeechEnded():
                yield ev.SpeechOver()
            case Utterance():
                yield await asyncio.to_thread(_understood, heard, mind, known.matter, known.place_question)
            case NoSpeech():
                yield ev.NothingSaid()
            case RecognitionLost(reason=reason):
                yield ev.RecognitionGone(reason)


def _understood(
    heard: Utterance, mind: Understanding, before: str, question: PlaceQuestion | None
) -> ev.UtteranceHeard:
    final, changes = corrected(heard.final, mind.corrector)
    others = tuple(other.text for other in final.alternatives[1:])
    if not final.text:
        return ev.UtteranceHeard(final, None, None, heard.started, heard.ended, heard.ended_by)
    now = mind.now()
    answer = mind.routing.decide(final.text, others, heard=heard.final.text, at=now)
    return ev.UtteranceHeard(
        final,
        mind.routing.decide(f"{before}，{final.text}", at=now) if before else answer,
        answer,
        heard.started,
        heard.ended,
        heard.ended_by,
        changes,
        known=None if before else mind.knowledge.answer(final.text, now.date(), [each.id for each in answer.places]),
        settled=mind.routing.settle_place(question, final.text) if question else None,
    )


def corrected(final: Final, corrector: Corrector) -> tuple[Final, tuple[Change, ...]]:
    """The result with its best reading corrected, which then comes before the reading that was heard."""
    found = corrector.correct([each.text for each in final.alternatives])
    if not found.changes:
        return final, ()
    best = final.alternatives[0]
    others = [each for each in final.alternatives if each.text != found.text]
    return replace(final, alternatives=(replace(best, text=found.text), *others)), found.changes
