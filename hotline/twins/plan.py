"""Which rows of twins there are to be, and how each is said: the sentences spread over takes or voices, then gathered
into jobs, so that neighbouring rows that share a rendering are rendered once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from hotline.twins.table import Row, Table, spread
from hotline.twins.takes import Take, plain_take, takes_for
from hotline.twins.workers import Job

__all__ = ["TAKE", "VOICE", "Plan", "plan"]

TAKE: Final = "take"
VOICE: Final = "voice"


@dataclass(frozen=True, slots=True)
class Plan:
    """`takes` says each row of the table, its last column among them."""

    table: Table
    takes: dict[Row, Take]

    def jobs(self, rows: Sequence[Row]) -> Iterator[Job]:
        """A job for every run of `rows` with the same rendering; a job's `row` is the place of its first one."""

        def rendering(at: int) -> tuple[str, str, float]:
            take = self.takes[rows[at]]
            return self.table.text(rows[at]), take.voice, take.speed

        for (text, _, _), group in groupby(range(len(rows)), key=rendering):
            places = list(group)
            yield Job(places[0], text, tuple(self.takes[rows[at]] for at in places))


def plan(table: Table, voices: Sequence[str], seed: int, takes: int = 1, *, every_voice: bool = False) -> Plan:
    """One twin of each row; or `takes` of each, numbered in a column `take`; or one by every voice, with a column
    `voice`. Raises `WrongUse` when there is such a column already."""
    if every_voice:
        spoken = spread(table, VOICE, voices, shifted=True)
        return Plan(spoken, {row: plain_take(spoken.text(row), row[-1]) for row in spoken.rows})
    if takes == 1:
        return Plan(table, {row: takes_for(table.text(row), voices, seed, 1)[0] for row in table.rows})
    many = spread(table, TAKE, [str(number) for number in range(1, takes + 1)])
    return Plan(many, {row: takes_for(many.text(row), voices, seed, takes)[int(row[-1]) - 1] for row in many.rows})
