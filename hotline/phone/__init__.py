"""A small SIP telephone in asyncio, for `hotline call`, the stand-ins and the end-to-end tests."""

from hotline.phone.answering import Incoming
from hotline.phone.call import Call
from hotline.phone.errors import CallEnded, EndReason, NoReply, PhoneError, RegistrationRefused
from hotline.phone.media import Media
from hotline.phone.phone import Phone
from hotline.phone.recorder import Heard, Recorder, Silence, level_dbfs
from hotline.phone.transactions import Timers

__all__ = [
    "Call",
    "CallEnded",
    "EndReason",
    "Heard",
    "Incoming",
    "Media",
    "NoReply",
    "Phone",
    "PhoneError",
    "Recorder",
    "RegistrationRefused",
    "Silence",
    "Timers",
    "level_dbfs",
]
