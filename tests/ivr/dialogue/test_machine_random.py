"""The dialogue under random callers: what holds after every step, whatever happens in whatever order."""

from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ivr.dialogue import Dialogue, DialogueRules, State
from ivr.dialogue import actions as act
from ivr.dialogue import events as ev
from ivr.dialogue.steps import Actions
from ivr.names import Action as Handover
from tests.fakes.routing import CERTAIN, GARBAGE, LAMP, NO_DANGER, POSSIBLE, ROAD, a_decision
from tests.ivr.dialogue.conversation import heard

WORDS = st.sampled_from(
    [
        *(
            "",
            "嗯",
            "对",
            "不对",
            "不是，是路灯不亮",
            "没有了",
            "有",
            "第二个",
            "人工",
            "转人工",
            "垃圾没人清理",
            "在解放路",
        ),
        *("楼下在打架", "有人抢劫", "谢谢再见", "不知道啊不知道啊不知道", "我要投诉人工湖"),
    ]
)
DANGERS = st.sampled_from([NO_DANGER, NO_DANGER, NO_DANGER, POSSIBLE, CERTAIN])
DECISIONS = st.none() | st.builds(
    a_decision,
    st.sampled_from([None, GARBAGE, LAMP]),
    emergency=DANGERS,
    needs_place=st.booleans(),
    places=st.sampled_from([(), (ROAD,)]),
    candidates=st.sampled_from([(), a_decision().candidates, a_decision().candidates[:2]]),
)


class RandomCaller(RuleBasedStateMachine):
    """A dialogue with a call around it that keeps to its side of the contract: a `Save` is answered once."""

    def __init__(self) -> None:
        super().__init__()
        self.dialogue = Dialogue(DialogueRules())
        self.waiting: list[act.Save] = []
        self.saved: list[int] = []
        self.left = False

    def step(self, event: ev.Event) -> Actions:
        over = self.left
        answers_a_save = isinstance(event, ev.Saved | ev.SaveFailed)
        actions = self.dialogue.step(event)
        assert not (over and actions), "after the hand-over nothing more is asked of the call"
        leaves = [each for each in actions if isinstance(each, act.Leave)]
        assert len(leaves) <= 1
        assert not leaves or actions[-1] is leaves[0], "a hand-over is the last action"
        for each in actions:
            if isinstance(each, act.Save):
                assert not self.waiting, "one save at a time"
                assert each.request.stated or answers_a_save
                self.waiting.append(each)
        self.left = self.left or bool(leaves) or isinstance(event, ev.HungUp)
        return actions

    @rule()
    def starts(self) -> None:
        if self.dialogue.state is State.NEW:
            self.step(ev.Started())

    @rule(event=st.sampled_from([ev.SayingDone(), ev.SpeechOnset(), ev.SpeechOver(), ev.StillThinking()]))
    def goes_on(self, event: ev.Event) -> None:
        self.step(event)

    @rule(event=st.sampled_from([ev.NothingSaid(), ev.Resumed()]))
    def is_silent(self, event: ev.Event) -> None:
        self.step(event)

    @rule(text=WORDS, danger=DANGERS)
    def begins_to_say(self, text: str, danger: Any) -> None:
        actions = self.step(ev.PartialHeard(text, danger))
        if danger is CERTAIN and actions:
            assert isinstance(actions[-1], act.Leave)
            assert actions[-1].handover is Handover.EMERGENCY

    @rule(
        text=WORDS,
        decision=DECISIONS,
        seconds=st.sampled_from([0.3, 2.5, 60.0]),
        ended_by=st.sampled_from(["pause", "key", "limit"]),
    )
    def says(self, text: str, decision: Any, seconds: float, ended_by: str) -> None:
        self.step(heard(text, decision if text else None, seconds=seconds, ended_by=ended_by))

    @rule(key=st.sampled_from("12345678*#12"))
    def presses(self, key: str) -> None:
        asked_about_danger = self.dialogue.state is State.EMERGENCY
        actions = self.step(ev.Key(key))
        bridged = any(isinstance(each, act.Leave) and each.handover is Handover.EMERGENCY for each in actions)
        assert not bridged or (asked_about_danger and key == "1")

    @precondition(lambda self: self.dialogue.state is not State.LEFT)
    @rule()
    def presses_9(self) -> None:
        actions = self.step(ev.Key("9"))
        assert actions[-1] == act.Leave(Handover.EMERGENCY, "110", "key")

    @precondition(lambda self: self.waiting)
    @rule(safe=st.booleans())
    def save_is_answered(self, safe: bool) -> None:
        save = self.waiting.pop()
        if safe:
            self.saved.append(save.request.index)
            self.step(ev.Saved(f"26112201{save.request.index:04d}"))
        else:
            self.step(ev.SaveFailed("disk full"))

    @rule()
    def hangs_up(self) -> None:
        self.step(ev.HungUp())

    @invariant()
    def a_request_is_saved_or_unsaved_and_never_both(self) -> None:
        unsaved = self.dialogue.unsaved()
        indexes = [*self.saved, *(save.request.index for save in self.waiting)]
        assert len(set(indexes)) == len(indexes)
        if unsaved is not None:
            assert unsaved.index not in indexes

    @invariant()
    def what_was_stated_is_never_lost(self) -> None:
        request = self.dialogue.request
        if request.stated and not self.waiting:
            assert self.dialogue.unsaved() is request

    @invariant()
    def left_means_left(self) -> None:
        assert (self.dialogue.state is State.LEFT) == self.left


TestRandomCaller = RandomCaller.TestCase
TestRandomCaller.settings = settings(
    max_examples=80, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
