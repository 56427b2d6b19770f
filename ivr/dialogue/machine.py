"""The dialogue: one open question, and the way from the caller's words to a ticket number, to a person or to 110.

A pure state machine: `Dialogue.step` takes one event and gives the actions to carry out, in order. What holds in every
state (keys 9, 0, 8, `*`, `#`; certain danger; "人工"; hang-up) is looked at first, then the state's own row of the
table. Invariants: a key that answers a question can never call the police; silence and not being understood are counted
apart; after `Leave` nothing more is asked of the call; a request that was stated is either saved or still in
`unsaved()`.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from ivr.dialogue import actions as act
from ivr.dialogue import answers, phrases
from ivr.dialogue import events as ev
from ivr.dialogue.request import Spoken
from ivr.dialogue.steps import SHORTEST_MATTER, YES_NO, Actions, State, Steps
from ivr.names import Action as Handover
from routing.decision import Emergency, EmergencyLevel, RequestKind

_GRIEVANCES = (RequestKind.COMPLAINT, RequestKind.REPORT)
"""What nobody wants an answer from a knowledge base to."""


class Dialogue(Steps):
    """One caller's conversation. Give it events one at a time; carry out what it returns."""

    def step(self, event: ev.Event) -> Actions:
        """The answer to one event. Nothing happens any more once the caller was handed over or is gone."""
        actions = self._answer(event)
        if any(isinstance(action, act.Listen) for action in actions):
            # A new utterance is listened for, and one in progress given up: its end will not be heard.
            self._speaking, self._half_said = False, ""
        if any(isinstance(action, act.Say) and not action.barge_in for action in actions):
            self._telling, self._goodbye_next = True, False
        return actions

    def _answer(self, event: ev.Event) -> Actions:
        if isinstance(event, ev.Saved | ev.SaveFailed):
            return self._save_answered(event)
        if self.state is State.LEFT:
            return ()
        match event:
            case ev.Started():
                return self._go(State.LISTEN, act.Say((phrases.GREETING,)))
            case ev.HungUp():
                self._keep_half_said()
                self.state = State.LEFT
                return ()
            case ev.SpeechOnset():
                return self._onset()
            case ev.SpeechOver():
                return ()
            case ev.StillThinking():
                return (act.Say((phrases.PLEASE_WAIT,)),)
            case ev.PartialHeard():
                return self._partial(event)
            case ev.UtteranceHeard():
                self._speaking, self._half_said = False, ""
                return self._utterance(event)
            case ev.Key():
                return self._key(event.digit)
            case ev.NothingSaid():
                return self._nothing_said()
            case ev.SayingDone():
                return self._saying_done()
            case ev.Resumed():
                return (*self._last_said, act.Listen(self._bias))
            case ev.Decided(decision=decision):
                return self._decided_again(decision) if self.state is State.WHICH else ()
            case ev.RecognitionGone():
                return self._leave(Handover.FALLBACK, note="recognition-off")
            case ev.CallTooLong():
                return self._leave(Handover.AGENTS, note="call-too-long")

    # What holds everywhere.

    def _key(self, digit: str) -> Actions:
        match digit:
            case "9":
                return self._bridge(Emergency(EmergencyLevel.CERTAIN, "key", "110", "9", ("caller pressed 9",)))
            case "0":
                return self._leave(Handover.AGENTS, note="key-0")
            case "8" if self._rules.special_line:
                return self._leave(Handover.ONESHOT, "special", note="key-8")
            case "*":
                return (act.Hush(), *self._last_said, act.Listen(self._bias))
            case "#":
                return self._finished_key()
            case "1" | "2" | "3" | "4" | "5" | "6" | "7":
                return self._answer_key(int(digit))
        return ()

    def _finished_key(self) -> Actions:
        if self._speaking:
            return (act.FinishUtterance(),)
        if self.state is State.PLACE:
            return (act.Hush(), *self._confirm())
        return ()

    def _onset(self) -> Actions:
        self._speaking = True
        return (act.Hush(),) if all(say.barge_in for say in self._last_said) else ()

    def _partial(self, event: ev.PartialHeard) -> Actions:
        match event.emergency.level:
            case EmergencyLevel.CERTAIN:
                self._half_said = ""
                self.request = self.request.heard(Spoken(event.text, 0.0, 0.0, None))
                return self._bridge(event.emergency)
            case EmergencyLevel.POSSIBLE if not self._alerted:
                self._alerted = True
                return (act.Alert("possible-emergency"),)
        if answers.asks_for_person(event.text, whole=False):
            return self._leave(Handover.AGENTS, note="asked-for-person")
        self._half_said = event.text
        return ()

    def _utterance(self, event: ev.UtteranceHeard) -> Actions:
        text = event.final.text
        danger = event.answer.emergency if event.answer else Emergency()
        if danger.level is EmergencyLevel.CERTAIN:
            self._keep(event)
            return self._bridge(danger)
        if text and answers.asks_for_person(text, _others(event)):
            return self._leave(Handover.AGENTS, note="asked-for-person")
        if self.state is not State.EMERGENCY and danger.level is EmergencyLevel.POSSIBLE and not self._danger_denied:
            self._keep(event)
            return self._ask_danger(danger, event.decision)
        return self._BY_STATE[self.state](self, event)

    def _nothing_said(self) -> Actions:
        if self._speaking or self.state in (State.NEW, State.SAVE):
            return ()
        if self.state is State.MORE:
            return self._leave(Handover.GOODBYE)
        if self.state is State.ANSWER:
            # Who hears the answer and says nothing more has it.
            return self._save(self._known())
        if self.state is State.LISTEN and self._cut_short:
            return self._decided(self._cut_short)
        if self.state is State.EMERGENCY:
            # Somebody in danger may not be able to speak: a person takes the line.
            return self._leave(Handover.AGENTS, note="possible-emergency")
        self._no_inputs += 1
        if self._no_inputs > self._rules.no_input_prompts:
            return self._patience_spent("silent-call")
        if self.state in (State.PLACE, State.WHICH):
            return self._confirm()
        if self.state in (State.CONFIRM, State.CLARIFY) and self._no_inputs > 1:
            return self._save("unconfirmed") if self.state is State.CONFIRM else self._patience_spent("no-answer")
        if self.state in (State.CONFIRM, State.CLARIFY):
            return (*self._last_said, act.Listen(self._bias))
        return self._ask(act.Say((phrases.NO_INPUT[self._no_inputs - 1],)))

    def _saying_done(self) -> Actions:
        self._telling = False
        if self._goodbye_next and self.state is State.MORE:
            return self._leave(Handover.GOODBYE)
        if self._speaking or self.state in (State.NEW, State.SAVE):
            return ()
        seconds = {
            State.LISTEN: self._rules.no_input_seconds,
            State.MORE: self._rules.more_seconds,
        }.get(self.state, self._rules.answer_seconds)
        return (act.ExpectSpeech(seconds),)

    # The states' own rows.

    def _story(self, event: ev.UtteranceHeard) -> Actions:
        """LISTEN: the caller tells what is wrong."""
        self._keep(event)
        if event.ended_by == "limit" and self.request.seconds < self._rules.longest_story_seconds:
            self._cut_short = event.decision or self._cut_short
            return (act.Listen(self._bias), act.ExpectSpeech(self._rules.no_input_seconds))
        if not event.final.text or event.decision is None:
            return self._not_understood()
        if event.known is not None and event.known.published and event.decision.kind not in _GRIEVANCES:
            return self._tell(event.decision, event.known)
        return self._decided(event.decision)

    def _enough(self, event: ev.UtteranceHeard) -> Actions:
        """ANSWER: was that enough? Whoever says more than yes or no tells of something that needs a ticket."""
        text = event.final.text
        match answers.yes_or_no(text, _others(event)):
            case answers.Answer.YES:
                return self._save(self._known())
            case answers.Answer.NO:
                return self._wants_a_ticket()
        if event.decision is not None and len(text) >= SHORTEST_MATTER:
            self._keep(event)
            self.request = replace(self.request, told=None)
            return self._decided(event.decision)
        self._no_matches += 1
        if self._no_matches > self._rules.no_match_prompts:
            return self._wants_a_ticket()
        return (*self._last_said, act.Listen(self._bias))

    def _known(self) -> str:
        return f"knowledge:{self.request.told.id}" if self.request.told else ""

    def _which_place(self, event: ev.UtteranceHeard) -> Actions:
        """WHICH: one of several places of a name, by number or by town; what is unclear is not asked again."""
        question = self._which
        if question is None:
            return self._confirm()
        number = answers.option(event.final.text, len(question.options))
        if number is not None:
            return self._settled(question.options[number - 1])
        meant = next((each for each in question.options if each.place == event.settled), None)
        if meant is not None:
            return self._settled(meant)
        self._keep(event)
        return self._confirm()

    def _option(self, event: ev.UtteranceHeard) -> Actions:
        """CLARIFY: one of the options read out, or the matter in other words."""
        number = answers.option(event.final.text, len(self._options))
        if number is not None:
            return self._answer_key(number)
        if answers.yes_or_no(event.final.text, _others(event)) is answers.Answer.NO:
            return self._leave(Handover.AGENTS, note="no-option-fits")
        self._keep(event)
        if event.decision and event.decision.category:
            return self._decided(event.decision)
        return self._patience_spent("not-classified")

    def _place(self, event: ev.UtteranceHeard) -> Actions:
        """PLACE: where it is, in the gazetteer's words or the caller's own."""
        self._keep(event)
        places = event.answer.places if event.answer else ()
        self.request = replace(
            self.request, place=places[0] if places else None, place_words=event.final.text or self.request.place_words
        )
        return self._confirm()

    def _confirmation(self, event: ev.UtteranceHeard) -> Actions:
        """CONFIRM: yes, no, or the matter put right in the same breath."""
        text = event.final.text
        match answers.yes_or_no(text, _others(event)):
            case answers.Answer.YES:
                return self._save()
            case answers.Answer.NO:
                return self._refused()
        if answers.correction(text) or (event.answer and event.answer.category and len(text) > 6):
            return self._put_right(event)
        self._no_matches += 1
        if self._no_matches > self._rules.no_match_prompts:
            return self._save("unconfirmed")
        return (*self._last_said, act.Listen(self._bias))

    def _more(self, event: ev.UtteranceHeard) -> Actions:
        """MORE: nothing more, or the next request (a ticket of its own, F65)."""
        text = event.final.text
        if not text or answers.nothing_more(text):
            if not self._telling:
                return self._leave(Handover.GOODBYE)
            self._goodbye_next = self._goodbye_next or bool(text)
            return (act.Listen(self._bias),)
        if answers.yes_or_no(text, _others(event)) is answers.Answer.YES:
            return self._go(State.LISTEN, act.Say((phrases.GO_AHEAD,)))
        self.state = State.LISTEN
        return self._story(event)

    def _danger_answer(self, event: ev.UtteranceHeard) -> Actions:
        """EMERGENCY: is there danger now? Only a clear no goes on; anything unclear goes to a person."""
        match answers.yes_or_no(event.final.text, _others(event)):
            case answers.Answer.YES:
                return self._bridge(replace(self.request.emergency, level=EmergencyLevel.CERTAIN))
            case answers.Answer.NO:
                return self._danger_over()
        self._keep(event)
        self._no_matches += 1
        if self._no_matches > 1:
            return self._leave(Handover.AGENTS, note="possible-emergency")
        return self._ask(act.Say((phrases.EMERGENCY_QUESTION,)), bias=YES_NO)

    def _ignore(self, event: ev.UtteranceHeard) -> Actions:
        self._keep(event)
        return ()

    _BY_STATE: ClassVar[dict[State, Callable[["Dialogue", ev.UtteranceHeard], Actions]]] = {
        State.NEW: _ignore,
        State.LISTEN: _story,
        State.CLARIFY: _option,
        State.PLACE: _place,
        State.ANSWER: _enough,
        State.WHICH: _which_place,
        State.CONFIRM: _confirmation,
        State.SAVE: _ignore,
        State.MORE: _more,
        State.EMERGENCY: _danger_answer,
    }

    def _answer_key(self, number: int) -> Actions:
        match self.state, number:
            case State.EMERGENCY, 1:
                return (act.Hush(), *self._bridge(replace(self.request.emergency, level=EmergencyLevel.CERTAIN)))
            case State.EMERGENCY, 2:
                return (act.Hush(), *self._danger_over())
            case State.CONFIRM, 1:
                return (act.Hush(), *self._save())
            case State.CONFIRM, 2:
                return (act.Hush(), *self._refused())
            case State.MORE, 1:
                return (act.Hush(), *self._go(State.LISTEN, act.Say((phrases.GO_AHEAD,))))
            case State.MORE, 2:
                return (act.Hush(), *self._leave(Handover.GOODBYE))
            case State.ANSWER, 1:
                return (act.Hush(), *self._save(self._known()))
            case State.ANSWER, 2:
                return (act.Hush(), *self._wants_a_ticket())
            case State.WHICH, chosen if self._which is not None and chosen <= len(self._which.options):
                return (act.Hush(), *self._settled(self._which.options[chosen - 1]))
            case State.CLARIFY, 4:
                return self._leave(Handover.AGENTS, note="no-option-fits")
            case State.CLARIFY, chosen if chosen <= len(self._options):
                self.request = replace(self.request, category=self._options[chosen - 1].category)
                return (act.Hush(), *self._after_category())
        return ()


def _others(event: ev.UtteranceHeard) -> tuple[str, ...]:
    """The utterance's other readings."""
    return tuple(other.text for other in event.final.alternatives[1:])
