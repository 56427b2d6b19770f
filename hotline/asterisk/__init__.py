"""The Asterisk that the hotline runs: found or fetched, configured from `asterisk/conf`, started and stopped."""

from hotline.asterisk.process import AsteriskError, AsteriskProcess
from hotline.asterisk.render import Assets, Endpoints, Secrets, render
from hotline.asterisk.settings import AsteriskSettings
from hotline.asterisk.tree import AsteriskMissing, AsteriskProgram, fetch, locate

__all__ = [
    "Assets",
    "AsteriskError",
    "AsteriskMissing",
    "AsteriskProcess",
    "AsteriskProgram",
    "AsteriskSettings",
    "Endpoints",
    "Secrets",
    "fetch",
    "locate",
    "render",
]
