"""Dispatch by behaviour: who answers for a request, who helps, by when, and why."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.decision import RequestKind
from routing.errors import DataError
from routing.policy import Policy, Request
from routing.policy_file import load_policy
from routing.router import DATA_DIR
from routing.taxonomy import Taxonomy

SHANGHAI = ZoneInfo("Asia/Shanghai")
WEDNESDAY_TEN = datetime(2026, 3, 4, 10, 0, tzinfo=SHANGHAI)


class Hours:
    def __init__(self, *, working: bool) -> None:
        self.working = working

    def is_working(self, moment: datetime) -> bool:
        return self.working


class InHand:
    def __init__(self, **tickets: int) -> None:
        self.tickets = tickets

    def open_tickets(self, unit: str) -> int:
        return self.tickets.get(unit.replace("-", "_"), 0)


@pytest.fixture(scope="module")
def taxonomy() -> Taxonomy:
    return Taxonomy.load(DATA_DIR)


@pytest.fixture(scope="module")
def policy(taxonomy: Taxonomy) -> Policy:
    return Policy.load(DATA_DIR / "policy.toml", taxonomy)


def request(problem: str, taxonomy: Taxonomy, **changes: object) -> Request:
    found = taxonomy.problems[problem]
    base = Request(
        problem=problem,
        l1=found.category.l1,
        l2=found.category.l2,
        kind=found.kind,
        owner=found.unit,
        local=found.local,
        level=found.level,
        special=found.special,
    )
    return replace(base, **changes)  # type: ignore[arg-type]  # the fields' own types, checked by the dataclass' users


@pytest.mark.requirement("DI-3")
def test_local_matter_goes_straight_to_the_street(policy: Policy, taxonomy: Taxonomy) -> None:
    found = policy.assign(request("garbage", taxonomy, streets=("st-nanqiao", "tn-shimo")))
    assert (found.main, found.direct) == ("st-nanqiao", True)
    assert "属地办理，直派：南桥街道办事处" in found.reasons


def test_local_matter_without_a_place_waits_with_the_department(policy: Policy, taxonomy: Taxonomy) -> None:
    found = policy.assign(request("garbage", taxonomy))
    assert (found.main, found.direct, found.whistle) == ("urban-management", False, ())


def test_professional_matter_and_enquiry_go_to_the_department(policy: Policy, taxonomy: Taxonomy) -> None:
    assert policy.assign(request("street-light", taxonomy, streets=("st-xidu",))).main == "urban-management"
    enquiry = request("garbage", taxonomy, streets=("st-xidu",), kind=RequestKind.ENQUIRY)
    assert policy.assign(enquiry).main == "urban-management"


@pytest.mark.requirement("DI-2")
def test_whoever_was_first_stays_responsible(policy: Policy, taxonomy: Taxonomy) -> None:
    again = request("garbage", taxonomy, first="st-xidu", streets=("st-nanqiao",))
    found = policy.assign(again)
    assert found.main == "st-xidu"
    assert "urban-management" in found.assisting
    assert any("首派负责" in reason for reason in found.reasons)


@pytest.mark.requirement("DI-5")
def test_double_dispatch_reaches_street_and_department(policy: Policy, taxonomy: Taxonomy) -> None:
    found = policy.assign(request("illegal-building", taxonomy, streets=("st-xidu",)))
    assert (found.main, found.joint) == ("st-xidu", ("urban-management",))
    doubled = policy.assign(request("garbage", taxonomy, streets=("tn-liupu",), both=True))
    assert (doubled.main, doubled.joint) == ("tn-liupu", ("urban-management",))
    sand = policy.assign(request("mining", taxonomy, streets=("tn-liupu",)))
    assert (sand.main, sand.joint) == ("natural-resources", ("tn-liupu", "water"))


def test_double_dispatch_without_a_place_names_nobody_twice(policy: Policy, taxonomy: Taxonomy) -> None:
    assert policy.assign(request("illegal-building", taxonomy, both=True)).joint == ()


@pytest.mark.requirement("DI-4")
def test_a_street_in_charge_may_whistle_for_departments(policy: Policy, taxonomy: Taxonomy) -> None:
    matter = request("illegal-building", taxonomy, streets=("st-xidu",), partners=("natural-resources",))
    assert policy.assign(matter).whistle == ("natural-resources", "police")
    assert policy.assign(replace(matter, partners=("urban-management",))).whistle == ("police",)  # sent already


def test_partners_assist_a_department_in_charge(policy: Policy, taxonomy: Taxonomy) -> None:
    found = policy.assign(request("elevator", taxonomy, local=False, partners=("housing",)))
    assert (found.main, found.assisting, found.whistle) == ("market", ("housing",), ())
    assert "协办：住房和城乡建设局" in found.reasons


@pytest.mark.requirement("DI-8")
def test_special_list_is_supervised_and_at_its_level(policy: Policy, taxonomy: Taxonomy) -> None:
    found = policy.assign(request("minimum-living", taxonomy, level=4, streets=("tn-shimo",)))
    assert (found.special, found.supervised, found.level) == ("poverty", True, 4)
    assert any("分管负责人" in reason for reason in found.reasons)
    sudden = policy.assign(request("road-damage", taxonomy, special="sudden"))
    assert (sudden.level, sudden.supervised) == (1, True)


@pytest.mark.requirement("DI-6")
@pytest.mark.parametrize(
    ("level", "answer", "working"),
    [
        *((1, timedelta(hours=2), False), (2, timedelta(hours=24), False)),
        *((3, timedelta(days=7), True), (4, timedelta(days=15), True)),
    ],
)
def test_four_levels_have_their_limits(
    policy: Policy, taxonomy: Taxonomy, level: int, answer: timedelta, working: bool
) -> None:
    found = policy.assign(request("pension", taxonomy, level=level))
    assert (found.limits.answer, found.limits.working_days) == (answer, working)
    assert timedelta(0) < found.limits.sign <= found.limits.answer


def test_danger_is_always_the_first_level(policy: Policy, taxonomy: Taxonomy) -> None:
    found = policy.assign(request("pension", taxonomy, endangered=True))
    assert (found.level, found.supervised) == (1, True)


@pytest.mark.requirement("IN-7")
def test_enquiry_in_working_hours_may_be_joined_by_a_counter(policy: Policy, taxonomy: Taxonomy) -> None:
    asked = request("household", taxonomy, at=WEDNESDAY_TEN)
    found = policy.assign(asked, Hours(working=True))
    assert found.window is not None
    assert (found.window.unit, found.window.number) == ("police", "6121")
    assert policy.assign(asked, Hours(working=False)).window is None
    assert policy.assign(replace(asked, kind=RequestKind.COMPLAINT), Hours(working=True)).window is None
    assert policy.assign(replace(asked, at=None), Hours(working=True)).window is None


@pytest.mark.parametrize(
    ("moment", "open_"),
    [
        (WEDNESDAY_TEN, True),
        (WEDNESDAY_TEN.astimezone(UTC), True),
        (WEDNESDAY_TEN.replace(hour=12, minute=30), False),
        (WEDNESDAY_TEN.replace(hour=20), False),
        (WEDNESDAY_TEN + timedelta(days=3), False),
    ],
)
def test_without_a_calendar_the_files_own_hours_count(
    policy: Policy, taxonomy: Taxonomy, moment: datetime, open_: bool
) -> None:
    assert (policy.assign(request("household", taxonomy, at=moment)).window is not None) is open_


def test_a_unit_without_a_counter_offers_none(policy: Policy, taxonomy: Taxonomy) -> None:
    asked = request("corruption", taxonomy, kind=RequestKind.ENQUIRY, at=WEDNESDAY_TEN)
    assert policy.assign(asked, Hours(working=True)).window is None


@pytest.mark.parametrize(
    ("problem", "changes", "kept"),
    [
        ("garbage", {}, False),
        ("garbage", {"words": "我要举报但是请你们给我保密"}, True),
        ("corruption", {}, True),
        ("public-order", {"kind": RequestKind.REPORT}, True),
        ("public-order", {"kind": RequestKind.ENQUIRY}, False),
    ],
)
def test_caller_is_kept_confidential_when_asked_or_by_rule(
    policy: Policy, taxonomy: Taxonomy, problem: str, changes: dict[str, object], kept: bool
) -> None:
    assert policy.assign(request(problem, taxonomy, **changes)).confidential is kept


def test_load_decides_only_between_equally_right_streets(policy: Policy, taxonomy: Taxonomy) -> None:
    load = InHand(st_xidu=90, st_nanqiao=3)
    streets = ("st-xidu", "st-nanqiao")
    border = request("garbage", taxonomy, streets=streets, equal_streets=True)
    found = policy.assign(border, load=load)
    assert (found.main, found.assisting) == ("st-nanqiao", ("st-xidu",))
    assert policy.assign(border).main == "st-xidu"
    assert policy.assign(replace(border, equal_streets=False), load=load).main == "st-xidu"


def test_an_unknown_matter_has_no_unit_yet_and_says_so(policy: Policy) -> None:
    found = policy.assign(Request(None, "", "", RequestKind.COMPLAINT, "", local=False, level=3))
    assert found.main == ""
    assert found.joint == found.assisting == found.whistle == ()
    assert found.reasons[0] == "事项未定，分清后再派"


@given(st.data())
def test_every_request_has_one_responsible_unit_and_no_unit_twice(
    policy: Policy, taxonomy: Taxonomy, data: st.DataObject
) -> None:
    streets = st.lists(st.sampled_from(["st-xidu", "st-nanqiao", "tn-shimo"]), unique=True, max_size=3).map(tuple)
    asked = request(
        data.draw(st.sampled_from(sorted(taxonomy.problems))),
        taxonomy,
        kind=data.draw(st.sampled_from(list(RequestKind))),
        streets=data.draw(streets),
        equal_streets=data.draw(st.booleans()),
        first=data.draw(st.sampled_from(["", "st-xidu", "police"])),
        endangered=data.draw(st.booleans()),
        at=data.draw(st.sampled_from([None, WEDNESDAY_TEN])),
    )
    found = policy.assign(asked)
    units = (found.main, *found.joint, *found.assisting)
    assert found.main in taxonomy.units
    assert len(set(units)) == len(units)
    assert set(units) | set(found.whistle) <= set(taxonomy.units)
    assert found.reasons
    assert found.level <= asked.level
    assert policy.assign(asked) == found


def test_every_special_list_of_the_taxonomy_is_in_the_policy(policy: Policy, taxonomy: Taxonomy) -> None:
    assert {p.special for p in taxonomy.problems.values()} - {""} <= set(policy.data.specials)


def test_every_fault_of_a_bad_policy_is_listed_with_its_line(tmp_path: Path, taxonomy: Taxonomy) -> None:
    text = (DATA_DIR / "policy.toml").read_text(encoding="utf-8")
    text = text.replace("answer_hours = 2\n", "answer_hours = -2\n").replace('unit = "tax"', 'unit = "taxes"')
    text = text.replace('units = ["police"]', 'units = ["sheriff"]', 1).replace('"17:30"', '"13:00"')
    path = tmp_path / "policy.toml"
    path.write_text(text + '\n[[joint]]\nreason = "x"\ncolour = "red"\n\n[unheard]\nof = 1\n', encoding="utf-8")
    with pytest.raises(DataError) as caught:
        load_policy(path, taxonomy)
    faults = [str(fault) for fault in caught.value.faults]
    lines = text.splitlines()
    for expected in (
        "hours 1: each of spans must end",
        "level 1: needs whole minutes",
        "unknown: units 'sheriff'",
        "unknown unit or problems: taxes",
        "unknown key 'colour'",
        "names no problems, l1, l2 or special",
        "unknown entry 'unheard'",
    ):
        assert any(expected in fault for fault in faults), (expected, faults)
    assert any(fault.startswith(f"policy.toml:{lines.index('[hours]') + 1}: ") for fault in faults)


@pytest.mark.parametrize(("text", "message"), [("version = \n", "policy.toml:1: is no TOML"), ("", "needs one table")])
def test_what_is_no_policy_is_refused(tmp_path: Path, taxonomy: Taxonomy, text: str, message: str) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=message):
        load_policy(path, taxonomy)


def test_a_missing_policy_is_refused(tmp_path: Path, taxonomy: Taxonomy) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        load_policy(tmp_path / "none.toml", taxonomy)


def test_the_guides_table_of_levels_is_the_shipped_one(policy: Policy) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "routing.md").read_text(encoding="utf-8")
    for level, limits in policy.data.levels.items():
        days, hours = limits.answer.days, int(limits.answer.total_seconds() // 3600)
        answer = f"{days} working days" if limits.working_days else f"{hours} h"
        minutes = int(limits.sign.total_seconds() // 60)
        sign = f"{minutes // 60} h" if minutes >= 60 else f"{minutes} min"
        assert any(line.startswith(f"| {level} | {sign} |") and f"| {answer} |" in line for line in guide.splitlines())
