"""Recognition engines. `choose` looks at the models folder, `build` gives the worker pool for live calls,
`load` the bare engine for files.
"""

from pathlib import Path

from speech.engines.choice import EngineChoice, choose, load
from speech.engines.port import Decoder, Engine, Reading
from speech.ports import Recogniser
from speech.settings import SpeechSettings

__all__ = ["Decoder", "Engine", "EngineChoice", "Reading", "build", "choose", "load"]


def build(
    choice: EngineChoice, settings: SpeechSettings, sample: Path | None = None, *, background: bool = False
) -> Recogniser:
    """The recogniser for live calls; nothing is loaded or asked before its `start`.

    `sample` is speech, a WAV of 8,000 Hz, by which workers measure how many callers they can listen to. Workers in the
    `background` have the lowest priority.
    """
    # Imported here: a worker process needs the engines but neither the pool that started it nor a network client.
    if choice.name == "vosk-server":
        from speech.voskserver import VoskServerRecogniser

        return VoskServerRecogniser(choice.servers, settings)
    from speech.pool import PoolRecogniser

    return PoolRecogniser(choice, settings, sample, background=background)
