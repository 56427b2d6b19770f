"""How patient and how careful a dialogue is. One frozen value, filled from the settings."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DialogueRules:
    """Times in seconds; counts are how often something may happen before a person takes over."""

    no_input_seconds: float = 5.0
    answer_seconds: float = 6.0
    more_seconds: float = 5.0
    no_input_prompts: int = 2
    no_match_prompts: int = 2
    corrections: int = 3
    longest_story_seconds: float = 180.0
    silent_call_to_person: bool = True
    """F59: silence may be danger; when off, a silent caller leaves a recording instead."""
    special_line: bool = True
