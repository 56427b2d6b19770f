"""Behind `hotline run`: child processes that are started in order, watched, restarted, and ended together."""

from hotline.supervisor.part import Check, Part, PartState
from hotline.supervisor.supervisor import Supervisor, SupervisorTimes

__all__ = ["Check", "Part", "PartState", "Supervisor", "SupervisorTimes"]
