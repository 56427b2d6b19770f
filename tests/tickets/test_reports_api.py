"""Reports over HTTP: forms, who may see whose figures, and what is refused."""

import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import openpyxl
import pytest

from tests.fakes.tickets import FakeClock
from tests.tickets.conftest import Serving, held
from tickets.domain.ids import CHINA
from tickets.domain.roles import Role
from tickets.reports.service import BUILDERS
from tickets.sample import load
from tickets.service.tokens import new_token
from tickets.settings import TicketSettings

UNTIL = datetime(2026, 11, 20, tzinfo=CHINA)
REPORTS = "/api/v1/reports"


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What differs between the databases is tested below the edge."""
    load(sqlite_url, tickets=150, units=24, handlers=60, until=UNTIL)
    return sqlite_url


@pytest.fixture
async def client(serving: Serving) -> AsyncIterator[aiohttp.ClientSession]:
    async with held(serving(clock=FakeClock(UNTIL.astimezone(UTC)))) as opened:
        yield opened


async def get(client: aiohttp.ClientSession, path: str, **options: Any) -> tuple[int, bytes, aiohttp.ClientResponse]:
    async with client.get(f"{REPORTS}{path}", **options) as response:
        return response.status, await response.read(), response


@pytest.mark.requirement("RP-2", "SU-1")
async def test_a_report_comes_in_the_form_that_was_asked_for(client: aiohttp.ClientSession) -> None:
    status, body, _ = await get(client, "/monthly?date=2026-10-05")
    value = json.loads(body)
    assert (status, value["from"], value["to"]) == (200, "2026-10-01", "2026-10-31")
    _, page, response = await get(client, "/monthly?date=2026-10-05", headers={"Accept": "text/html,*/*;q=0.8"})
    assert response.content_type == "text/html"
    assert "<script" not in page.decode("utf-8")
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    _, book, response = await get(client, "/ranking?date=2026-10-05&format=xlsx")
    assert 'filename="ranking-20261001-20261031.xlsx"' in response.headers["Content-Disposition"]
    assert openpyxl.load_workbook(io.BytesIO(book)).sheetnames[0] == "封面"
    _, text, _ = await get(client, "/daily?format=csv")
    assert text.startswith("\ufeff".encode())


async def test_every_report_answers_and_is_listed(client: aiohttp.ClientSession) -> None:
    listed = json.loads((await get(client, ""))[1])
    assert [each["name"] for each in listed["items"]] == list(BUILDERS)
    for name in BUILDERS:
        query = {"notice": "?unit=u0001", "topic": "?word=噪音"}.get(name, "")
        status, body, _ = await get(client, f"/{name}{query}")
        assert status == 200, body


@pytest.mark.requirement("RP-5")
async def test_a_topic_over_any_span_is_one_share(client: aiohttp.ClientSession) -> None:
    _, body, _ = await get(client, "/topic?from=2026-01-01&to=2026-11-19&word=噪音")
    figure = json.loads(body)["sections"][0]["figures"][0]
    assert figure["denominator"] > 0
    assert figure["value"] == pytest.approx(figure["numerator"] / figure["denominator"], abs=1e-6)


REFUSED = [
    ("/nonsense", 404, "report_not_found"),
    ("/daily?date=2026-13-01", 422, "invalid_query"),
    ("/daily?date=1700000000", 422, "invalid_query"),
    ("/daily?from=2026-01-01", 422, "invalid_query"),
    ("/daily?format=pdf", 422, "invalid_query"),
    ("/daily?colour=red", 422, "invalid_query"),
    ("/daily?date=0001-01-01", 422, "invalid_value"),
    ("/monthly?date=9999-12-31", 422, "invalid_value"),
    ("/daily?from=2026-02-01&to=2026-01-01", 422, "invalid_value"),
    ("/daily?from=2001-01-01&to=2199-01-01", 422, "invalid_value"),
    ("/notice", 422, "invalid_value"),
    ("/notice?unit=nobody", 422, "invalid_value"),
    ("/topic", 422, "invalid_value"),
    ("/daily?unit=a%00b", 422, "invalid_query"),
]


async def test_what_cannot_be_asked_is_refused_in_words(client: aiohttp.ClientSession) -> None:
    for path, status, code in REFUSED:
        found, body, _ = await get(client, path)
        assert (path, found, json.loads(body)["code"]) == (path, status, code)


async def mint(client: aiohttp.ClientSession, settings: TicketSettings, role: Role, unit: str | None) -> dict[str, str]:
    admin = settings.token_files[Role.ADMIN].read_text("ascii").strip()
    wanted = {"name": f"{role}-{unit}", "role": role.value, **({"unit_id": unit} if unit else {})}
    headers = {"Authorization": f"Bearer {admin}"}
    async with client.post("/api/v1/tokens", json=wanted, headers=headers) as response:
        assert response.status == 201, await response.text()
        return {"Authorization": f"Bearer {(await response.json())['token']}"}


async def test_a_unit_sees_its_own_figures_and_the_published_ranking_only(serving: Serving, tmp_path: Path) -> None:
    admin = tmp_path / "admin.token"
    admin.touch(mode=0o600)
    admin.write_text(new_token())
    files = {Role.MACHINE: tmp_path / "machine.token", Role.ADMIN: admin}
    settings = TicketSettings(token_files=files)
    async with serving(clock=FakeClock(UNTIL.astimezone(UTC)), token_files=files) as client:
        unit = await mint(client, settings, Role.UNIT, "u0001")
        status, body, _ = await get(client, "/monthly?date=2026-10-01", headers=unit)
        assert (status, json.loads(body)["subject"]) == (200, "承办单位 u0001")
        assert (await get(client, "/ranking?date=2026-10-01", headers=unit))[0] == 200
        for path in ("/monthly?unit=u0002", "/awards", "/exposure", "/brief", "/topic?word=a", "/ranking?unit=u0002"):
            assert (await get(client, path, headers=unit))[0] == 403
        leader = await mint(client, settings, Role.LEADER, None)
        assert (await get(client, "/brief", headers=leader))[0] == 200
        async with client.get(REPORTS, headers={"Authorization": "none"}) as response:
            assert response.status == 401


async def test_no_report_names_a_caller(client: aiohttp.ClientSession) -> None:
    for name in BUILDERS:
        query = {"notice": "?unit=u0001", "topic": "?word=噪音"}.get(name, "")
        assert b"1390000" not in (await get(client, f"/{name}{query}"))[1]
