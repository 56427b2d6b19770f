"""Every error recognition raises on purpose. Each message says what was expected, what came and how to mend it."""

__all__ = ["AudioError", "ManifestError", "ModelError", "Overloaded", "SpeechError", "WireError"]


class SpeechError(Exception):
    """Base of all errors of this package; safe to show to a user."""


class ModelError(SpeechError):
    """A model is missing, damaged or not what the engine needs. The message carries the mend."""


class Overloaded(SpeechError):
    """No capacity for another stream, or no worker is ready: the call goes the keys-and-recording way."""


class AudioError(SpeechError):
    """A file cannot be read as audio."""


class ManifestError(SpeechError):
    """An evaluation manifest is missing, malformed or names files that do not exist."""


class WireError(SpeechError):
    """The peer on a worker pipe sent bytes outside the protocol."""
