"""`hotline call`: a caller made of a telephone, a voice and a plan, and the timeline of what happened to them."""

from hotline.calling.caller import CallPlan, place_call
from hotline.calling.timeline import Timeline

__all__ = ["CallPlan", "Timeline", "place_call"]
