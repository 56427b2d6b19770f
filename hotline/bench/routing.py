"""`hotline bench routing`: decisions a second on one core, how late the slowest are, and what the router costs to load,
beside scikit-learn's bare `predict` on the same sentences in the same run.

The sentences are the shipped exemplars, spread over all problem types, so every model here has seen them: this measures
speed, never how right an answer is. scikit-learn's pipeline knows the first guess of the category only; the router's
decision has danger, kind, places, unit, limits and reasons as well.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import quantiles
from typing import Any, Final

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.pipeline import Pipeline, make_pipeline

from hotline.bench.machine import machine
from hotline.bench.report import Figure, Reference, Report
from hotline.bench.rounds import take_turns
from hotline.errors import HotlineError
from routing.router import LONGEST_INPUT, Router

OURS: Final = "router, whole decision"
PEER: Final = "scikit-learn predict, category only"
PARTIALS: Final = "danger detector, every partial"
LONGEST: Final = "router, 20,000 characters"
DECISION_P99_MS: Final = 5.0
PARTIAL_P99_MS: Final = 1.0
LONGEST_MS: Final = 20.0
_STEP: Final = 3
"""Characters by which a partial result grows: a recogniser gives three or four a second."""
_PATIENCE: Final = 120.0
_LOADER: Final = """
import json, os, time
import numpy
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
before = resident()
begin = time.perf_counter()
from routing.router import Router
router = Router.load()
router.decide("小区门口的路灯坏了")
seconds = time.perf_counter() - begin
print(json.dumps({"seconds": seconds, "mib": resident() - before}))
"""


@dataclass(frozen=True, slots=True)
class Options:
    """`sentences` in a round; `runs` rounds of each candidate."""

    sentences: int = 400
    runs: int = 5


@dataclass(frozen=True, slots=True)
class Sample:
    """One round: calls a second, and percentiles of one call in milliseconds, of waiting and of the processor's time.

    The two part where something else has the core: then only the second says what a call costs.
    """

    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_p99_ms: float


def run(options: Options, tell: Callable[[str], None] = lambda _words: None) -> Report:
    """Raises HotlineError when the router cannot be loaded in a process of its own."""
    before = machine()
    router = Router.load()
    labelled = [(text, name) for name, problem in router.taxonomy.problems.items() for text in problem.exemplars]
    sentences = [text for text, _ in labelled[:: max(1, len(labelled) // options.sentences)]][: options.sentences]
    partials = [text[:end] for text in sentences for end in range(_STEP, len(text) + _STEP, _STEP)]
    longest = [("".join(sentences) * LONGEST_INPUT)[:LONGEST_INPUT]] * 3
    tell("training scikit-learn's pipeline")
    with _one_core():
        peer = _pipeline(labelled)
        samples = take_turns(
            {
                OURS: lambda: _timed(router.decide, sentences),
                PEER: lambda: _timed(lambda text: peer.predict([text]), sentences),
                PARTIALS: lambda: _timed(router.emergency, partials),
                LONGEST: lambda: _timed(router.decide, longest),
            },
            options.runs,
            tell=tell,
        )
        tell("loading")
        loads = [_load() for _ in range(min(options.runs, 3))]
    conditions = {
        "sentences_a_round": len(sentences),
        "characters_a_sentence": round(sum(map(len, sentences)) / len(sentences), 1),
        "partials_a_round": len(partials),
        "runs": options.runs,
        "cores": 1,
        "peer": "TfidfVectorizer of characters 1 to 3, SGDClassifier (hinge), one text a call",
        "load_average_after": machine()["load_average"],
    }
    return Report("routing", before, conditions, _figures(samples, loads))


def _figures(samples: dict[str, list[Sample]], loads: Sequence[dict[str, float]]) -> list[Figure]:
    ours, peer = samples[OURS], samples[PEER]
    speed = Reference.of(PEER, [sample.per_second for sample in peer])
    slowest = Reference.of(PEER, [sample.p99_ms for sample in peer])

    def late(name: str, of: str, goal: float) -> list[Figure]:
        waited, worked = ([sample.p99_ms for sample in samples[of]], [sample.cpu_p99_ms for sample in samples[of]])
        return [
            Figure.of(name, waited, "ms", goal=goal, at_most=True),
            Figure.of(f"{name}, of the processor's time", worked, "ms", goal=goal, at_most=True),
        ]

    return [
        Figure.of("decisions", [sample.per_second for sample in ours], "1/s", reference=speed),
        Figure.of("decision, median", [sample.p50_ms for sample in ours], "ms"),
        *late("decision, 99th percentile", OURS, DECISION_P99_MS),
        Figure.of(f"{PEER}, 99th percentile", [sample.p99_ms for sample in peer], "ms", reference=slowest),
        Figure.of("danger per partial, median", [sample.p50_ms for sample in samples[PARTIALS]], "ms"),
        *late("danger per partial, 99th percentile", PARTIALS, PARTIAL_P99_MS),
        *late("decision on 20,000 characters", LONGEST, LONGEST_MS),
        Figure.of("load and first decision", [load["seconds"] for load in loads], "s"),
        Figure.of("memory added by the router", [load["mib"] for load in loads], "MiB"),
    ]


def _timed(call: Callable[[str], Any], texts: Sequence[str]) -> Sample:
    """One after the other; each call is timed by itself."""
    taken: list[float] = []
    worked: list[float] = []
    begin = time.perf_counter()
    for text in texts:
        start, start_cpu = time.perf_counter(), time.thread_time()
        call(text)
        worked.append((time.thread_time() - start_cpu) * 1000)
        taken.append((time.perf_counter() - start) * 1000)
    seconds = time.perf_counter() - begin
    cuts = quantiles(taken, n=100, method="inclusive")
    return Sample(len(texts) / seconds, cuts[49], cuts[98], quantiles(worked, n=100, method="inclusive")[98])


def _pipeline(labelled: Sequence[tuple[str, str]]) -> Pipeline:
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), sublinear_tf=True, min_df=2)
    pipeline = make_pipeline(vectorizer, SGDClassifier(alpha=1e-5, max_iter=10, tol=None, random_state=1))
    return pipeline.fit([text for text, _ in labelled], [name for _, name in labelled])


def _load() -> dict[str, float]:
    """Seconds and MiB of loading the router and deciding once, in a fresh process."""
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and program
            [sys.executable, "-c", _LOADER], capture_output=True, text=True, check=False, timeout=_PATIENCE
        )
    except subprocess.TimeoutExpired as exc:
        raise HotlineError(f"the router was not loaded within {_PATIENCE:.0f} s") from exc
    if done.returncode:
        raise HotlineError(f"the router could not be loaded in a process of its own: {done.stderr.strip()[-500:]}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


@contextmanager
def _one_core() -> Iterator[None]:
    """Everything here and its children on one core, whatever numpy's threads would like."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)
