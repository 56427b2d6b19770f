"""What the caller says, as dialogue events: partials go to the emergency detector at once, utterances to the router."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Protocol

from ivr.dialogue import events as ev
from routing.decision import Decision, Emergency
from speech.listener import Hearing, Listener, NoSpeech, RecognitionLost, SpeechEnded, SpeechStarted, Utterance
from speech.ports import Final
from speech.text.correction import Change, Corrector


class Routing(Protocol):
    """Text to decision; `routing.router.Router` in production. Pure and safe to call from any thread."""

    def decide(self, text: str, alternatives: Sequence[str] = ()) -> Decision: ...

    def emergency(self, text: str, alternatives: Sequence[str] = ()) -> Emergency: ...


async def dialogue_events(
    listener: Listener, routing: Routing, corrector: Corrector, matter: Callable[[], str]
) -> AsyncIterator[ev.Event]:
    """Translate one caller's listener. `matter` gives the words already said for the present request.

    An utterance is corrected towards the hotline's own words; what was heard stays among its readings. A partial costs
    the detector well under a millisecond and is judged in place; a decision may cost several and is made in a thread,
    so that twenty callers ending their sentence together delay nobody's audio.
    """
    async for heard in listener.events():
        match heard:
            case SpeechStarted():
                yield ev.SpeechOnset()
            case Hearing(text=text):
                yield ev.PartialHeard(text, routing.emergency(text))
            case SpeechEnded():
                yield ev.SpeechOver()
            case Utterance():
                yield await _understood(heard, routing, corrector, matter())
            case NoSpeech():
                yield ev.NothingSaid()
            case RecognitionLost(reason=reason):
                yield ev.RecognitionGone(reason)


async def _understood(heard: Utterance, routing: Routing, corrector: Corrector, said_before: str) -> ev.UtteranceHeard:
    final, changes = await asyncio.to_thread(_corrected, heard.final, corrector)
    others = tuple(other.text for other in final.alternatives[1:])
    answer = decision = None
    if final.text:
        answer = decision = await asyncio.to_thread(routing.decide, final.text, others)
        if said_before:
            decision = await asyncio.to_thread(routing.decide, f"{said_before}，{final.text}")
    return ev.UtteranceHeard(final, decision, answer, heard.started, heard.ended, heard.ended_by, changes)


def _corrected(final: Final, corrector: Corrector) -> tuple[Final, tuple[Change, ...]]:
    """The result with its best reading corrected, which then comes before the reading that was heard."""
    corrected = corrector.correct([each.text for each in final.alternatives])
    if not corrected.changes:
        return final, ()
    best = final.alternatives[0]
    others = [each for each in final.alternatives if each.text != corrected.text]
    return replace(final, alternatives=(replace(best, text=corrected.text), *others)), corrected.changes
