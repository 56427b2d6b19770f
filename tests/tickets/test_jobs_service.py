"""The running service does what falls due: clocks run out, reports are kept, subscribers are told."""

import asyncio
import json
from datetime import datetime, time
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.tickets import FakeClock
from tests.tickets.conftest import Serving
from tests.tickets.edges import Town, town
from tests.tickets.test_public_files import TICKET
from tickets.domain.ids import CHINA
from tickets.settings_edges import JobSettings

QUICK = JobSettings(deadlines_every=60, poll=0.02, retry=0.05)
UNITS = [{"id": "u-7", "name": "城市管理局", "level": "county", "kind": "department", "people": []}]


async def a_dispatched_ticket(place: Town) -> str:
    async with place.admin.put("/api/v1/units", json={"units": UNITS}) as response:
        assert response.status == 200, await response.text()
    body = {**TICKET, "unit_id": "u-7", "unit": "城市管理局", "level": 1}
    async with place.machine.post("/api/v1/tickets", json=body, headers={"Idempotency-Key": "k"}) as response:
        made = await response.json()
        assert (response.status, made["state"]) == (201, "dispatched"), made
        return str(made["number"])


async def history(place: Town, number: str) -> list[dict[str, Any]]:
    async with place.machine.get(f"/api/v1/tickets/{number}") as response:
        found: list[dict[str, Any]] = (await response.json())["history"]
        return found


async def listed(place: Town) -> dict[str, dict[str, Any]]:
    async with place.admin.get("/api/v1/jobs") as response:
        return {each["name"]: each for each in (await response.json())["items"]}


async def until_ready(place: Town) -> None:
    async with asyncio.timeout(20):
        while "retention" not in await listed(place):
            await asyncio.sleep(0.02)


@pytest.mark.requirement("TK-2")
async def test_a_unit_that_does_not_sign_is_urged_once_a_step(
    serving: Serving, tmp_path: Path, clock: FakeClock
) -> None:
    async with town(serving, tmp_path, clock, jobs=QUICK) as place:
        await until_ready(place)
        number = await a_dispatched_ticket(place)
        clock.advance(3600)
        async with asyncio.timeout(20):
            while not (urged := [each for each in await history(place, number) if each["verb"] == "urge"]):
                await asyncio.sleep(0.02)
        for _ in range(3):
            before = (await listed(place))["deadlines"]["last_slot"]
            clock.advance(60)
            async with asyncio.timeout(20):
                while (await listed(place))["deadlines"]["last_slot"] == before:
                    await asyncio.sleep(0.02)
        steps = [
            (each["data"]["deadline"], each["data"]["rung"])
            for each in await history(place, number)
            if each["verb"] == "urge"
        ]
        assert len(steps) == len(set(steps)) >= len(urged)


@pytest.mark.requirement("RP-1", "RP-2", "SU-4")
async def test_reports_are_kept_when_their_time_has_come(serving: Serving, tmp_path: Path, clock: FakeClock) -> None:
    reports = tmp_path / "reports"
    async with town(serving, tmp_path, clock, jobs=QUICK, reports_dir=reports, busy_timeout=5.0) as place:
        await until_ready(place)
        await a_dispatched_ticket(place)
        clock.time = datetime.combine(datetime(2026, 12, 1, tzinfo=CHINA).date(), time(18), CHINA)
        wanted = {"brief", "daily", "monthly", "notices", "weekly", "retention"}
        async with asyncio.timeout(40):
            while wanted - {name for name, line in (await listed(place)).items() if line["last_outcome"] == "done"}:
                # Time goes on, so that what the store could not take at once is tried again.
                clock.advance(0.05)
                await asyncio.sleep(0.05)
    days = {"brief": "2026-12-01", "daily": "2026-12-01", "monthly": "2026-12-01", "weekly": "2026-11-30"}
    for kind, day in days.items():
        kept = {path.suffix for path in (reports / kind / day).iterdir()}
        assert kept == {".html", ".xlsx", ".json"}, kind
    (monthly,) = (reports / "monthly" / "2026-12-01").glob("*.json")
    assert json.loads(monthly.read_text("utf-8"))["from"] == "2026-11-01"
    (notice,) = (reports / "notices" / "2026-12-01").iterdir()
    assert "城市管理局" in notice.read_text("utf-8")
