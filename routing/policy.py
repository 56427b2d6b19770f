"""Dispatch: from a request to the units that handle it, the limits that run and the reasons for each. Pure.

In this order: whoever was dispatched first stays responsible (首派负责); local matters go straight to the street or
town; everything else goes to the department that owns the type. Rules of `policy.toml` then add units dispatched at the
same time (双派), assisting ones and those a street may whistle for (吹哨). Load decides only between streets that are
equally right, as at a crossing on a border. What depends on the hour is decided only where the hour is given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol, TypedDict, Unpack

from routing.assignment import Assignment, Limits, Window
from routing.decision import RequestKind
from routing.policy_file import PolicyData, load_policy
from routing.taxonomy import Problem, Route, Taxonomy

_MOST_URGENT: Final = 1
_UNSORTED_LEVEL: Final = 3


class Calendar(Protocol):
    """Working hours of the service counters, holidays and make-up days included."""

    def is_working(self, moment: datetime) -> bool: ...


class Load(Protocol):
    """How much a unit has in hand."""

    def open_tickets(self, unit: str) -> int: ...


class Known(TypedDict, total=False):
    """What is known of a request beside its problem type; the fields of `Request`."""

    streets: tuple[str, ...]
    equal_streets: bool
    endangered: bool
    first: str
    words: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Request:
    """What dispatch needs to know. `problem` is None while the matter is unknown; `owner` is the department of its
    type, `partners` are the type's further units, `both` asks for street and department at once; `streets` are those in
    charge of the places said, the likeliest first; `first` is the unit dispatched before, if this is not the first
    time; `words` are the caller's, simplified; `at` is aware, None where only words count."""

    problem: str | None
    l1: str
    l2: str
    kind: RequestKind
    owner: str
    local: bool
    level: int
    special: str = ""
    both: bool = False
    partners: tuple[str, ...] = ()
    streets: tuple[str, ...] = ()
    equal_streets: bool = False
    endangered: bool = False
    first: str = ""
    words: str = ""
    at: datetime | None = None

    @classmethod
    def about(cls, problem: Problem | None, kind: RequestKind, **known: Unpack[Known]) -> "Request":
        """A request of a problem type of the taxonomy, or of none."""
        if problem is None:
            return cls(None, "", "", kind, "", local=False, level=_UNSORTED_LEVEL, **known)
        category = problem.category
        return cls(
            *(category.id, category.l1, category.l2, kind, problem.unit, problem.local, problem.level),
            special=problem.special,
            both=problem.route is Route.BOTH,
            partners=problem.joint,
            **known,
        )


class OfficeHours:
    """The policy's own hours on weekdays: for when no calendar with holidays is at hand."""

    def __init__(self, data: PolicyData) -> None:
        self._data = data

    def is_working(self, moment: datetime) -> bool:
        local = moment.astimezone(self._data.zone)
        return local.isoweekday() in self._data.days and any(
            start <= local.time() < end for start, end in self._data.hours
        )


class Policy:
    """Immutable after `load`."""

    def __init__(self, data: PolicyData, names: Mapping[str, str]) -> None:
        self.data = data
        self._names = names
        self._hours = OfficeHours(data)

    @classmethod
    def load(cls, path: Path, taxonomy: Taxonomy) -> "Policy":
        """Raises `routing.errors.DataError` with every fault of the file."""
        return cls(load_policy(path, taxonomy), {name: unit.name for name, unit in taxonomy.units.items()})

    def assign(self, request: Request, calendar: Calendar | None = None, load: Load | None = None) -> Assignment:
        """Without a calendar the file's own hours count, without a load the first of equal streets is taken."""
        reasons: list[str] = []
        main, direct, others = self._main(request, load, reasons)
        joint = self._joint(request, main, reasons)
        assisting = self._assisting(request, direct, others, (main, *joint), reasons)
        whistle = self._whistle(request, direct, (main, *joint, *assisting), reasons)
        level = self._level(request, reasons)
        special = self.data.specials.get(request.special)
        if special:
            reasons.append(f"专项清单：{special.name}，即派即办，由{special.owner}负责")
        return Assignment(
            main=main,
            joint=joint,
            assisting=assisting,
            whistle=whistle,
            direct=direct,
            level=level,
            limits=self.data.levels[level],
            special=request.special if special else "",
            supervised=bool(special and special.supervised) or level == _MOST_URGENT,
            confidential=self._confidential(request, reasons),
            window=self._window(request, calendar, reasons),
            reasons=tuple(reasons),
        )

    def limits(self, level: int) -> Limits:
        """Raises KeyError for anything but 1 to 4."""
        return self.data.levels[level]

    def _main(self, request: Request, load: Load | None, reasons: list[str]) -> tuple[str, bool, tuple[str, ...]]:
        """The responsible unit, whether it is a street reached directly, and units that help it as a consequence."""
        if request.first:
            reasons.append(f"首派负责：{self._name(request.first)}负责到底")
            owner = (request.owner,) if request.owner else ()
            return request.first, request.first in request.streets, owner
        if request.problem is None:
            reasons.append("事项未定，分清后再派")
            return "", False, ()
        if not request.local or request.kind is RequestKind.ENQUIRY:
            reasons.append(f"职能部门：{self._name(request.owner)}")
            return request.owner, False, ()
        if not request.streets:
            reasons.append(f"属地未明，先派职能部门：{self._name(request.owner)}")
            return request.owner, False, ()
        street, others = self._street(request, load, reasons)
        return street, True, others

    def _street(self, request: Request, load: Load | None, reasons: list[str]) -> tuple[str, tuple[str, ...]]:
        streets = request.streets
        if not request.equal_streets or len(streets) == 1:
            reasons.append(f"属地办理，直派：{self._name(streets[0])}")
            return streets[0], ()
        street = min(streets, key=load.open_tickets) if load else streets[0]
        why = "在办件较少" if load else "先说到"
        reasons.append(f"交界处，{why}，直派：{self._name(street)}")
        return street, tuple(other for other in streets if other != street)

    def _joint(self, request: Request, main: str, reasons: list[str]) -> tuple[str, ...]:
        """The other half of a double dispatch, street or department, and units named by a rule."""
        found: list[str] = []
        if not main:
            return ()
        doubled = request.both and request.kind is not RequestKind.ENQUIRY
        why: list[tuple[tuple[str, ...], str]] = [((), "街道与部门同时派")] if doubled else []
        why += [(rule.units, rule.reason) for rule in self.data.rules["joint"] if rule.fits(request)]
        for units, reason in why:
            also = dict.fromkeys((request.owner, *request.streets[:1], *units))
            added = [unit for unit in also if unit not in (main, *found)]
            if added:
                found += added
                reasons.append(f"双派：{self._list(added)}（{reason}）")
        return tuple(found)

    def _assisting(
        self, request: Request, direct: bool, others: Sequence[str], taken: Sequence[str], reasons: list[str]
    ) -> tuple[str, ...]:
        """Those that follow from the main unit, the type's partners where a department is in charge, and rules'."""
        partners = request.partners if not direct and taken[0] else ()
        rules = [rule for rule in self.data.rules["assist"] if taken[0] and rule.fits(request)]
        every = (*others, *partners, *(unit for rule in rules for unit in rule.units))
        found = tuple(dict.fromkeys(unit for unit in every if unit not in taken))
        if found:
            why = "；".join(rule.reason for rule in rules if set(rule.units) & set(found))
            reasons.append(f"协办：{self._list(found)}" + (f"（{why}）" if why else ""))
        return found

    def _whistle(self, request: Request, direct: bool, taken: Sequence[str], reasons: list[str]) -> tuple[str, ...]:
        if not direct:
            return ()
        named = (unit for rule in self.data.rules["whistle"] if rule.fits(request) for unit in rule.units)
        units = tuple(dict.fromkeys(unit for unit in (*request.partners, *named) if unit not in taken))
        if units:
            reasons.append(f"可吹哨：{self._list(units)}")
        return units

    def _level(self, request: Request, reasons: list[str]) -> int:
        if request.endangered:
            reasons.append("涉及人身或财产安全，按一级响应")
            return _MOST_URGENT
        special = self.data.specials.get(request.special)
        level = min(request.level, special.level) if special else request.level
        if level < request.level:
            reasons.append(f"专项清单，按{level}级响应")
        return level

    def _confidential(self, request: Request, reasons: list[str]) -> bool:
        asked = next((phrase for phrase in self.data.confidential_phrases if phrase in request.words), "")
        if asked:
            reasons.append(f"来电人要求保密：{asked}")
            return True
        rule = next((rule for rule in self.data.rules["confidential"] if rule.fits(request)), None)
        if rule:
            reasons.append(f"按规定保密：{rule.reason}")
        return rule is not None

    def _window(self, request: Request, calendar: Calendar | None, reasons: list[str]) -> Window | None:
        """For an enquiry in working hours: the counter for its type, else one of the owner's."""
        if request.kind is not RequestKind.ENQUIRY or request.problem is None or request.at is None:
            return None
        if not (calendar or self._hours).is_working(request.at):
            return None
        own = [desk for desk in self.data.windows if desk.window.unit == request.owner]
        fits = [desk for desk in own if request.problem in desk.problems] or [d for d in own if not d.problems]
        if not fits:
            return None
        reasons.append(f"工作时间，可三方通话：{fits[0].window.name}")
        return fits[0].window

    def _name(self, unit: str) -> str:
        return self._names.get(unit, unit)

    def _list(self, units: Sequence[str]) -> str:
        return "、".join(self._name(unit) for unit in units)
