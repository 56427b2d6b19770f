"""What Vosk says about one utterance, in its JSON: the same from the library and from vosk-server. Pure.

After an inner endpoint the words move from the partial to a result, so results are collected stretch by stretch. The
scores of alternatives are log-likelihoods; what is given out is their share among the n best.
"""

import json
import math
from typing import Any, Final

from speech.errors import WireError
from speech.ports import Alternative
from speech.text.normalise import normalise

__all__ = ["MOST_ALTERNATIVES", "VoskAnswers", "combine"]

MOST_ALTERNATIVES: Final = 5


class VoskAnswers:
    """The results so far and the words in the making. Every method raises `WireError` for what is not Vosk's JSON."""

    def __init__(self) -> None:
        self._results: list[list[Alternative]] = []
        self._partial = ""

    def hear(self, answer: str | bytes) -> None:
        """One answer: `{"partial": …}`, `{"text": …}` or `{"alternatives": […]}`."""
        said = _object(answer)
        if "alternatives" in said or "text" in said:
            # Right after an inner endpoint a partial has no "partial" key but an empty list of alternatives.
            self._partial = ""
            if readings := _readings(said):
                self._results.append(readings)
        elif "partial" in said:
            self._partial = str(said["partial"])
        else:
            raise WireError(f"expected partial, text or alternatives from Vosk; got the keys {sorted(said)}")

    @property
    def words(self) -> str:
        """Everything understood so far, normalised."""
        return normalise(" ".join([*(result[0].text for result in self._results), self._partial]))

    @property
    def alternatives(self) -> tuple[Alternative, ...]:
        """The readings of the whole utterance, best first, at most five."""
        return combine(self._results)


def combine(results: list[list[Alternative]], limit: int = MOST_ALTERNATIVES) -> tuple[Alternative, ...]:
    """The readings of consecutive stretches joined rank by rank, normalised, without repeats.

    A stretch with fewer readings keeps its last one; the score of a joined reading is its weakest stretch's.
    """
    joined: dict[str, Alternative] = {}
    for rank in range(min(limit, max((len(result) for result in results), default=0))):
        parts = [result[min(rank, len(result) - 1)] for result in results]
        text = normalise(" ".join(part.text for part in parts))
        if text:
            joined.setdefault(text, Alternative(text, round(min(part.score for part in parts), 4)))
    return tuple(joined.values())


def _object(answer: str | bytes) -> dict[str, Any]:
    try:
        said = json.loads(answer)
    except ValueError as exc:
        raise WireError(f"expected JSON from Vosk; got {len(answer)} characters that are none") from exc
    if not isinstance(said, dict):
        raise WireError(f"expected a JSON object from Vosk; got {type(said).__name__}")
    return said


def _readings(said: dict[str, Any]) -> list[Alternative]:
    """The readings of one stretch, best first; none when nothing was understood."""
    try:
        if "alternatives" not in said:
            return _single(str(said["text"]), [float(word["conf"]) for word in said.get("result", [])])
        found = [(str(item.get("text", "")), float(item.get("confidence", 0.0))) for item in said["alternatives"]]
    except (AttributeError, KeyError, TypeError, ValueError) as exc:
        raise WireError(f"Vosk's alternatives are not as documented: {exc}") from exc
    if not found or not found[0][0].strip():
        return []
    found = [reading for reading in found if reading[0].strip()]
    best = max(score for _, score in found)
    weights = [math.exp(score - best) for _, score in found]
    total = sum(weights)
    return [Alternative(text, weight / total) for (text, _), weight in zip(found, weights, strict=True)]


def _single(text: str, confidences: list[float]) -> list[Alternative]:
    """A server set to one reading gives a confidence for each word; the reading's is their mean."""
    if not text.strip():
        return []
    return [Alternative(text, min(1.0, sum(confidences) / len(confidences)) if confidences else 0.0)]
