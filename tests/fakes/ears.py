"""Ears for the twins pipeline: they open at once, in any process, and hear what their test needs."""

import os
from dataclasses import dataclass

from hotline.twins.takes import Take
from speech.errors import ModelError


@dataclass(frozen=True, slots=True)
class BackwardsEar:
    """Hears every text backwards; dies as a crashed library would on a text with 崩."""

    def hear(self, text: str, take: Take) -> tuple[str, ...]:
        if "崩" in text:
            os._exit(3)
        return text[::-1], text


def open_backwards() -> BackwardsEar:
    return BackwardsEar()


def open_nothing() -> BackwardsEar:
    raise ModelError("no recognition model: run `hotline models fetch`")
