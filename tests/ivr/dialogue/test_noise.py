"""What the dialogue makes of sound that nobody said."""

import pytest

from ivr.dialogue import actions as act
from ivr.dialogue import events as ev
from ivr.dialogue import phrases
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
