"""Files of a ticket on every path (F82, F83): listed, whole and in ranges, altered on disk, and who was handed what."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.tickets import FakeClock
from tests.tickets.conftest import Serving, held
from tests.tickets.edges import Town, town

WAV = b"RIFF\x24\0\0\0WAVEfmt " + bytes(range(256)) * 8
TICKET = {
    "channel": "phone",
    "source_line": "12345",
    "call": {"id": "1763784000.1", "linkedid": None, "started_at": "2026-11-22T12:00:00+08:00", "node": 1},
    "kind": "complaint",
    "category": {"l1": None, "l2": None, "problem": None},
    "level": 3,
    "summary": "垃圾",
    "caller": {"number": "13800000000", "confidential": False},
    "completeness": "complete",
}


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
async def place(serving: Serving, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Town]:
    async with held(town(serving, tmp_path, clock)) as opened:
        yield opened


async def a_recording(place: Town, key: str = "k1", call: str = "1") -> tuple[str, dict[str, Any]]:
    body = {**TICKET, "call": {**TICKET["call"], "id": call}}  # type: ignore[dict-item]  # a nested object
    async with place.machine.post("/api/v1/tickets", json=body, headers={"Idempotency-Key": key}) as response:
        number = (await response.json())["number"]
    headers = {
        "Idempotency-Key": "a",
        "Content-Type": "audio/wav",
        "X-Content-SHA256": hashlib.sha256(WAV).hexdigest(),
    }
    async with place.machine.post(f"/api/v1/tickets/{number}/attachments", data=WAV, headers=headers) as response:
        assert response.status == 201
        return number, await response.json()


async def test_files_are_listed_and_ranges_of_them_are_handed_out(place: Town) -> None:
    number, kept = await a_recording(place)
    async with place.machine.get(f"/api/v1/tickets/{number}/attachments") as response:
        assert (await response.json())["items"] == [kept]
    cases = [
        ({}, 200, WAV),
        ({"Range": "bytes=0-3"}, 206, b"RIFF"),
        ({"Range": "bytes=4-"}, 206, WAV[4:]),
        ({"Range": "bytes=-10"}, 206, WAV[-10:]),
        ({"Range": f"bytes={len(WAV)}-"}, 416, None),
    ]
    for headers, status, data in cases:
        async with place.machine.get(kept["url"], headers=headers) as response:
            assert response.status == status, headers
            assert data is None or await response.read() == data
            if status == 206:
                assert response.headers["Content-Range"].endswith(f"/{len(WAV)}")


@pytest.mark.fault("F83")
@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=0-3"}, {"Range": "bytes=-1"}])
async def test_an_altered_file_is_never_handed_out_in_whole_or_in_part(
    place: Town, tmp_path: Path, headers: dict[str, str]
) -> None:
    _, kept = await a_recording(place)
    (path,) = (each for each in (tmp_path / "attachments").rglob(kept["sha256"]))
    path.write_bytes(WAV[:-1] + b"\x00")
    async with place.machine.get(kept["url"], headers=headers) as response:
        problem = await response.json()
    assert (response.status, problem["code"]) == (409, "attachment_altered")
    assert "已被改动" in problem["title"]


@pytest.mark.fault("F82")
async def test_only_the_ids_of_this_very_ticket_lead_to_a_file(place: Town, tmp_path: Path) -> None:
    number, kept = await a_recording(place)
    other, _ = await a_recording(place, "k2", "2")
    (tmp_path / "secret").write_text("secret")
    names = (
        *("..", "../../secret", "%2e%2e%2fsecret", "..%2f..%2fsecret", "%00", "/etc/passwd", kept["sha256"]),
        *("secret", ".", f"{kept['id']}%00", kept["id"].upper() if kept["id"].upper() != kept["id"] else "0" * 32),
    )
    for name in names:
        url = f"{place.base}/api/v1/tickets/{number}/attachments/{name}"
        async with place.machine.get(url) as response:
            assert response.status in (404, 405), name
            assert b"secret" not in await response.read()
    async with place.machine.get(kept["url"].replace(number, other)) as response:
        assert response.status == 404


@pytest.mark.fault("F82")
async def test_a_link_in_the_store_leads_nowhere(place: Town, tmp_path: Path) -> None:
    _, kept = await a_recording(place)
    (path,) = (each for each in (tmp_path / "attachments").rglob(kept["sha256"]))
    elsewhere = tmp_path / "elsewhere"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    async with place.machine.get(kept["url"], headers={"Range": "bytes=0-3"}) as response:
        assert response.status == 404


async def test_who_was_handed_what_is_written_down(place: Town, clock: FakeClock) -> None:
    number, kept = await a_recording(place)
    for headers in ({}, {"Range": "bytes=0-3"}):
        clock.advance(1)
        async with place.machine.get(kept["url"], headers=headers) as response:
            await response.read()
    async with place.machine.get(f"/api/v1/tickets/{number}/accesses") as response:
        assert response.status == 403
    async with place.admin.get(f"/api/v1/tickets/{number}/accesses") as response:
        items = (await response.json())["items"]
    assert [(each["actor"], each["attachment_id"], each["part"]) for each in items] == [
        ("machine", kept["id"], "bytes=0-3"),
        ("machine", kept["id"], None),
    ]


async def test_calls_lead_to_their_tickets(place: Town, clock: FakeClock) -> None:
    first, _ = await a_recording(place)
    clock.advance(1)
    second, _ = await a_recording(place, "k2", "2")
    async with place.machine.get("/api/v1/calls", params={"limit": 1}) as response:
        page = await response.json()
    assert [each["tickets"][0]["number"] for each in page["items"]] == [second]
    async with place.machine.get("/api/v1/calls", params={"limit": 1, "cursor": page["next"]}) as response:
        page = await response.json()
    assert ([each["tickets"][0]["number"] for each in page["items"]], page["next"]) == ([first], None)
    async with place.machine.get("/api/v1/calls", params={"call_id": "2"}) as response:
        assert [each["id"] for each in (await response.json())["items"]] == ["2"]
