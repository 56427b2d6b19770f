"""One loaded router for all routing tests: loading is read-only and takes longer than any test."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from routing.router import Router

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def router() -> Router:
    return Router.load()


@pytest.fixture(scope="session")
def development_set() -> Callable[[str], list[tuple[str, str]]]:
    """Text and label by the set's name. None is a training sentence, but the sets were read while the data was
    extended, so their floors guard against regressions and say little about unseen callers."""

    def read(name: str) -> list[tuple[str, str]]:
        with (DATA / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            return [(row["text"], row["label"]) for row in csv.DictReader(file)]

    return read
