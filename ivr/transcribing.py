"""Words of a recording that no call was there to hear: cut at pauses, recognised by the engine of the live calls."""

import asyncio
from collections.abc import Iterator
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


async def transcribe_recording(path: Path, recogniser: Recogniser, vad: Vad) -> tuple[str, float]:
    """The words and the seconds of voice in a telephone recording (8 kHz, 16-bit, mono).

    Words are empty when the recogniser is not to be had: the recording itself is what must not be lost.
    """
    try:
        pcm = pcm_of(await asyncio.to_thread(path.read_bytes))
    except (OSError, WrongFormat) as exc:
        log.warning("recording_not_readable", reason=type(exc).__name__)
        return "", 0.0
    words: list[str] = []
    voiced = 0.0
    for number, (piece, seconds) in enumerate(_pieces(pcm, vad)):
        voiced += seconds
        words.append(await _recognise(piece, recogniser, f"recording-{number}"))
    return "，".join(word for word in words if word), voiced


async def _recognise(pcm: bytes, recogniser: Recogniser, stream_id: str) -> str:
    if not recogniser.ready:
        return ""
    try:
        stream = recogniser.open(stream_id)
    except Overloaded:
        return ""
    try:
        for start in range(0, len(pcm), FRAME_BYTES):
            stream.feed(pcm[start : start + FRAME_BYTES])
        stream.finish()
        async with asyncio.timeout(RESULT_SECONDS):
            async for event in stream.events():
                match event:
                    case Final():
                        return event.text
                    case Lost():
                        return ""
    except TimeoutError:
        log.warning("recording_recognition_timeout")
    finally:
        await stream.aclose()
    return ""


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
