"""Open311 GeoReport v2, in JSON and XML: discovery, services, filing, following, refusals in its own shape."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.fakes.tickets import FakeClock
from tests.tickets.conftest import Serving, held
from tests.tickets.edges import SERVICES, Town, town
from tickets.domain.roles import Role
from tickets.settings_edges import Open311Settings

FORM = {
    "service_code": "garbage",
    "address_string": "和平路12号",
    "description": "楼下垃圾三天没有清运",
    "first_name": "明",
    "last_name": "李",
    "phone": "139-1234-5678",
    "email": "li@example.org",
    "attribute[place_detail]": "3号楼北侧",
}
PERSONAL = ("13912345678", "li@example.org", "李明", "和平路", "垃圾三天")

WRONG: list[tuple[dict[str, str], int, str]] = [
    ({"api_key": ""}, 403, "api_key was not provided"),
    ({"api_key": "hlt_0000000000000000_" + "A" * 43}, 403, "api_key was not provided or is not"),
    ({"service_code": ""}, 400, "service_code was not provided"),
    ({"service_code": "ufo"}, 404, "service_code was not found"),
    ({"jurisdiction_id": "sfgov.org"}, 404, "jurisdiction_id was not found"),
    ({"address_string": ""}, 400, "no location was provided"),
    ({"lat": "37.5"}, 400, "lat and long belong together"),
    ({"lat": "91", "long": "1"}, 400, "lat must be degrees"),
    ({"lat": "nan", "long": "1"}, 400, "lat must be degrees"),
    ({"phone": "<script>"}, 400, "phone has characters"),
    ({"media_url": "javascript:alert(1)"}, 400, "media_url is not"),
    ({"description": "长" * 4001}, 400, "4000 characters"),
    ({"attribute[ufo]": "1"}, 400, "has no attribute ufo"),
]

WRONG_QUERIES: list[dict[str, str]] = [
    {"start_date": "yesterday"},
    {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-11-01T00:00:00Z"},
    {"start_date": "2026-11-02T00:00:00Z", "end_date": "2026-11-01T00:00:00Z"},
    {"start_date": "9999-12-31T23:59:59-14:00"},
    {"status": "lost"},
    {"page_size": "0"},
    {"page": "1; DROP TABLE tickets"},
]


BOTH = pytest.mark.parametrize("database_url", ["sqlite_url", "postgres_url"], indirect=True)
"""For the tests that are about what the database answers; the others are about the interface and run on one."""


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(getattr(request, "param", "sqlite_url"))
    return url


@pytest.fixture
async def place(serving: Serving, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Town]:
    async with held(town(serving, tmp_path, clock)) as opened:
        yield opened


@pytest.fixture
async def key(place: Town) -> str:
    return await place.token(Role.PARTNER, "civic-app")


async def file(place: Town, form: dict[str, str], suffix: str = "json") -> tuple[int, Any]:
    async with place.anybody.post(f"/open311/v2/requests.{suffix}", data=form) as response:
        text = await response.text()
        return response.status, json.loads(text) if suffix == "json" else ElementTree.fromstring(text)  # noqa: S314


async def get(place: Town, path: str, **query: str) -> tuple[int, Any]:
    async with place.anybody.get(f"/open311/{path}", params=query) as response:
        text = await response.text()
        if path.endswith(".json"):
            assert response.headers["Content-Type"] == "application/json; charset=utf-8"
            return response.status, json.loads(text)
        assert response.headers["Content-Type"] == "text/xml; charset=utf-8"
        return response.status, ElementTree.fromstring(text)  # noqa: S314 - our own service's answer


async def test_apps_discover_the_endpoint_and_its_formats(place: Town) -> None:
    status, found = await get(place, "discovery.json")
    assert status == 200
    (endpoint,) = found["endpoints"]
    assert endpoint["url"] == f"{place.base}/open311/v2"
    assert endpoint["formats"] == ["text/xml", "application/json"]
    status, tree = await get(place, "v2/discovery.xml")
    assert [each.text for each in tree.iter("format")] == ["text/xml", "application/json"]


async def test_services_are_those_of_the_taxonomy_in_both_formats(place: Town) -> None:
    _, found = await get(place, "v2/services.json", jurisdiction_id="12345")
    assert [each["service_code"] for each in found] == ["garbage", "noise"]
    assert (found[0]["metadata"], found[0]["type"], found[0]["group"]) == (True, "realtime", "城乡建设")
    _, tree = await get(place, "v2/services.xml")
    assert tree.tag == "services"
    assert [each.findtext("description") for each in tree] == [each["description"] for each in SERVICES]
    _, definition = await get(place, "v2/services/garbage.json")
    assert [each["code"] for each in definition["attributes"]] == ["place_detail"]
    _, tree = await get(place, "v2/services/garbage.xml")
    assert tree.findtext("attributes/attribute/datatype") == "string"


@pytest.mark.requirement("IN-3", "IN-4")
@BOTH
async def test_a_request_is_filed_and_waits_for_review(place: Town, key: str) -> None:
    status, answer = await file(place, {**FORM, "api_key": key})
    assert status == 200, answer
    number = answer[0]["service_request_id"]
    assert answer[0]["account_id"] is None
    async with place.machine.get(f"/api/v1/tickets/{number}") as response:
        ticket = await response.json()
    assert (ticket["channel"], ticket["state"], ticket["unit_id"]) == ("open311", "under-review", "urban")
    assert ticket["caller"]["number"] == "13912345678"
    assert ticket["category"] == {"l1": "城乡建设", "l2": "城市建设和市政管理", "problem": "小区垃圾清运"}
    assert ticket["places"][0]["name"] == "和平路12号"
    assert "3号楼北侧" in ticket["note"]


@BOTH
async def test_the_same_words_sent_again_are_the_same_request(place: Town, key: str) -> None:
    first, second = [await file(place, {**FORM, "api_key": key}) for _ in range(2)]
    assert first == second
    _, other = await file(place, {**FORM, "description": "另一件事", "api_key": key})
    assert other[0]["service_request_id"] != first[1][0]["service_request_id"]


@BOTH
async def test_everybody_follows_a_request_but_only_its_app_sees_words_and_place(place: Town, key: str) -> None:
    _, answer = await file(place, {**FORM, "lat": "37.5", "long": "121.4", "api_key": key})
    number = answer[0]["service_request_id"]
    _, (shown,) = await get(place, f"v2/requests/{number}.json")
    assert (shown["status"], shown["service_name"]) == ("open", "小区垃圾清运")
    assert shown["extended_attributes"] == {"state": "under-review"}
    assert not [word for word in PERSONAL if word in json.dumps(shown, ensure_ascii=False)]
    assert shown["lat"] is None
    _, (full,) = await get(place, f"v2/requests/{number}.json", api_key=key)
    assert (full["description"], full["address"], full["lat"]) == (FORM["description"], "和平路12号", 37.5)
    stranger = await place.token(Role.PARTNER, "another-app")
    _, (hidden,) = await get(place, f"v2/requests/{number}.json", api_key=stranger)
    assert hidden["description"] is None


async def test_the_long_states_become_open_and_closed(place: Town, key: str) -> None:
    _, answer = await file(place, {**FORM, "api_key": key})
    number = answer[0]["service_request_id"]
    body = {"verb": "review", "accept": False, "reason": "重复"}
    async with place.admin.post(
        f"/api/v1/tickets/{number}/events", json=body, headers={"Idempotency-Key": "r1"}
    ) as response:
        assert response.status == 201, await response.text()
    _, (shown,) = await get(place, f"v2/requests/{number}.json")
    assert (shown["status"], shown["extended_attributes"]["state"]) == ("closed", "rejected")
    for status, count in (("open", 0), ("closed", 1), ("open,closed", 1), ("", 1)):
        _, found = await get(place, "v2/requests.json", status=status)
        assert len(found) == count


@BOTH
async def test_lists_are_narrowed_by_service_time_and_ids(place: Town, key: str, clock: FakeClock) -> None:
    numbers = []
    for code in ("garbage", "noise", "noise"):
        form = {"service_code": code, "lat": "37.5", "long": "121.4", "api_key": key, "description": str(len(numbers))}
        _, answer = await file(place, form)
        numbers.append(answer[0]["service_request_id"])
        clock.advance(3600)
    start = (clock.now() - timedelta(hours=2, minutes=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    cases = [
        ({}, numbers[::-1]),
        ({"service_code": "noise"}, numbers[:0:-1]),
        ({"service_code": "garbage,noise", "page_size": "2"}, numbers[:0:-1]),
        ({"service_code": "garbage,noise", "page_size": "2", "page": "2"}, numbers[:1]),
        ({"start_date": start}, numbers[:0:-1]),
        ({"end_date": start}, numbers[:1]),
        ({"service_request_id": f"{numbers[0]},{numbers[2]}", "status": "closed"}, [numbers[2], numbers[0]]),
        ({"service_request_id": "nonsense"}, []),
    ]
    for query, expected in cases:
        _, found = await get(place, "v2/requests.json", **query)
        assert [each["service_request_id"] for each in found] == expected, query


async def test_requests_in_xml_have_the_shape_of_the_specification(place: Town, key: str) -> None:
    status, tree = await file(place, {**FORM, "api_key": key}, "xml")
    assert (status, tree.tag, tree[0].tag) == (200, "service_requests", "request")
    number = tree.findtext("request/service_request_id")
    _, tree = await get(place, f"v2/requests/{number}.xml")
    assert tree.findtext("request/status") == "open"
    assert tree.findtext("request/requested_datetime") == "2026-11-22T12:00:00+08:00"
    assert tree.find("request/description") is not None


@BOTH
async def test_where_apps_are_told_tokens_a_token_leads_to_the_request(
    serving: Serving, tmp_path: Path, clock: FakeClock
) -> None:
    async with town(serving, tmp_path, clock, open311=Open311Settings(answer="token")) as place:
        key = await place.token(Role.PARTNER, "civic-app")
        assert {each["type"] for each in (await get(place, "v2/services.json"))[1]} == {"batch"}
        _, answer = await file(place, {**FORM, "api_key": key})
        token = answer[0]["token"]
        assert "service_request_id" not in answer[0]
        _, (found,) = await get(place, f"v2/tokens/{token}.json")
        assert found["token"] == token
        _, (shown,) = await get(place, f"v2/requests/{found['service_request_id']}.json")
        assert shown["status"] == "open"
        for wrong in ("0" * 32, found["service_request_id"], "%00"):
            assert (await get(place, f"v2/tokens/{wrong}.xml"))[0] == 404


async def test_what_is_wrong_is_refused_in_both_formats(place: Town, key: str) -> None:
    for change, status, words in WRONG:
        form = {"api_key": key, **FORM, **change}
        got, answer = await file(place, form)
        assert (got, answer[0]["code"]) == (status, status), change
        assert words in answer[0]["description"]
        got, tree = await file(place, form, "xml")
        assert (got, tree.tag, tree.findtext("error/code")) == (status, "errors", str(status))
        assert words in (tree.findtext("error/description") or "")


async def test_a_wrong_query_is_refused(place: Town) -> None:
    for query in WRONG_QUERIES:
        status, answer = await get(place, "v2/requests.json", **query)
        assert (status, answer[0]["code"]) == (400, 400), query


@pytest.mark.fault("F80")
async def test_guessing_keys_is_braked(place: Town) -> None:
    statuses = [(await file(place, {**FORM, "api_key": f"guess{n}"}))[0] for n in range(12)]
    assert set(statuses[:10]) == {403}
    assert statuses[-1] == 429


@pytest.mark.fault("F86", "F87")
async def test_a_hostile_form_is_refused_without_a_fault(place: Town, key: str) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Bearer {key}"}
    for body in (b"%ff=%fe", b"a=1&" * 500, "未编码=1".encode(), b"service_code=garbage%00&lat=1&long=1", b""):
        async with place.anybody.post("/open311/v2/requests.json", data=body, headers=headers) as response:
            assert response.status in (400, 404)
            assert (await response.json())[0]["code"] == response.status


@pytest.mark.fault("F84")
async def test_markup_and_control_characters_stay_inert_in_both_formats(place: Town, key: str) -> None:
    words = "</description><status>closed</status>&amp;\x1b[31m]]>"
    _, answer = await file(place, {**FORM, "description": words, "api_key": key})
    number = answer[0]["service_request_id"]
    _, tree = await get(place, f"v2/requests/{number}.xml", api_key=key)
    assert tree.findtext("request/description") == words.replace("\x1b", "")
    assert tree.findtext("request/status") == "open"
