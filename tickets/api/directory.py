"""Bodies of the directory, the calendar and tokens."""

from datetime import date
from pathlib import Path
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, ValidationError

from tickets.api.fields import NO_NUL, Answer, Body
from tickets.api.problems import field_problems
from tickets.domain.calendar import CalendarDay, CalendarYear, checked_year
from tickets.domain.errors import TicketError
from tickets.domain.roles import Role
from tickets.domain.units import Person, PersonRole, Unit, UnitKind, UnitLevel
from tickets.ports import StoredToken

Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
Name = Annotated[str, Field(min_length=1, max_length=128, pattern=NO_NUL)]
PersonName = Annotated[str, Field(min_length=1, max_length=64, pattern=NO_NUL)]
AreaId = Annotated[str, Field(max_length=64, pattern=NO_NUL)]
Phone = Annotated[str, Field(max_length=32, pattern=r"^[0-9+*#,() -]+$")]


class PersonIn(Body):
    """`escalation` is the place on the unit's 24-hour phone list, 1 first."""

    id: Id
    name: PersonName
    role: PersonRole
    phone: Phone | None = None
    escalation: Annotated[int, Field(ge=1, le=99)] | None = None


class UnitIn(Body):
    """`parent_id` is the unit above; `areas` are place ids; `trade` groups units for the joint score."""

    id: Id
    name: Name
    level: UnitLevel
    kind: UnitKind
    parent_id: Id | None = None
    trade: Annotated[str, Field(max_length=64, pattern=NO_NUL)] | None = None
    areas: list[AreaId] = Field(default_factory=list, max_length=200)
    people: list[PersonIn] = Field(default_factory=list, max_length=500)

    def unit(self) -> Unit:
        people = tuple(
            Person(each.id, self.id, each.name, each.role, each.phone, each.escalation) for each in self.people
        )
        return Unit(
            self.id,
            self.name,
            self.level,
            self.kind,
            self.parent_id,
            self.trade,
            tuple(self.areas),
            active=True,
            people=people,
        )


class DirectoryIn(Body):
    """An import. With `replace` units and people that are not in it go out of service; without it they stay."""

    units: Annotated[list[UnitIn], Field(max_length=5000)]
    replace: bool = False


class DirectoryTaken(Answer):
    units: int
    people: int


class UnitOut(Answer):
    id: str
    name: str
    level: UnitLevel
    kind: UnitKind
    parent_id: str | None
    trade: str | None
    areas: tuple[str, ...]
    active: bool
    people: tuple[Person, ...]


class DirectoryOut(Answer):
    items: list[UnitOut]


class DirectoryFileError(TicketError):
    code = "directory_file"
    title = "The directory file cannot be used"


def read_directory(path: Path) -> list[Unit]:
    """The units in a file that has the shape of `PUT /api/v1/units`. Raises DirectoryFileError."""
    try:
        body = DirectoryIn.model_validate_json(path.read_bytes())
    except OSError as exc:
        raise DirectoryFileError(f"the directory file {path.name} cannot be read: {exc.strerror}") from exc
    except ValidationError as exc:
        first = field_problems(exc)[0]
        raise DirectoryFileError(
            f"the directory file {path.name} is not of the shape of PUT /units: {first.pointer} {first.message}"
        ) from exc
    return [each.unit() for each in body.units]


class CalendarDayIn(Body):
    """`works` is true for a Saturday or Sunday that is worked (调休), false for a day off."""

    day: date
    works: bool
    name: Annotated[str, Field(min_length=1, max_length=64, pattern=NO_NUL)]


class CalendarYearIn(Body):
    year: Annotated[int, Field(ge=2000, le=2100)]
    source: Annotated[str, Field(min_length=1, max_length=128, pattern=NO_NUL)]
    days: Annotated[list[CalendarDayIn], Field(max_length=400)]

    def checked(self) -> CalendarYear:
        """Raises InvalidValue."""
        return checked_year(
            self.year, self.source, [CalendarDay(each.day, each.works, each.name) for each in self.days]
        )


class CalendarIn(Body):
    """Years to import, each whole; a year that is known is replaced."""

    years: Annotated[list[CalendarYearIn], Field(min_length=1, max_length=20)]


class CalendarYearOut(Answer):
    year: int
    source: str
    days: tuple[CalendarDay, ...]


class CalendarOut(Answer):
    """Every year that is known. In other years the weekday rule holds and tickets are flagged."""

    years: list[CalendarYearOut]


class TokenCreate(Body):
    """`unit_id` is for the role `unit`, which acts for that unit only."""

    name: PersonName
    role: Role
    unit_id: Annotated[str, Field(min_length=1, max_length=64, pattern=NO_NUL)] | None = None


class TokenOut(Answer):
    id: str
    name: str
    role: Role
    unit_id: str | None
    created_at: AwareDatetime
    revoked_at: AwareDatetime | None

    @classmethod
    def of(cls, token: StoredToken) -> Self:
        return cls(**{name: getattr(token, name) for name in TokenOut.model_fields})


class TokenMade(Answer):
    """`token` is shown this once and kept nowhere."""

    token: str
    made: TokenOut


class TokenList(Answer):
    items: list[TokenOut]
