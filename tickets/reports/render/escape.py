"""Cells that a spreadsheet would run as a formula are made plain text (F85): they get a leading apostrophe."""

from typing import Final

_RUNS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_BLANKS: Final = " \u00a0\u3000"
_LONGEST: Final = 32_000
"""Excel's own limit is 32,767 characters in a cell."""


def cell(text: str) -> str:
    """The text as a spreadsheet may show it. Numbers go another way and are not touched."""
    plain = "".join(" " if each < " " and each not in "\t\r\n" else each for each in text[:_LONGEST])
    return "'" + plain if plain.startswith(_RUNS) or plain.lstrip(_BLANKS).startswith(_RUNS) else plain
