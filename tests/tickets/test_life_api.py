"""The lifecycle, the directory, the calendar and tokens over HTTP."""

import json
from typing import Any, get_args

import aiohttp
import pytest
from pydantic import ValidationError

from tests.fakes.tickets import FakeClock, a_body
from tests.tickets.conftest import Serving
from tests.tickets.test_ticket_api import TICKETS, Checked
from tickets.api.verbs import AnyVerb, EventCreate
from tickets.domain.commands import COMMANDS, Dispatch
from tickets.domain.roles import Role
from tickets.settings import TicketSettings

UNITS = "/api/v1/units"
CALENDAR = "/api/v1/calendar"
TOKENS = "/api/v1/tokens"
DIRECTORY: dict[str, Any] = {
    "units": [
        {"id": "u-8", "name": "城关镇", "level": "town", "kind": "town", "parent_id": "u-7", "areas": ["p1"]},
        {
            "id": "u-7",
            "name": "城市管理局",
            "level": "county",
            "kind": "department",
            "people": [
                {"id": "p1", "name": "王副局长", "role": "deputy-head", "phone": "0394-7220000", "escalation": 2},
                {"id": "p2", "name": "李局长", "role": "head", "phone": "13900000000", "escalation": 1},
            ],
        },
    ]
}


@pytest.fixture
def settings(settings: TicketSettings) -> TicketSettings:
    """With a token for the administrator, made by the service itself."""
    folder = settings.attachments_dir.parent
    files = {Role.ADMIN: folder / "admin.token", Role.MACHINE: folder / "machine.token"}
    return settings.model_copy(update={"token_files": files})


class Office(Checked):
    """Checked requests, each by one of several people."""

    def __init__(self, client: aiohttp.ClientSession, document: dict[str, Any]) -> None:
        super().__init__(client, document)
        self._keys = 0

    async def token(self, role: str, unit_id: str | None = None) -> dict[str, str]:
        status, made = await self("POST", TOKENS, json={"name": f"a {role}", "role": role, "unit_id": unit_id})
        assert status == 201
        return {"Authorization": f"Bearer {made['token']}"}

    async def event(self, number: str, verb: str, who: dict[str, str] | None = None, **fields: Any) -> tuple[int, Any]:
        self._keys += 1
        headers = {"Idempotency-Key": f"e{self._keys}", **(who or {})}
        return await self.on(number, "/events", json={"verb": verb, **fields}, headers=headers)


async def an_office(client: aiohttp.ClientSession) -> Office:
    office = await Office.of(client)
    assert isinstance(office, Office)
    assert (await office("PUT", UNITS, json=DIRECTORY)) == (200, {"units": 2, "people": 2})
    return office


@pytest.mark.requirement("TK-1", "TK-4", "RV-2")
async def test_each_does_their_part_and_the_ticket_shows_it(serving: Serving, clock: FakeClock) -> None:
    async with serving(clock=clock) as client:
        office = await an_office(client)
        unit, operator = await office.token("unit", "u-7"), await office.token("operator")
        _, made = await office.create(a_body("261122010001", "1.1"))
        number = made["number"]
        assert made["life"]["accountable"] == "王副局长"
        _, hidden = await office.on(number, "", "GET", headers=unit)
        assert hidden["caller"]["number"] == "138****0000"
        steps: list[tuple[str, dict[str, str], dict[str, Any]]] = [
            ("sign", unit, {"handler": "张三"}),
            ("contact", unit, {"channel": "phone", "person": "张三", "confirmed": "垃圾"}),
            ("answer", unit, {"channel": "in-person", "person": "张三", "text": "已清运"}),
            ("complete", unit, {"result": "已清运", "resolved": True}),
            (
                "visit",
                operator,
                {"reached": True, "contacted": True, "answered": True, "resolved": True, "satisfied": True},
            ),
        ]
        for verb, who, fields in steps:
            assert (await office.event(number, verb, who, **fields))[0] == 201
        status, shown = await office.on(number, "", "GET", headers=unit)
        assert (status, shown["state"], shown["history_whole"]) == (200, "closed", True)
        assert shown["caller"]["number"] == "13800000000"
        assert shown["life"]["visits"][0]["satisfied"] is True
        assert shown["due_at"] is None
        status, problem = await office.event(number, "sign", unit, handler="李四")
        assert (status, problem["code"], problem["allowed"]) == (409, "illegal_move", shown["allowed"])


async def test_roles_are_held_over_http(serving: Serving) -> None:
    async with serving() as client:
        office = await an_office(client)
        tokens = {role: await office.token(role) for role in ("leader", "operator", "supervisor", "machine")}
        other = await office.token("unit", "u-8")
        _, made = await office.create(a_body("261122010001", "1.1"))
        number = made["number"]
        sign = {"handler": "张三"}
        assert (await office.event(number, "note", tokens["leader"], text="看看"))[1]["code"] == "forbidden"
        assert (await office.event(number, "sign", tokens["supervisor"], **sign))[1]["code"] == "not_allowed"
        assert (await office.event(number, "sign", tokens["machine"], **sign))[1]["code"] == "not_allowed"
        assert (await office.event(number, "sign", other, **sign))[1]["code"] == "ticket_not_found"
        assert (await office.on(number, "", "GET", headers=other))[0] == 404
        assert (await office("GET", TICKETS, headers=other))[1]["items"] == []
        assert (await office("PUT", UNITS, json=DIRECTORY, headers=tokens["operator"]))[0] == 403
        assert (await office("GET", TOKENS, headers=tokens["machine"]))[0] == 403
        _, units = await office("GET", UNITS, headers=tokens["leader"])
        assert [unit["people"] for unit in units["items"]] == [[], []]
        _, seen = await office.on(number, "", "GET", headers=tokens["leader"])
        assert seen["caller"]["number"] == "138****0000"


async def test_tokens_are_shown_once_listed_without_secrets_and_end_when_revoked(
    serving: Serving, clock: FakeClock
) -> None:
    async with serving(clock=clock) as client:
        office = await an_office(client)
        for wrong in ({"name": "x", "role": "unit"}, {"name": "x", "role": "leader", "unit_id": "u-7"}):
            assert (await office("POST", TOKENS, json=wrong))[0] == 422
        leader = await office.token("leader")
        _, listed = await office("GET", TOKENS)
        secret = leader["Authorization"].rsplit("_", 1)[1]
        assert secret not in str(listed)
        token_id = leader["Authorization"].split("_")[1]
        assert (await office("GET", TICKETS, headers=leader))[0] == 200
        status, ended = await office("DELETE", f"{TOKENS}/{token_id}", f"{TOKENS}/{{token}}")
        assert (status, ended["revoked_at"] is not None) == (200, True)
        assert (await office("GET", TICKETS, headers=leader))[0] == 401
        assert (await office("DELETE", f"{TOKENS}/{'0' * 16}", f"{TOKENS}/{{token}}"))[0] == 404


@pytest.mark.requirement("TR-4", "DI-9")
async def test_the_directory_shows_who_to_call_at_any_hour(serving: Serving) -> None:
    async with serving() as client:
        office = await an_office(client)
        _, shown = await office("GET", UNITS)
        people = next(unit["people"] for unit in shown["items"] if unit["id"] == "u-7")
        assert sorted((each["escalation"], each["phone"]) for each in people) == [
            (1, "13900000000"),
            (2, "0394-7220000"),
        ]
        wrong = {"units": [*DIRECTORY["units"], DIRECTORY["units"][0]]}
        status, problem = await office("PUT", UNITS, json=wrong)
        assert (status, problem["code"]) == (422, "invalid_value")


@pytest.mark.requirement("DI-9")
async def test_a_directory_of_809_units_and_2700_people_is_imported_at_once(serving: Serving) -> None:
    people = [{"id": f"p{n}", "name": f"人员{n}", "role": "handler", "phone": f"1390000{n:04d}"} for n in range(2700)]
    units = [
        {"id": f"x{n}", "name": f"单位{n}", "level": "county", "kind": "department", "people": people[n::809]}
        for n in range(809)
    ]
    async with serving() as client:
        office = await Office.of(client)
        assert await office("PUT", UNITS, json={"units": units, "replace": True}) == (
            200,
            {"units": 809, "people": 2700},
        )
        _, shown = await office("GET", UNITS)
        assert len(shown["items"]) == 809


@pytest.mark.fault("F93")
async def test_a_missing_year_is_flagged_and_counted_until_it_is_imported(serving: Serving, clock: FakeClock) -> None:
    clock.advance(40 * 24 * 3600)
    async with serving(clock=clock) as client:
        office = await Office.of(client)
        _, made = await office.create(a_body("261122010001", "1.1"))
        assert made["life"]["flags"] == ["日历缺失"]
        assert [line["number"] for line in (await office("GET", f"{TICKETS}?flag=日历缺失"))[1]["items"]] == [
            made["number"]
        ]
        _, text = await office("GET", "/metrics")
        assert b"tickets_calendar_last_year 2026.0" in text
        assert b"tickets_deadlines_estimated_total 1.0" in text
        new_year = {"day": "2027-01-01", "works": False, "name": "元旦"}
        wrong = {"day": "2027-01-04", "works": True, "name": "补班"}
        year = {"year": 2027, "source": "国务院办公厅通知", "days": [new_year]}
        for days in ([new_year, wrong], [], [new_year, new_year]):
            assert (await office("PUT", CALENDAR, json={"years": [{**year, "days": days}]}))[0] == 422
        assert (await office("PUT", CALENDAR, json={"years": [year, year]}))[0] == 422
        assert 2027 not in [each["year"] for each in (await office("GET", CALENDAR))[1]["years"]]
        status, known = await office("PUT", CALENDAR, json={"years": [year]})
        assert (status, known["years"][-1]) == (200, year)
        _, second = await office.create(a_body("261122010002", "1.2"), "k2")
        assert second["life"]["flags"] == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"verb": "fly"},
        {"verb": "fall-due", "deadline": 1, "rung": "urge"},
        {"verb": "sign"},
        {"verb": "sign", "handler": ""},
        {"verb": "sign", "handler": "张三", "extra": 1},
        {"verb": "extend", "until": "2026-12-01T00:00:00", "reason": "无时区"},
        {"verb": "extend", "until": "0001-01-01T00:00:00+23:59", "reason": "古代"},
        {"verb": "extend", "until": "9999-12-31T23:59:59-23:59", "reason": "未来"},
        {"verb": "visit", "reached": "yes"},
        {"verb": "dispatch", "unit_id": "u-7", "joint": ["a"] * 21},
        {"verb": "link", "other": "1", "kind": "group"},
    ],
)
def test_bodies_that_are_no_verb_are_refused(body: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        EventCreate.model_validate_json(json.dumps(body))


def test_every_verb_that_can_be_sent_has_a_body_and_becomes_its_command() -> None:
    sent = {str(get_args(option.model_fields["verb"].annotation)[0]) for option in get_args(get_args(AnyVerb)[0])}
    assert sent == {verb.value for verb in COMMANDS} - {"fall-due"}
    body = {"verb": "dispatch", "unit_id": "u-7", "joint": ["u-8"]}
    assert EventCreate.model_validate_json(json.dumps(body)).command() == Dispatch("u-7", ("u-8",))


async def test_lists_filter_by_state_level_area_text_and_time_limit(serving: Serving, clock: FakeClock) -> None:
    async with serving(clock=clock) as client:
        office = await an_office(client)
        await office.create(a_body("261122010001", "1.1", level=1), "k1")
        await office.create(a_body("261122010002", "1.2", summary="路灯不亮"), "k2")
        clock.advance(3 * 3600)

        async def found(query: str) -> list[str]:
            status, page = await office("GET", f"{TICKETS}?{query}")
            assert status == 200
            return sorted(line["number"][-1] for line in page["items"])

        assert await found("overdue=true") == ["1"]
        assert await found("overdue=false&state=dispatched") == ["2"]
        assert await found("text=路灯") == ["2"]
        assert await found("area=解放路&level=1") == ["1"]
        assert await found("kind=complaint&channel=phone&concerns=u-7&supervised=true") == ["1", "2"]
        assert await found("special=突发事件") == []
        assert (await office("GET", f"{TICKETS}?overdue=perhaps"))[0] == 422


@pytest.mark.fault("F66")
async def test_a_repeated_request_is_proposed_for_merging_to_those_who_speak_with_callers(serving: Serving) -> None:
    async with serving() as client:
        office = await an_office(client)
        supervisor = await office.token("supervisor")
        await office.create(a_body("261122010001", "1.1"), "k1")
        await office.create(a_body("261122010002", "1.2"), "k2")
        status, found = await office.on("261122010002", "/similar?limit=5", "GET")
        assert (status, [each["ticket"]["number"] for each in found["items"]]) == (200, ["261122010001"])
        assert (found["items"][0]["same_caller"], found["items"][0]["same_matter"]) == (True, True)
        assert (await office.on("261122010002", "/similar", "GET", headers=supervisor))[0] == 403
        assert (await office.on("261122019999", "/similar", "GET"))[0] == 404
        assert (await office.event("261122010002", "merge", into="261122010001"))[0] == 201
        _, master = await office.on("261122010001", "", "GET")
        assert [link["kind"] for link in master["life"]["links"]] == ["duplicated-by"]


async def test_a_directory_file_is_taken_only_while_there_is_no_directory(
    serving: Serving, settings: TicketSettings
) -> None:
    file = settings.attachments_dir.parent / "directory.json"
    file.write_text(json.dumps(DIRECTORY), "utf-8")
    for name in ("城市管理局", "综合执法局"):
        async with serving(directory_file=file) as client:
            office = await Office.of(client)
            _, shown = await office("GET", UNITS)
            assert [unit["name"] for unit in shown["items"]] == [name, "城关镇"]
            renamed = {**DIRECTORY["units"][1], "name": "综合执法局"}
            assert (await office("PUT", UNITS, json={"units": [renamed]}))[0] == 200
