"""The phone's one clock: wall time that never steps.

Timelines are compared with those of other processes on the machine, so stamps must be `time.time()`; durations are
computed from them, so they must not jump when somebody sets the clock. Both hold when the wall clock is read once and
carried on by the monotonic one.
"""

import time
from collections.abc import Callable

Clock = Callable[[], float]
"""Seconds since the epoch; never goes backwards."""


def steady_wall_clock() -> Clock:
    offset = time.time() - time.monotonic()
    return lambda: offset + time.monotonic()
