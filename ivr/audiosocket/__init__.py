"""The media plane of a call: an AudioSocket server, its legs and the pacer they share."""

from ivr.audiosocket.leg import Audio, AudioLeg, Digit, EndReason, LegEvent, LegLimits, Playback, PlayResult
from ivr.audiosocket.pacer import PacerStats
from ivr.audiosocket.server import Announcement, AudioSocketLimits, AudioSocketServer

__all__ = [
    "Announcement",
    "Audio",
    "AudioLeg",
    "AudioSocketLimits",
    "AudioSocketServer",
    "Digit",
    "EndReason",
    "LegEvent",
    "LegLimits",
    "PacerStats",
    "PlayResult",
    "Playback",
]
