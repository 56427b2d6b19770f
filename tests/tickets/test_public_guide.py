"""The guide for integrators says what the service does: routes, roles, times and its program are held to the code."""

import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.tickets.conftest import Serving, held
from tests.tickets.edges import Town, town
from tickets.domain.roles import Role
from tickets.service.signing import key_of, new_secret, signature
from tickets.service.webhooks import BACK_OFF
from tickets.settings_edges import JobSettings, PublicSettings, RetentionSettings, WebhookSettings

GUIDE = Path(__file__).parents[2].joinpath("docs", "api.md").read_text("utf-8")


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    return sqlite_url


@pytest.fixture
async def place(serving: Serving, tmp_path: Path) -> AsyncIterator[Town]:
    async with held(town(serving, tmp_path)) as opened:
        yield opened


async def test_every_route_of_the_guide_exists(place: Town) -> None:
    async with place.anybody.get("/api/v1/openapi.json") as response:
        paths = set((await response.json())["paths"])
    named = set(re.findall(r"(/(?:api/v1|public)[a-z0-9/{}.-]*)", GUIDE)) - {"/api/v1", "/public"}
    assert named
    assert named <= paths


def test_every_role_is_explained() -> None:
    explained = set(re.findall(r"^\| `([a-z]+)` \|", GUIDE, re.M))
    assert explained >= {role.value for role in Role}


def test_times_are_those_of_the_settings() -> None:
    jobs, retention, public = JobSettings(), RetentionSettings(), PublicSettings()
    assert (jobs.deadlines_every, jobs.lease, jobs.weekly_on, jobs.monthly_on) == (30, 60, 1, 1)
    for at in (jobs.brief_at, jobs.daily_at, jobs.weekly_at, jobs.monthly_at, jobs.retention_at):
        assert f"{at:%H:%M}" in GUIDE
    assert f"recordings {retention.recordings_days}" in GUIDE
    assert {retention.documents_days, retention.callers_days, retention.words_days} == {1825}
    assert (public.failures_per_minute, public.failures_per_number) == (10, 20)
    assert WebhookSettings().timeout == 10


def test_the_back_off_is_spelled_out() -> None:
    spelled = re.search(r"tried again after (.+?),\s+with the same id", GUIDE, re.S)
    assert spelled is not None
    units = {"s": 1, "min": 60, "h": 3600}
    found = [int(count) * units[unit] for count, unit in re.findall(r"(\d+) (s|min|h)\b", spelled[1])]
    assert tuple(found) == BACK_OFF


def test_the_guide_s_own_program_verifies_what_the_service_signs() -> None:
    program = re.search(r"```python\n(.+?)```", GUIDE, re.S)
    assert program is not None
    names: dict[str, object] = {}
    exec(program[1], names)  # noqa: S102 - the guide's program is what is tested
    verify = names["verify"]
    assert callable(verify)
    secret, stamp, body = new_secret(), int(time.time()), b'{"type":"ticket.sign"}'
    key = key_of(secret)
    headers = {
        "webhook-id": "m1",
        "webhook-timestamp": str(stamp),
        "webhook-signature": signature(key, "m1", stamp, body),
    }
    assert verify(secret, headers, body) is True
    assert verify(secret, headers, body + b" ") is False
    assert verify(secret, {**headers, "webhook-timestamp": str(stamp - 301)}, body) is False
