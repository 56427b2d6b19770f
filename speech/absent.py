"""The recogniser that is not there: what a hotline without a usable model runs on, never ready, never in the way."""

from speech.capacity import Load
from speech.counters import RecognitionCounters
from speech.errors import Overloaded
from speech.ports import Bias, Capabilities, RecognitionStream


class AbsentRecogniser:
    """Conforms to `speech.ports.Recogniser`. `why` names what is missing and how to mend it."""

    def __init__(self, why: str) -> None:
        self._why = why
        self.counters = RecognitionCounters()

    @property
    def name(self) -> str:
        return "none"

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(streaming=False, grammar=False, confidence=False, sample_rate=8000)

    @property
    def ready(self) -> bool:
        return False

    @property
    def load(self) -> Load:
        return Load(0, 0)

    async def start(self) -> None:
        """Nothing to load."""

    def open(self, stream_id: str, bias: Bias | None = None) -> RecognitionStream:
        self.counters.refused += 1
        raise Overloaded(self._why)

    async def aclose(self) -> None:
        """Nothing to give back."""
