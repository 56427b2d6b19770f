"""Charts as SVG drawn here: no script, no outside file, no style attribute, so they pass the strictest page policy.

Labels and values are escaped; sizes are in user units of a fixed view box and scale with the page.
"""

import math
from html import escape
from typing import Final

from tickets.reports.document import Chart, ChartKind

_WIDTH: Final = 720
_BAR: Final = 26
_LABEL: Final = 150
_HEIGHT: Final = 220
_MARGIN: Final = 44
_MOST_LABELS: Final = 16


def svg(chart: Chart) -> str:
    """The chart as an `<svg>` element; empty text when there is nothing to draw."""
    if not chart.points:
        return ""
    return _bars(chart) if chart.kind is ChartKind.BARS else _line(chart)


_NOTHING: Final = 1e-9
"""Counts and shares are never so small without being none."""


def ceiling(largest: float) -> float:
    """The top of the scale: 1, 2 or 5 times a power of ten, at or above the largest value."""
    if largest < _NOTHING:
        return 1.0
    power = 10.0 ** math.floor(math.log10(largest))
    return next(power * step for step in (1, 2, 5, 10) if power * step >= largest or step == 10)


def _bars(chart: Chart) -> str:
    top = max(max(value for _, value in chart.points), 1.0)
    room = _WIDTH - _LABEL - 90
    height = len(chart.points) * _BAR + 8
    parts = []
    for index, (label, value) in enumerate(chart.points):
        y = index * _BAR + 4
        width = max(0.0, value) / top * room
        parts.append(
            f'<text class="label" x="{_LABEL - 8}" y="{y + 16}" text-anchor="end">{escape(_short(label))}</text>'
            f'<rect class="bar" x="{_LABEL}" y="{y + 3}" width="{width:.1f}" height="{_BAR - 9}" rx="2"/>'
            f'<text class="value" x="{_LABEL + width + 6:.1f}" y="{y + 16}">{_number(value)}{escape(chart.unit)}</text>'
        )
    return _frame(chart, height, "".join(parts))


def _line(chart: Chart) -> str:
    top = ceiling(max(value for _, value in chart.points))
    floor, left, right = _HEIGHT - 34, _MARGIN + 8, _WIDTH - 16
    step = (right - left) / max(1, len(chart.points) - 1)
    places = [
        (left + index * step, floor - max(0.0, value) / top * (floor - 18))
        for index, (_, value) in enumerate(chart.points)
    ]
    parts = []
    for share in (0.0, 0.5, 1.0):
        y = floor - share * (floor - 18)
        parts.append(
            f'<line class="grid" x1="{left}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>'
            f'<text class="axis" x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{_number(top * share)}</text>'
        )
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    parts.append(f'<polyline class="line" points="{path}"/>')
    every = math.ceil(len(places) / _MOST_LABELS)
    for index, ((x, y), (label, _)) in enumerate(zip(places, chart.points, strict=True)):
        parts.append(f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/>')
        if index % every == 0:
            parts.append(
                f'<text class="axis" x="{x:.1f}" y="{_HEIGHT - 12}" text-anchor="middle">{escape(label)}</text>'
            )
    return _frame(chart, _HEIGHT, "".join(parts))


def _frame(chart: Chart, height: int, inner: str) -> str:
    title = escape(chart.title)
    return (
        f'<svg class="chart" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{title}">'
        f"<title>{title}</title>{inner}</svg>"
    )


def _short(label: str) -> str:
    return label if len(label) <= 11 else label[:10] + "…"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
