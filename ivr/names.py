"""Names shared with the dialplan: channel variables, actions, contexts. A test holds them against `asterisk/conf`."""

from enum import StrEnum
from typing import Final

VAR_CALL: Final = "HOTLINE_CALL"
"""The call's id: the `UNIQUEID` of the caller's channel."""

VAR_DONE: Final = "HOTLINE_DONE"
"""`0` before the application is asked, `1` as its very last act. AGISTATUS is no proof of success: it says SUCCESS
when a FastAGI server dies in mid-script (Asterisk 22.10, `res_agi.c`)."""

VAR_ACTION: Final = "HOTLINE_ACTION"
VAR_TARGET: Final = "HOTLINE_TARGET"
VAR_TICKET: Final = "HOTLINE_TICKET"
VAR_NOTE: Final = "HOTLINE_NOTE"


class Action(StrEnum):
    """What the dialplan does when the application returns; each value has a context of its own."""

    GOODBYE = "goodbye"
    EMERGENCY = "emergency"
    AGENTS = "agents"
    ONESHOT = "oneshot"
    FALLBACK = "fallback"


CONTEXT_INCOMING: Final = "hotline-incoming"
CONTEXT_EMERGENCY: Final = "hotline-emergency"
CONTEXT_AGENTS: Final = "hotline-agents"
CONTEXT_ONESHOT: Final = "hotline-oneshot"
CONTEXT_GOODBYE: Final = "hotline-goodbye"
CONTEXT_FALLBACK: Final = "hotline-fallback"
