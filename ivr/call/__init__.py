"""One call from its FastAGI session to the hand-over: the tasks it owns and the order in which it ends."""

from ivr.call.call import Call, CallServices

__all__ = ["Call", "CallServices"]
