"""Dialogue events as entries of the live-call board; silence and ends of prompts are not worth one."""

from typing import Any

from ivr.dialogue import events as ev


def as_note(event: ev.Event) -> tuple[str, dict[str, Any]] | None:
    """The entry's name and fields, or None."""
    match event:
        case ev.Started():
            return "answered", {}
        case ev.SpeechOnset():
            return "speech", {}
        case ev.SpeechOver():
            return "speech-over", {}
        case ev.PartialHeard():
            return "partial", {"text": event.text, "emergency": event.emergency.as_json()}
        case ev.UtteranceHeard():
            return "final", {
                "text": event.final.text,
                "changes": [[change.before, change.after] for change in event.changes],
                "alternatives": [each.text for each in event.final.alternatives[1:]],
                "confidence": event.final.confidence,
                "seconds": round(event.ended - event.started, 2),
                "ended_by": event.ended_by,
                "decision": event.decision.as_json() if event.decision else None,
            }
        case ev.Key(digit=digit):
            return "key", {"digit": digit}
        case ev.NothingSaid():
            return "nothing-said", {}
        case ev.RecognitionGone(reason=reason):
            return "recognition-gone", {"reason": reason}
        case ev.Resumed():
            return "audio-resumed", {}
        case ev.CallTooLong():
            return "call-too-long", {}
        case ev.HungUp():
            return "hung-up", {}
    return None
