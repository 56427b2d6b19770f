"""The control plane of a call: a FastAGI server on a sans-IO codec."""

from ivr.agi.codec import CodecLimits, Environment
from ivr.agi.server import FastAgiLimits, FastAgiServer
from ivr.agi.session import AgiSession, SessionLimits

__all__ = ["AgiSession", "CodecLimits", "Environment", "FastAgiLimits", "FastAgiServer", "SessionLimits"]
