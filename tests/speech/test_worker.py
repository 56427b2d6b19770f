"""The worker's scheduling, without processes: what waits for what."""

from typing import Any

import pytest

from speech.engines.port import Reading
from speech.ports import Alternative, Bias, Capabilities
from speech.wire import Kind, MessageReader, encode, encode_json
from speech.worker import Server


class WrittenDecoder:
    def __init__(self, engine: "WrittenEngine", name: str) -> None:
        self._engine, self._log, self._name, self.heard = engine, engine.log, name, 0

    def accept(self, pcm: bytes) -> None:
        self.heard += len(pcm)
        self._log.append(f"{self._name} accept {len(pcm)}")

    def partial(self) -> str | None:
        self._log.append(f"{self._name} partial")
        self._engine.time += self._engine.decode_seconds
        return f"{self.heard}" if self._engine.understands else None

    def final(self) -> Reading:
        self._log.append(f"{self._name} final")
        return Reading((Alternative("完", 0.5),), 0.0, 1.0, 0.5)


class WrittenEngine:
    """Its decodes take `decode_seconds` of `time` and give a text if it `understands`."""

    def __init__(self, *, streaming: bool) -> None:
        self.time, self.decode_seconds, self.understands = 0.0, 0.0, True
        self.log: list[str] = []
        self.biases: list[Bias | None] = []
        self._streaming = streaming

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(self._streaming, False, True, 16_000)

    def open(self, rate: int = 8_000, bias: Bias | None = None) -> WrittenDecoder:
        self.biases.append(bias)
        return WrittenDecoder(self, "ab"[len(self.biases) - 1])


class Worker:
    def __init__(self, *, streaming: bool) -> None:
        self.engine = WrittenEngine(streaming=streaming)
        self.sent: list[tuple[Kind, int, dict[str, Any]]] = []
        self.server = Server(self.engine, lambda *item: self.sent.append(item), self._clock)

    def _clock(self) -> float:
        self.engine.time += 0.001
        return self.engine.time

    def give(self, kind: Kind, stream: int, payload: bytes = b"") -> None:
        data = encode_json(kind, stream, {}) if kind is Kind.OPEN else encode(kind, stream, payload)
        for message in MessageReader().feed(data):
            self.server.take(message)


def test_audio_is_given_in_pieces_of_a_fifth_of_a_second() -> None:
    worker = Worker(streaming=True)
    worker.give(Kind.OPEN, 1)
    for _ in range(15):
        worker.give(Kind.AUDIO, 1, bytes(320))
    worker.server.turn()
    worker.server.turn()
    assert [line for line in worker.engine.log if "accept" in line] == ["a accept 3200", "a accept 1600"]
    assert worker.server.idle


@pytest.mark.fault("F11")
def test_a_stream_that_is_behind_gets_no_partials_but_its_final() -> None:
    worker = Worker(streaming=True)
    worker.give(Kind.OPEN, 1)
    for _ in range(60):
        worker.give(Kind.AUDIO, 1, bytes(320))
    worker.give(Kind.FINISH, 1)
    while not worker.server.idle:
        worker.server.turn()
    assert [kind for kind, _, _ in worker.sent] == [Kind.FINAL]
    assert worker.sent[0][2]["alternatives"] == [["完", 0.5]]


@pytest.mark.fault("F11")
def test_an_engine_that_decodes_again_does_so_only_when_nothing_waits_and_in_turn() -> None:
    worker = Worker(streaming=False)
    for stream in (1, 2):
        worker.give(Kind.OPEN, stream)
        worker.give(Kind.AUDIO, stream, bytes(3200))
        worker.give(Kind.AUDIO, stream, bytes(3200))
    worker.server.turn()
    assert worker.sent == []
    for _ in range(3):
        worker.server.turn()
    assert [stream for _, stream, _ in worker.sent] == [1, 2, 1]


@pytest.mark.fault("F11")
@pytest.mark.parametrize(("decode_seconds", "asked"), [(0.4, "aba"), (0.0, "ababab")])
def test_a_decode_that_gives_no_text_is_a_stream_s_turn_all_the_same(decode_seconds: float, asked: str) -> None:
    worker = Worker(streaming=False)
    worker.engine.decode_seconds, worker.engine.understands = decode_seconds, False
    for stream in (1, 2):
        worker.give(Kind.OPEN, stream)
        worker.give(Kind.AUDIO, stream, bytes(320))
    for _ in range(3):
        worker.server.turn()
    partials = [line.split()[0] for line in worker.engine.log if "partial" in line]
    assert "".join(partials) == asked


def test_finals_come_before_partials_of_others() -> None:
    worker = Worker(streaming=False)
    for stream in (1, 2):
        worker.give(Kind.OPEN, stream)
        worker.give(Kind.AUDIO, stream, bytes(320))
    worker.give(Kind.FINISH, 2)
    worker.server.turn()
    assert [(kind, stream) for kind, stream, _ in worker.sent] == [(Kind.FINAL, 2), (Kind.PARTIAL, 1)]


def test_late_messages_for_a_closed_stream_are_nothing() -> None:
    worker = Worker(streaming=True)
    worker.give(Kind.OPEN, 1)
    worker.give(Kind.CLOSE, 1)
    worker.give(Kind.AUDIO, 1, bytes(320))
    worker.give(Kind.FINISH, 1)
    worker.give(Kind.CLOSE, 9)
    worker.server.turn()
    assert worker.sent == []
    assert worker.server.busy_seconds == 0.0


@pytest.mark.fault("F19")
def test_after_a_stall_the_oldest_audio_is_skipped_so_that_the_answer_is_not_as_late_as_the_stall() -> None:
    worker = Worker(streaming=True)
    worker.give(Kind.OPEN, 1)
    worker.give(Kind.AUDIO, 1, bytes(320))
    worker.server.turn()
    for _ in range(10 * 50):
        worker.give(Kind.AUDIO, 1, bytes(320))
    worker.give(Kind.FINISH, 1)
    while not worker.server.idle:
        worker.server.turn()
    heard = sum(int(line.split()[-1]) for line in worker.engine.log if "accept" in line)
    assert heard == 320 + 6 * 50 * 320
    assert worker.server.skipped_seconds == pytest.approx(4.0)
    assert worker.sent[-1][0] is Kind.FINAL


@pytest.mark.fault("F08")
def test_a_replay_is_behind_on_purpose_and_loses_nothing() -> None:
    worker = Worker(streaming=True)
    worker.give(Kind.OPEN, 1)
    worker.give(Kind.AUDIO, 1, bytes(30 * 50 * 320))
    while not worker.server.idle:
        worker.server.turn()
    assert worker.server.skipped_seconds == 0.0


def test_an_engine_that_decodes_whole_utterances_is_never_behind() -> None:
    worker = Worker(streaming=False)
    worker.give(Kind.OPEN, 1)
    worker.give(Kind.AUDIO, 1, bytes(320))
    worker.server.turn()
    for _ in range(10 * 50):
        worker.give(Kind.AUDIO, 1, bytes(320))
    worker.server.turn()
    assert worker.server.skipped_seconds == 0.0
