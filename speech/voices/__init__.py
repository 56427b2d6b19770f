"""Voices: text to audio, for prompts and for test callers. Never in a live call, where every piece is pre-rendered.

`load` gives a voice by name; `speak_8k` gives telephone audio of a text. Kokoro needs the `voices` extra and the
model `kokoro`, espeak-ng needs its program; importing this package needs neither.
"""

from speech.voices.audio import TELEPHONE_RATE, speak_8k
from speech.voices.loading import KOKORO_VOICES, PROMPT_SPEED, PROMPT_VOICE, VOICE_NAMES, load, prompt_voice
from speech.voices.ports import Voice, VoiceError
from speech.voices.spoken import spoken_form

__all__ = [
    "KOKORO_VOICES",
    "PROMPT_SPEED",
    "PROMPT_VOICE",
    "TELEPHONE_RATE",
    "VOICE_NAMES",
    "Voice",
    "VoiceError",
    "load",
    "prompt_voice",
    "speak_8k",
    "spoken_form",
]
