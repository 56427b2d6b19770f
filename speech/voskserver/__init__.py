"""Recognition on vosk-server, the existing websocket service around Vosk: how a city scales recognition beyond the
machine that answers the calls. The protocol is that service's own, unchanged.
"""

from speech.voskserver.recogniser import VoskServerRecogniser

__all__ = ["VoskServerRecogniser"]
