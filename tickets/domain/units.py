"""The directory: units in three levels and their people. Ids come from whoever imports the directory."""

from dataclasses import dataclass
from enum import StrEnum


class UnitLevel(StrEnum):
    """Prefecture, county, township in one reading; city, district, street in the other. Three steps in both."""

    CITY = "city"
    COUNTY = "county"
    TOWN = "town"


class UnitKind(StrEnum):
    """What is ranked with what: departments, townships and streets, public-service companies, the hotline itself."""

    DEPARTMENT = "department"
    TOWN = "town"
    STREET = "street"
    COMPANY = "company"
    OFFICE = "office"


class PersonRole(StrEnum):
    HEAD = "head"
    DEPUTY_HEAD = "deputy-head"
    CONTACT = "contact"
    HANDLER = "handler"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of a unit. `escalation` is the person's place on the 24-hour phone list, 1 first; None: not on it."""

    id: str
    unit_id: str
    name: str
    role: PersonRole
    phone: str | None = None
    escalation: int | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class Unit:
    """`parent_id` is the unit above; `trade` groups units of one trade for the joint score; `areas` are place ids."""

    id: str
    name: str
    level: UnitLevel
    kind: UnitKind
    parent_id: str | None = None
    trade: str | None = None
    areas: tuple[str, ...] = ()
    active: bool = True
    people: tuple[Person, ...] = ()

    @property
    def deputy_head(self) -> Person | None:
        return next((each for each in self.people if each.active and each.role is PersonRole.DEPUTY_HEAD), None)

    @property
    def escalation(self) -> tuple[Person, ...]:
        """The phone list, in the order in which to call."""
        listed = [each for each in self.people if each.active and each.escalation is not None]
        return tuple(sorted(listed, key=lambda each: (each.escalation or 0, each.id)))
