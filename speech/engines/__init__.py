"""Recognition engines. `choose` looks at the models folder, `build` gives the worker pool for live calls,
`load` the bare engine for files.
"""

from typing import TYPE_CHECKING

from speech.engines.choice import EngineChoice, choose, load
from speech.engines.port import Decoder, Engine, Reading
from speech.settings import SpeechSettings

if TYPE_CHECKING:
    from speech.pool import PoolRecogniser

__all__ = ["Decoder", "Engine", "EngineChoice", "Reading", "build", "choose", "load"]


def build(choice: EngineChoice, settings: SpeechSettings) -> "PoolRecogniser":
    """The recogniser for live calls; nothing is loaded before its `start`."""
    # Imported here: a worker process needs the engines but not the pool that started it.
    from speech.pool import PoolRecogniser

    return PoolRecogniser(choice, settings)
