"""One hotline for all end-to-end tests, put right again before each of them."""

from collections.abc import AsyncIterator, Callable, Iterator
from functools import cache

import pytest
import pytest_asyncio

from hotline.settings import default_home
from speech import voices
from speech.voices.kokoro import KokoroModel
from tests.e2e.whole_hotline import WholeHotline, whole_hotline

Speak = Callable[..., bytes]


@pytest.fixture(scope="session")
def _running() -> Iterator[WholeHotline]:
    with whole_hotline() as hotline:
        yield hotline


@pytest_asyncio.fixture
async def hotline(_running: WholeHotline) -> AsyncIterator[WholeHotline]:
    """The running hotline, whole and idle."""
    await _running.restored()
    yield _running
    assert _running.process.poll() is None, "hotline run has ended in mid-test"
    await _running.nobody_left()


@pytest.fixture(scope="session")
def speak() -> Speak:
    """Telephone audio of a sentence: `speak(text, voice)`; each is synthesised once."""
    models = default_home() / "models"
    model = cache(lambda: KokoroModel.load(models / "kokoro", None))

    @cache
    def spoken(text: str, voice: str = voices.KOKORO_VOICES[0]) -> bytes:
        return voices.speak_8k(voices.load(voice, models, model=model()), text)

    return spoken
