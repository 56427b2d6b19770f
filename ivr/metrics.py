"""The IVR's figures for a metrics page: read when asked, kept nowhere."""

from collections.abc import Callable, Iterator
from functools import partial

from prometheus_client import CollectorRegistry, Gauge

from ivr.audiosocket.server import AudioSocketServer
from ivr.board import Board
from ivr.outbox.relay import Relay
from ivr.outbox.spool import Spool
from ivr.rereading import ReadingQueue
from speech.ports import Recogniser

Reading = tuple[str, str, Callable[[], float]]


def registry(
    board: Board,
    spool: Spool,
    relay: Relay,
    audio: AudioSocketServer,
    recogniser: Recogniser,
    second_reading: ReadingQueue | None,
) -> CollectorRegistry:
    """Name, meaning and source of every figure."""
    registry = CollectorRegistry()
    readings: list[Reading] = [
        ("hotline_calls_live", "calls in the application now", lambda: float(len(board.live()))),
        ("hotline_spool_pending", "tickets and recordings the service has not taken yet", lambda: float(spool.count())),
        ("hotline_spool_quarantined", "spool files a person must look at", lambda: float(spool.quarantined())),
        ("hotline_relay_sent", "tickets and recordings delivered since start", lambda: float(relay.sent)),
        ("hotline_recognition_streams", "callers listened to now", lambda: float(recogniser.load.streams)),
        ("hotline_recognition_capacity", "callers that can be", lambda: float(recogniser.load.capacity)),
        ("hotline_audio_late_max_seconds", "worst pacing lateness", lambda: float(audio.pacing.late_seconds_max)),
        *_of_recognition(recogniser),
    ]
    if second_reading is not None:
        waiting = second_reading
        readings.append(
            ("hotline_second_reading_waiting", "calls to be read again", lambda: float(waiting.count())),
        )
    for name, text, read in readings:
        Gauge(name, text, registry=registry).set_function(read)
    return registry


def _of_recognition(recogniser: Recogniser) -> Iterator[Reading]:
    for name, text in recogniser.counters.figures():
        yield f"hotline_recognition_{name}", text, partial(_counted, recogniser, name)


def _counted(recogniser: Recogniser, name: str) -> float:
    return float(getattr(recogniser.counters, name))
