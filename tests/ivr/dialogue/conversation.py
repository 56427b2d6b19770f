"""A dialogue with words for what a caller does to it."""

from collections.abc import Iterable
from typing import Any

from ivr.dialogue import Dialogue, DialogueRules, State
from ivr.dialogue import actions as act
from ivr.dialogue import events as ev
from ivr.dialogue.steps import Actions
from routing.decision import Category, Decision, Emergency, Place, RequestKind
from routing.knowledge import Answer
from speech.ports import Alternative, Final
from tests.fakes.routing import GARBAGE, NO_DANGER, POSSIBLE, WATER_BILL, WHICH_ROAD, a_decision


def heard(
    text: str,
    decision: Decision | None = None,
    answer: Decision | None = None,
    seconds: float = 1.5,
    ended_by: str = "pause",
    known: Answer | None = None,
    settled: Place | None = None,
) -> ev.UtteranceHeard:
    """An utterance. The answer is the decision unless it is given."""
    final = Final((Alternative(text, 0.9), Alternative(text + "。", 0.8)) if text else (), 0.0, seconds, 0.9)
    return ev.UtteranceHeard(
        final, decision, answer or decision, 2.0, 2.0 + seconds, ended_by, known=known, settled=settled
    )


def leave_of(actions: Iterable[act.Action]) -> act.Leave | None:
    return next((each for each in actions if isinstance(each, act.Leave)), None)


def said(actions: Iterable[act.Action]) -> tuple[str, ...]:
    """Every prompt in these actions."""
    return tuple(prompt for each in actions if isinstance(each, act.Say) for prompt in each.prompts)


def saves(actions: Iterable[act.Action]) -> list[act.Save]:
    return [each for each in actions if isinstance(each, act.Save)]


class Conversation:
    """Each method is one act of the caller or of the call; it answers the actions."""

    def __init__(self, **rules: Any) -> None:
        self.dialogue = Dialogue(DialogueRules(**rules))
        self.dialogue.step(ev.Started())

    @property
    def state(self) -> State:
        return self.dialogue.state

    def say(self, text: str, category: Category | None = GARBAGE, **changes: Any) -> Actions:
        """Speak, with a decision on all that was said so far; `emergency` and `places` are of this utterance too."""
        self.dialogue.step(ev.SpeechOnset())
        return self.dialogue.step(heard(text, a_decision(category, text=text, **changes)))

    def ask(self, text: str, known: Answer | None = WATER_BILL, **changes: Any) -> Actions:
        """Ask something that the knowledge base may know."""
        self.dialogue.step(ev.SpeechOnset())
        decision = a_decision(text=text, **{"kind": RequestKind.ENQUIRY, **changes})
        return self.dialogue.step(heard(text, decision, known=known))

    def mumble(self, text: str = "") -> Actions:
        """Speak, and nobody understands."""
        self.dialogue.step(ev.SpeechOnset())
        return self.dialogue.step(heard(text))

    def partial(self, text: str, emergency: Emergency = NO_DANGER) -> Actions:
        return self.dialogue.step(ev.PartialHeard(text, emergency))

    def press(self, key: str) -> Actions:
        return self.dialogue.step(ev.Key(key))

    def silence(self) -> Actions:
        return self.dialogue.step(ev.NothingSaid())

    def saved(self, number: str) -> Actions:
        return self.dialogue.step(ev.Saved(number))


def in_state(state: State) -> Conversation:
    """A conversation that came to a state by the shortest way."""
    talk = Conversation()
    match state:
        case State.NEW:
            talk.dialogue = Dialogue(DialogueRules())
        case State.CLARIFY:
            talk.say("那个东西坏了", None)
            talk.say("就是坏了", None)
        case State.PLACE:
            talk.say("垃圾没人清理", needs_place=True)
        case State.WHICH:
            talk.say("新华路的垃圾没人清理", place_question=WHICH_ROAD)
        case State.ANSWER:
            talk.ask("水费怎么交")
        case State.CONFIRM:
            talk.say("垃圾没人清理")
        case State.SAVE:
            talk.say("垃圾没人清理")
            talk.press("1")
        case State.MORE:
            talk.say("垃圾没人清理")
            talk.press("1")
            talk.saved("261122010001")
        case State.EMERGENCY:
            talk.say("楼下好像在打架", emergency=POSSIBLE)
        case State.LEFT:
            talk.press("0")
    assert talk.state is state
    return talk
