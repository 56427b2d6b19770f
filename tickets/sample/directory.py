"""A sample directory in three levels: city departments and companies, counties with their own, towns and streets."""

from dataclasses import dataclass
from random import Random

from tickets.domain.units import Person, PersonRole, Unit, UnitKind, UnitLevel
from tickets.sample.vocabulary import COMPANIES, COUNTIES, DEPARTMENTS, GIVEN, SURNAMES, TOWN_NAMES

_CITY = "澜州市"
_SIDES = ("", "东", "西", "南", "北", "上", "下")
"""Told apart by these are towns of one name in one county."""


@dataclass(frozen=True, slots=True)
class Directory:
    """`responsible` finds the unit that a matter goes to: by county and department name; `towns` by county."""

    units: tuple[Unit, ...]
    responsible: dict[tuple[str, str], Unit]
    towns: dict[str, tuple[Unit, ...]]
    counties: tuple[str, ...]


def make_directory(units: int, handlers: int, random: Random) -> Directory:
    """A directory of `units` units with `handlers` people in all. Small ones have fewer counties."""
    names = _names(units)
    people = _shares(handlers, len(names))
    made = [_with_people(unit, count, random) for (unit, _, _), count in zip(names, people, strict=True)]
    responsible: dict[tuple[str, str], Unit] = {}
    towns: dict[str, list[Unit]] = {}
    for unit, (_, county, department) in zip(made, names, strict=True):
        if unit.level is UnitLevel.TOWN:
            towns.setdefault(county, []).append(unit)
        else:
            responsible[(county, department)] = unit
    counties = tuple(dict.fromkeys(county for _, county, _ in names if county)) or ("",)
    return Directory(tuple(made), responsible, {key: tuple(each) for key, each in towns.items()}, counties)


def _names(count: int) -> list[tuple[Unit, str, str]]:
    """Units with their county and department, the most needed first: cut at `count`."""
    found: list[tuple[Unit, str, str]] = []

    def add(level: UnitLevel, kind: UnitKind, county: str, department: str, name: str, parent: str | None) -> None:
        unit = Unit(f"u{len(found) + 1:04d}", name, level, kind, parent)
        found.append((unit, county, department))

    for department in DEPARTMENTS:
        add(UnitLevel.CITY, UnitKind.DEPARTMENT, "", department, f"{_CITY}{department}", None)
    for company in COMPANIES:
        add(UnitLevel.CITY, UnitKind.COMPANY, "", company, f"{_CITY}{company}", None)
    for county in COUNTIES:
        for department in DEPARTMENTS:
            parent = found[DEPARTMENTS.index(department)][0].id
            add(UnitLevel.COUNTY, UnitKind.DEPARTMENT, county, department, f"{county}县{department}", parent)
        for place, name in enumerate(TOWN_NAMES[:12]):
            kind, end = (UnitKind.STREET, "街道办事处") if place < 4 else (UnitKind.TOWN, "镇人民政府")
            add(UnitLevel.TOWN, kind, county, name, f"{county}县{name}{end}", None)
    number = 0
    while len(found) < count:
        county = COUNTIES[number % len(COUNTIES)]
        turn, which = divmod(number // len(COUNTIES), len(TOWN_NAMES) - 12)
        label = _SIDES[turn % len(_SIDES)] * (1 + turn // len(_SIDES)) + TOWN_NAMES[12 + which]
        add(UnitLevel.TOWN, UnitKind.TOWN, county, label, f"{county}县{label}镇人民政府", None)
        number += 1
    return found[:count]


def _shares(whole: int, parts: int) -> list[int]:
    base, rest = divmod(max(whole, parts), parts)
    return [base + (1 if index < rest else 0) for index in range(parts)]


def _with_people(unit: Unit, count: int, random: Random) -> Unit:
    roles = [PersonRole.HEAD, PersonRole.DEPUTY_HEAD, PersonRole.HANDLER]
    people = []
    for index in range(count):
        role = roles[index] if index < len(roles) else PersonRole.HANDLER
        # A lone person of a unit is the one who handles.
        role = PersonRole.HANDLER if count == 1 else role
        name = random.choice(SURNAMES) + random.choice(GIVEN) + random.choice(("", random.choice(GIVEN)))
        phone = f"1990000{random.randrange(10_000):04d}"
        escalation = index + 1 if role in (PersonRole.HEAD, PersonRole.DEPUTY_HEAD) else None
        people.append(Person(f"{unit.id}-{index + 1}", unit.id, name, role, phone, escalation))
    return Unit(unit.id, unit.name, unit.level, unit.kind, unit.parent_id, people=tuple(people))
