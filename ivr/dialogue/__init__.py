"""What is said to a caller and what is made of the answers: a pure state machine, its events and its actions."""

from ivr.dialogue.actions import Action
from ivr.dialogue.events import Event
from ivr.dialogue.machine import Dialogue
from ivr.dialogue.request import Completeness, Request, Spoken
from ivr.dialogue.rules import DialogueRules
from ivr.dialogue.steps import State

__all__ = ["Action", "Completeness", "Dialogue", "DialogueRules", "Event", "Request", "Spoken", "State"]
