"""Checks an import of the directory as a whole: it is taken or refused, never by halves."""

from collections.abc import Iterable, Mapping
from typing import Final

from tickets.domain.errors import InvalidValue
from tickets.domain.units import Unit, UnitLevel

_RANK: Final = {level: rank for rank, level in enumerate(UnitLevel)}


def checked(units: Iterable[Unit], known: Mapping[str, Unit] | None = None) -> tuple[Unit, ...]:
    """The units, each after the one above it. `known` are units that are in the directory already.

    Raises InvalidValue that names the first thing wrong: an id twice, a unit above that does not exist or is not of a
    higher level, a circle, a person in two units.
    """
    table: dict[str, Unit] = {}
    people: set[str] = set()
    for unit in units:
        if unit.id in table:
            raise InvalidValue(f"the unit {unit.id} is in the import twice")
        table[unit.id] = unit
        for person in unit.people:
            if person.id in people:
                raise InvalidValue(f"the person {person.id} is in the import twice")
            people.add(person.id)
    everyone = {**(known or {}), **table}
    for unit in table.values():
        _check_parent(unit, everyone)
    return _sorted(table)


def _check_parent(unit: Unit, everyone: Mapping[str, Unit]) -> None:
    if unit.parent_id is None:
        return
    parent = everyone.get(unit.parent_id)
    if parent is None:
        raise InvalidValue(f"the unit {unit.id} names {unit.parent_id} above it, which is not in the directory")
    if _RANK[parent.level] > _RANK[unit.level] or parent.id == unit.id:
        raise InvalidValue(f"the unit {unit.id} ({unit.level}) cannot stand below {parent.id} ({parent.level})")
    above: Unit | None = parent
    seen = {unit.id}
    while above is not None:
        if above.id in seen:
            raise InvalidValue(f"the units above {unit.id} form a circle")
        seen.add(above.id)
        above = everyone.get(above.parent_id) if above.parent_id is not None else None


def _sorted(table: Mapping[str, Unit]) -> tuple[Unit, ...]:
    """Each unit after the one above it; there are no circles any more."""
    done: dict[str, Unit] = {}
    for start in table:
        path: list[str] = []
        step: str | None = start
        while step is not None and step in table and step not in done:
            path.append(step)
            step = table[step].parent_id
        done.update({each: table[each] for each in reversed(path)})
    return tuple(done.values())
