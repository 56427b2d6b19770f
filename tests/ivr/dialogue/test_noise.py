"""What the dialogue makes of sound that nobody said."""

import pytest

from ivr.dialogue import actions as act
from ivr.dialogue import events as ev
from ivr.dialogue import phrases
from ivr.dialogue.steps import YES_NO
from ivr.names import Action as Handover
from tests.ivr.dialogue.conversation import Conversation, heard, leave_of, said, saves


@pytest.mark.fault("F61")
def test_music_and_crowds_bring_no_ticket_but_a_prompt_and_then_a_person() -> None:
    talk = Conversation()
    everything: list[act.Action] = []
    for _ in range(3):
        talk.dialogue.step(ev.SpeechOnset())
        everything += talk.dialogue.step(heard("", seconds=0.5))
    assert said(everything)[:1] == (phrases.NO_MATCH[0],)
    assert leave_of(everything) == act.Leave(Handover.AGENTS, "", "not-understood")
    assert saves(everything) == []
    # Two seconds of a voice that nobody understood would be kept: it may be a dialect.
    assert talk.dialogue.unsaved() is None


@pytest.mark.fault("F70")
def test_no_question_closes_the_vocabulary() -> None:
    """A caller who is asked whether that is right may cry for help, which an engine must be able to hear."""
    talk = Conversation()
    asked = [*talk.say("垃圾没人清理"), *talk.press("2")]
    biases = [each.bias for each in asked if isinstance(each, act.Listen) and each.bias is not None]
    assert biases
    assert not any(bias.closed for bias in biases)
    assert not YES_NO.closed
