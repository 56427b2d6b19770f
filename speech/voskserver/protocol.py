"""vosk-server's websocket protocol, client side, sans-IO (source: alphacep/vosk-server, websocket/asr_server.py).

A text message with a `config` object comes first and is not answered. Every binary message, PCM16 mono, is answered
by one JSON text; so is the end mark, which the server compares letter by letter, and after whose answer it closes.
"""

import json
from typing import Any, Final

from speech.ports import Bias

__all__ = ["END", "config"]

END: Final = '{"eof" : 1}'
"""Exactly these characters, spaces included."""


def config(rate: int, alternatives: int, bias: Bias | None) -> str:
    """The first message. A closed bias is sent as the server's `phrase_list`, which lets nothing else be heard."""
    wanted: dict[str, Any] = {"sample_rate": rate, "max_alternatives": alternatives, "words": False}
    if bias is not None and bias.closed and bias.grammar:
        wanted["phrase_list"] = list(bias.grammar)
    return json.dumps({"config": wanted}, ensure_ascii=False)
