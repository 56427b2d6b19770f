"""What the caller says, as dialogue events: partials go to the emergency detector at once, utterances to the router."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

from ivr.dialogue import events as ev
from routing.decision import Decision, Emergency
from speech.listener import Hearing, Listener, NoSpeech, RecognitionLost, SpeechEnded, SpeechStarted, Utterance


class Routing(Protocol):
    """Text to decision; `routing.router.Router` in production. Pure and safe to call from any thread."""

    def decide(self, text: str, alternatives: Sequence[str] = ()) -> Decision: ...

    def emergency(self, text: str, alternatives: Sequence[str] = ()) -> Emergency: ...


async def dialogue_events(listener: Listener, routing: Routing, matter: Callable[[], str]) -> AsyncIterator[ev.Event]:
    """Translate one caller's listener. `matter` gives the words already said for the present request.

    A partial costs the detector well under a millisecond and is judged in place; a decision may cost several and is
    made in a thread, so that twenty callers ending their sentence together delay nobody's audio.
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
                yield await _understood(heard, routing, matter())
            case NoSpeech():
                yield ev.NothingSaid()
            case RecognitionLost(reason=reason):
                yield ev.RecognitionGone(reason)


async def _understood(heard: Utterance, routing: Routing, said_before: str) -> ev.UtteranceHeard:
    final = heard.final
    others = tuple(other.text for other in final.alternatives[1:])
    answer = decision = None
    if final.text:
        answer = decision = await asyncio.to_thread(routing.decide, final.text, others)
        if said_before:
            decision = await asyncio.to_thread(routing.decide, f"{said_before}，{final.text}")
    return ev.UtteranceHeard(final, decision, answer, heard.started, heard.ended, heard.ended_by)
