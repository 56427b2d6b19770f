"""What a bench gives: figures, each beside its reference, and the machine they were seen on.

A figure's value is the median of its runs; `spread` is the least and the greatest of them. `ratio` is the figure's
median over the reference's; `goal` is what the ratio (or, without a reference, the value) is meant to reach. A figure
whose `at_most` is true is meant to stay at or below its goal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Reference:
    """The peer or the limit that a figure is held against, in the figure's unit."""

    name: str
    value: float
    spread: tuple[float, float]

    @classmethod
    def of(cls, name: str, runs: Sequence[float]) -> Self:
        return cls(name, median(runs), (min(runs), max(runs)))


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured thing."""

    name: str
    value: float
    unit: str
    runs: int
    spread: tuple[float, float]
    reference: Reference | None = None
    goal: float | None = None
    at_most: bool = False

    @classmethod
    def of(
        cls,
        name: str,
        runs: Sequence[float],
        unit: str,
        *,
        reference: Reference | None = None,
        goal: float | None = None,
        at_most: bool = False,
    ) -> Self:
        return cls(name, median(runs), unit, len(runs), (min(runs), max(runs)), reference, goal, at_most)

    @property
    def ratio(self) -> float | None:
        if self.reference is None or self.reference.value == 0:
            return None
        return self.value / self.reference.value

    @property
    def reached(self) -> bool | None:
        """None for a figure without a goal."""
        if self.goal is None:
            return None
        seen = self.value if self.ratio is None else self.ratio
        return seen <= self.goal if self.at_most else seen >= self.goal

    def as_json(self) -> dict[str, Any]:
        reference = self.reference
        return {
            "name": self.name,
            "value": _short(self.value),
            "unit": self.unit,
            "runs": self.runs,
            "spread": [_short(each) for each in self.spread],
            "reference": None
            if reference is None
            else {
                "name": reference.name,
                "value": _short(reference.value),
                "spread": [_short(each) for each in reference.spread],
            },
            "ratio": None if self.ratio is None else _short(self.ratio),
            "goal": self.goal,
            "goal_is": "at most" if self.at_most else "at least",
            "reached": self.reached,
        }


@dataclass(frozen=True, slots=True)
class Report:
    """A bench's whole answer. `conditions` says what was measured, so that it can be repeated."""

    bench: str
    machine: Mapping[str, Any]
    conditions: Mapping[str, Any]
    figures: Sequence[Figure]
    notes: Sequence[str] = field(default=())

    @property
    def missed(self) -> list[Figure]:
        return [figure for figure in self.figures if figure.reached is False]

    def as_json(self) -> dict[str, Any]:
        return {
            "bench": self.bench,
            "machine": dict(self.machine),
            "conditions": dict(self.conditions),
            "figures": [figure.as_json() for figure in self.figures],
            "notes": list(self.notes),
        }

    def lines(self) -> list[str]:
        """For a person: a line a figure."""
        return [_line(figure) for figure in self.figures] + list(self.notes)


def _line(figure: Figure) -> str:
    low, high = figure.spread
    words = f"{figure.name}: {figure.value:,.4g} {figure.unit} ({low:,.4g} to {high:,.4g}, {figure.runs} runs)"
    if figure.reference is not None and figure.ratio is not None:
        words += f", {figure.ratio:.2f} of {figure.reference.name} ({figure.reference.value:,.4g})"
    if figure.goal is not None:
        bound = "at most" if figure.at_most else "at least"
        words += f"; goal {bound} {figure.goal:g}: {'reached' if figure.reached else 'missed'}"
    return words


def _short(value: float) -> float:
    """Four digits that mean something are plenty for a measurement."""
    return float(f"{value:.4g}")
