"""What a dialogue remembers, and the steps that several of its states take: keep, decide, confirm, save, hand over.

`ivr.dialogue.machine` says which event leads to which step. Every step gives the actions to carry out, in order.
"""

from dataclasses import replace
from enum import StrEnum
from typing import Final

from ivr.dialogue import actions as act
from ivr.dialogue import answers, phrases
from ivr.dialogue import events as ev
from ivr.dialogue.request import Completeness, Request, Spoken
from ivr.dialogue.rules import DialogueRules
from ivr.names import Action as Handover
from routing.decision import Candidate, Decision, Emergency, EmergencyLevel, PlaceOption, PlaceQuestion
from routing.knowledge import Answer
from speech.ports import Bias

Actions = tuple[act.Action, ...]
YES_NO: Final = Bias(grammar=("对", "不对", "是", "不是", "需要", "不需要", "没有", "人工"))


SHORTEST_MATTER: Final = 6
"""Characters, about one and a half seconds of speech, that an unfinished sentence must have to be worth a ticket."""


class State(StrEnum):
    NEW = "new"
    LISTEN = "listen"
    ANSWER = "answer"
    CLARIFY = "clarify"
    PLACE = "place"
    WHICH = "which-place"
    CONFIRM = "confirm"
    SAVE = "save"
    MORE = "more"
    EMERGENCY = "emergency"
    LEFT = "left"


class Steps:
    """A dialogue's memory and its shared steps; `Dialogue` adds the table."""

    def __init__(self, rules: DialogueRules, first_request: int = 1) -> None:
        self._rules = rules
        self.state = State.NEW
        self.request = Request(index=first_request)
        self.saved: list[str] = []
        self._no_inputs = 0
        self._no_matches = 0
        self._asked_other_words = False
        self._place_asked = False
        self._options: tuple[Candidate, ...] = ()
        self._which: PlaceQuestion | None = None
        self._danger_denied = False
        self._alerted = False
        self._last_said: tuple[act.Say, ...] = ()
        self._bias: Bias | None = None
        self._speaking = False
        self._saving = False
        self._telling = False
        """The ticket's number is being said: noise must not cost the caller the rest of it."""
        self._goodbye_next = False
        self._half_said = ""
        """The words so far of the utterance in progress."""
        self._cut_short: Decision | None = None
        """A story longer than one utterance may be; its decision so far."""

    def unsaved(self) -> Request | None:
        """What the caller stated and nobody has written down yet."""
        return self.request if self.request.stated and not self._saving else None

    @property
    def matter(self) -> str:
        """The words a decision is made of: all said for this request since a read-back was last refused."""
        return self.request.matter

    @property
    def place_question(self) -> PlaceQuestion | None:
        """Which of several places of one name is being asked now."""
        return self._which if self.state is State.WHICH else None

    def _keep(self, event: ev.UtteranceHeard) -> None:
        final = event.final
        others = tuple(other.text for other in final.alternatives[1:])
        spoken = Spoken(final.text, event.started, event.ended, final.confidence, others, event.changes)
        self.request = self.request.heard(spoken)
        if event.answer:
            self.request = self.request.endangered(event.answer.emergency)

    def _keep_half_said(self) -> None:
        """The call ends in the middle of a sentence: a matter begun is kept, a word of an answer is not (F51)."""
        half, self._half_said = self._half_said, ""
        tells = self.state in (State.LISTEN, State.PLACE) or (
            self.state is State.MORE and not answers.nothing_more(half)
        )
        if tells and len(half) >= SHORTEST_MATTER:
            self.request = self.request.heard(Spoken(half, 0.0, 0.0, None))

    def _decided(self, decision: Decision) -> Actions:
        self.request = self.request.decided(decision)
        self._cut_short = None
        self._no_inputs = self._no_matches = 0
        if decision.category:
            return self._after_category()
        if not self._asked_other_words:
            self._asked_other_words = True
            return self._ask(act.Say((phrases.NO_MATCH[-1],)))
        self._options = decision.candidates[:3]
        if not self._options:
            return self._leave(Handover.AGENTS, note="not-classified")
        names = Bias(terms=tuple(each.category.problem for each in self._options))
        return self._go(State.CLARIFY, act.Say(phrases.options(self._options)), bias=names)

    def _after_category(self) -> Actions:
        request = self.request
        wants_place = request.decision is not None and request.decision.needs_place
        if wants_place and not request.place and not self._place_asked:
            self._place_asked = True
            return self._go(State.PLACE, act.Say((phrases.ASK_PLACE,)))
        question = request.decision.place_question if request.decision else None
        if question is not None and not self._place_asked:
            self._place_asked = True
            self._which = question
            names = (name for each in question.options for name in (each.within, each.place.name) if name)
            bias = Bias(terms=tuple(dict.fromkeys(names)))
            return self._go(State.WHICH, act.Say(phrases.which_place(question)), bias=bias)
        return self._confirm()

    def _settled(self, option: PlaceOption) -> Actions:
        """The caller named one of several places: who deals with it is decided again with its town in the words."""
        self.request = replace(self.request, place=option.place)
        return (act.Decide(f"{self.request.matter}，{option.within}{option.place.name}"),)

    def _decided_again(self, decision: Decision) -> Actions:
        """The matter stays as it was understood; the unit follows the place."""
        if self.request.decision is not None:
            known = self.request.decision
            assigned = replace(known, unit=decision.unit, unit_id=decision.unit_id, assignment=decision.assignment)
            self.request = replace(self.request, decision=assigned)
        return self._confirm()

    def _tell(self, decision: Decision, told: Answer) -> Actions:
        """An enquiry that the knowledge base answers on the spot (IN-5)."""
        self.request = replace(self.request.decided(decision), told=told)
        return self._go(State.ANSWER, act.Say(phrases.answer(told)), bias=YES_NO)

    def _wants_a_ticket(self) -> Actions:
        """The answer was not enough: the enquiry goes its way to the unit."""
        self.request = replace(self.request, told=None)
        decision = self.request.decision
        return self._decided(decision) if decision else self._confirm()

    def _confirm(self) -> Actions:
        self._no_inputs = 0
        return self._go(State.CONFIRM, act.Say(phrases.read_back(self.request)), bias=YES_NO)

    def _refused(self) -> Actions:
        self.request = self.request.refused()
        if len(self.request.earlier_versions) >= self._rules.corrections:
            return self._leave(Handover.AGENTS, note="corrected-often")
        self._no_matches = 0
        self._place_asked = False
        return self._go(State.LISTEN, act.Say((phrases.CORRECT_WHAT,)))

    def _put_right(self, event: ev.UtteranceHeard) -> Actions:
        self.request = self.request.refused()
        if len(self.request.earlier_versions) >= self._rules.corrections:
            return self._leave(Handover.AGENTS, note="corrected-often")
        self._keep(event)
        if event.answer is None:
            return self._not_understood()
        return self._decided(event.answer)

    def _not_understood(self) -> Actions:
        self._no_matches += 1
        if self._no_matches > self._rules.no_match_prompts:
            return self._patience_spent("not-understood")
        return self._ask(act.Say((phrases.NO_MATCH[self._no_matches - 1],)))

    def _patience_spent(self, note: str) -> Actions:
        if self._rules.silent_call_to_person or self.request.stated:
            return self._leave(Handover.AGENTS, note=note)
        return self._leave(Handover.FALLBACK, note=note)

    def _save(self, note: str = "") -> Actions:
        self.state = State.SAVE
        self._saving = True
        completeness = Completeness.ANSWERED if self.request.told else Completeness.COMPLETE
        return (act.Save(self.request, completeness, note),)

    def _save_answered(self, event: ev.Saved | ev.SaveFailed) -> Actions:
        self._saving = False
        if isinstance(event, ev.SaveFailed):
            return () if self.state is State.LEFT else self._leave(Handover.AGENTS, note="cannot-save")
        told = self.request
        self.saved.append(event.number)
        self.request = Request(index=told.index + 1)
        self._asked_other_words = self._place_asked = self._danger_denied = self._alerted = False
        self._no_inputs = self._no_matches = 0
        if self.state is not State.SAVE:
            # Danger was told of while the request was being written down: it is not in that ticket.
            graver = told.emergency.level is EmergencyLevel.CERTAIN or self.state is State.EMERGENCY
            self.request = self.request.endangered(told.emergency) if graver else self.request
            return ()
        if told.told is not None:
            return self._go(State.MORE, act.Say((phrases.ANYTHING_ELSE,)))
        return self._go(
            State.MORE,
            act.Say(phrases.ticket_number(event.number), barge_in=False),
            act.Say((*phrases.promise(told), phrases.ANYTHING_ELSE)),
        )

    def _ask_danger(self, danger: Emergency, decision: Decision | None) -> Actions:
        self.request = replace(self.request.endangered(danger), decision=decision)
        alert = () if self._alerted else (act.Alert("possible-emergency"),)
        self._alerted = True
        return (*alert, *self._go(State.EMERGENCY, act.Say((phrases.EMERGENCY_QUESTION,)), bias=YES_NO))

    def _danger_over(self) -> Actions:
        """The caller says there is no danger: the request goes on from the words already said."""
        self._danger_denied = True
        self._no_matches = 0
        decision = self.request.decision
        if decision is None:
            return self._go(State.LISTEN, act.Say((phrases.CORRECT_WHAT,)))
        return self._decided(decision)

    def _bridge(self, danger: Emergency) -> Actions:
        self.request = self.request.endangered(danger)
        return (act.Alert("emergency"), *self._leave(Handover.EMERGENCY, danger.service or "110", danger.kind))

    def _leave(self, handover: Handover, target: str = "", note: str = "") -> Actions:
        if note != "asked-for-person":
            self._keep_half_said()
        self.state = State.LEFT
        return (act.Hush(), act.Leave(handover, target, note))

    def _go(self, state: State, *says: act.Say, bias: Bias | None = None) -> Actions:
        self.state = state
        return self._ask(*says, bias=bias)

    def _ask(self, *says: act.Say, bias: Bias | None = None) -> Actions:
        self._last_said = says
        self._bias = bias
        return (*says, act.Listen(bias))
