"""Ears for the twins pipeline: they open at once, in any process, and hear what their test needs."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from hotline.twins.takes import Take
from speech.errors import ModelError


@dataclass(frozen=True, slots=True)
class BackwardsEar:
    """Hears every text backwards; dies as a crashed library would on a text with 崩."""

    def hear(self, text: str, takes: Sequence[Take]) -> tuple[tuple[str, ...], ...]:
        if "崩" in text:
            os._exit(3)
        return tuple((text[::-1], text) for _ in takes)


def open_backwards() -> BackwardsEar:
    return BackwardsEar()


def open_nothing() -> BackwardsEar:
    raise ModelError("no recognition model: run `hotline models fetch`")
