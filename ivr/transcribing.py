"""Words of a recording: cut at pauses, each piece recognised by itself, by whichever engine it is given to."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog

from speech.errors import Overloaded
from speech.frames import FRAME_BYTES, FRAME_SECONDS
from speech.ports import Final, Lost, Recogniser
from speech.vad import Vad
from speech.wavfile import WrongFormat, pcm_of

log = structlog.get_logger()

LONGEST_PIECE = 25.0
PAUSE = 0.6
RESULT_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Heard:
    """What a recording says. `whole` is False when a piece of it could not be recognised, or the file not be read."""

    words: str = ""
    seconds: float = 0.0
    """Of voice."""
    whole: bool = True


async def _at_once() -> None:
    """The gate of those who wait for nobody."""


async def transcribe_recording(
    path: Path,
    recogniser: Recogniser,
    vad: Vad,
    gate: Callable[[], Awaitable[None]] = _at_once,
    result_seconds: float = RESULT_SECONDS,
) -> Heard:
    """A telephone recording (8 kHz, 16-bit, mono) in words; `gate` is awaited before each piece.

    Words are empty when the recogniser is not to be had: the recording itself is what must not be lost.
    """
    try:
        pcm = pcm_of(await asyncio.to_thread(path.read_bytes))
    except (OSError, WrongFormat) as exc:
        log.warning("recording_not_readable", reason=type(exc).__name__)
        return Heard(whole=False)
    words: list[str | None] = []
    voiced = 0.0
    for number, (piece, seconds) in enumerate(await asyncio.to_thread(lambda: list(_pieces(pcm, vad)))):
        voiced += seconds
        await gate()
        words.append(await _recognise(piece, recogniser, f"recording-{number}", result_seconds))
    return Heard("，".join(word for word in words if word), voiced, None not in words)


async def _recognise(pcm: bytes, recogniser: Recogniser, stream_id: str, seconds: float) -> str | None:
    """A piece's words; None when the recogniser failed it."""
    if not recogniser.ready:
        return None
    try:
        stream = recogniser.open(stream_id)
    except Overloaded:
        return None
    try:
        for start in range(0, len(pcm), FRAME_BYTES):
            stream.feed(pcm[start : start + FRAME_BYTES])
        stream.finish()
        async with asyncio.timeout(seconds):
            async for event in stream.events():
                match event:
                    case Final():
                        return event.text
                    case Lost():
                        return None
    except TimeoutError:
        log.warning("recording_recognition_timeout")
    finally:
        await stream.aclose()
    return None


def _pieces(pcm: bytes, vad: Vad) -> Iterator[tuple[bytes, float]]:
    """Stretches of speech with the seconds of voice in each, cut at a pause or at the longest piece."""
    vad.reset()
    piece = bytearray()
    voice = silence = 0.0
    for start in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES):
        frame = pcm[start : start + FRAME_BYTES]
        heard = vad.voiced(frame)
        voice, silence = (voice + FRAME_SECONDS, 0.0) if heard else (voice, silence + FRAME_SECONDS)
        piece += frame
        if voice and (silence >= PAUSE or len(piece) / FRAME_BYTES * FRAME_SECONDS >= LONGEST_PIECE):
            yield bytes(piece), voice
            piece.clear()
            voice = 0.0
        elif not voice and silence > PAUSE:
            del piece[: -int(PAUSE / FRAME_SECONDS) * FRAME_BYTES]
    if voice:
        yield bytes(piece), voice
