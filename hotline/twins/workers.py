"""A bounded number of processes, each with models of its own, each with one sentence at a time.

A process that dies names the sentence it died on; what was finished is kept by whoever takes the results. Processes are
started afresh (spawn), run at low priority, and end when their pipe closes, so none outlives the command.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Final

from hotline.errors import HotlineError
from hotline.twins.listening import Ear, Readings
from hotline.twins.takes import Take
from speech.errors import SpeechError
from speech.voices import VoiceError

__all__ = ["Heard", "Job", "listen"]

_NICENESS: Final = 15
_LAST_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Job:
    """A sentence to be said once and heard in each of the takes; `row` is the caller's own mark."""

    row: int
    text: str
    takes: tuple[Take, ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """The answer to a job: for each take its readings, best first."""

    row: int
    readings: tuple[Readings, ...]


def listen(jobs: Iterable[Job], open_ear: Callable[[], Ear], processes: int) -> Iterator[Heard]:
    """Results as they get ready, not in order. `open_ear` is called in each process and must be picklable.

    Raises `HotlineError` when a process cannot open its ear or dies.
    """
    waiting = iter(jobs)
    with ExitStack() as stack:
        busy: dict[Connection, Job] = {}
        for _, job in zip(range(processes), waiting, strict=False):
            connection = stack.enter_context(_started(open_ear))
            connection.send(job)
            busy[connection] = job
        while busy:
            ready = wait(list(busy))
            for connection in [each for each in busy if each in ready]:
                yield _answer(connection, busy.pop(connection))
                if (next_job := next(waiting, None)) is not None:
                    connection.send(next_job)
                    busy[connection] = next_job


@contextmanager
def _started(open_ear: Callable[[], Ear]) -> Iterator[Connection]:
    """The parent's end of the pipe to a process that serves; closing it ends the process."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, open_ear), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        process.join(_LAST_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()


def _serve(connection: Connection, open_ear: Callable[[], Ear]) -> None:
    """Runs in the process. What goes wrong on purpose is sent to the parent in words."""
    os.nice(_NICENESS)
    try:
        ear = open_ear()
        while True:
            job: Job = connection.recv()
            connection.send(Heard(job.row, ear.hear(job.text, job.takes)))
    except (SpeechError, VoiceError) as exc:
        connection.send(str(exc))
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        return


def _answer(connection: Connection, job: Job) -> Heard:
    try:
        found = connection.recv()
    except EOFError as exc:
        raise HotlineError(
            f"the listening process died on the sentence of row {job.row}; what is finished is kept: "
            "run the same command with --resume"
        ) from exc
    if isinstance(found, Heard):
        return found
    raise HotlineError(str(found))
