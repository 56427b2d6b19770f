"""Public client libraries, as they come from the package index, file and follow a request against the running service.

`georeport` follows; `three` also files. `three` was written for an older Python and asks for `itertools.ifilter`, which
is today's `filter`: the test puts that name back, the library itself is not touched.
"""

import asyncio
import importlib
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.tickets import FakeClock
from tests.tickets.conftest import Serving
from tests.tickets.edges import town
from tickets.domain.roles import Role

georeport = pytest.importorskip("georeport")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(itertools, "ifilter", filter, raising=False)
    yield pytest.importorskip("three")
    importlib.invalidate_caches()


async def test_a_public_client_library_files_and_follows_a_request(
    serving: Serving, tmp_path: Path, clock: FakeClock, three: Any
) -> None:
    async with town(serving, tmp_path, clock) as place:
        key = await place.token(Role.PARTNER, "civic-app")

        def use() -> str:
            client = three.Three(f"{place.base}/open311/v2", api_key=key, jurisdiction="12345")
            with client.session:
                assert client.discovery()["endpoints"][0]["url"] == f"{place.base}/open311/v2"
                assert [each["service_code"] for each in client.services()] == ["garbage", "noise"]
                assert client.services("garbage")["attributes"][0]["code"] == "place_detail"
                posted = client.post(
                    "garbage", address="和平路12号", name="Ming Li", phone="13912345678", description="垃圾没有清运"
                )
                number = str(posted[0]["service_request_id"])
                (shown,) = client.request(number)
                assert (shown["service_request_id"], shown["status"]) == (number, "open")
                listed = client.requests("garbage", between=["11-01-2026", "11-30-2026"], count=5)
                assert [each["service_request_id"] for each in listed] == [number]
            return number

        number = await asyncio.to_thread(use)
        headers = {"Idempotency-Key": "r1"}
        body = {"verb": "review", "accept": False, "reason": "测试"}
        async with place.admin.post(f"/api/v1/tickets/{number}/events", json=body, headers=headers) as response:
            assert response.status == 201, await response.text()

        def follow(form: str) -> list[tuple[str, str]]:
            client = georeport.GeoReport(f"{place.base}/open311/v2", jurisdiction="12345", output_format=form)
            one = client.get_service_request(number)
            services = client.get_service_list()
            assert [each["service_code"] for each in services] == ["garbage", "noise"]
            assert client.get_service_definition("garbage")["service_code"] == "garbage"
            several = client.get_service_requests(status="closed")
            many = several if isinstance(several, list) else [several]
            return [(each["service_request_id"], each["status"]) for each in (one, *many)]

        for form in ("json", "xml"):
            assert await asyncio.to_thread(follow, form) == [(number, "closed")] * 2
