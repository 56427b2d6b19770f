"""What the tests of the open interfaces share: a service with an administrator, tokens of other roles, a taxonomy."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from tests.fakes.tickets import FakeClock
from tests.tickets.conftest import Serving
from tickets.domain.roles import Role

SERVICES: list[dict[str, Any]] = [
    {
        "code": "garbage",
        "name": "小区垃圾清运",
        "description": "垃圾堆放、清运不及时",
        "l1": "城乡建设",
        "l2": "城市建设和市政管理",
        "kind": "complaint",
        "level": 2,
        "unit_id": "urban",
        "unit": "城市管理局",
        "needs_place": True,
        "keywords": ["垃圾", "清运"],
    },
    {
        "code": "noise",
        "name": "噪声扰民",
        "description": "施工、娱乐噪声 <夜间> & 清晨",
        "l1": "环境保护",
        "l2": "噪声污染",
        "kind": "complaint",
        "level": 3,
        "keywords": [],
    },
]


@dataclass(frozen=True)
class Town:
    """A running service. `machine` and `admin` are clients with these tokens, `anybody` one without."""

    base: str
    machine: aiohttp.ClientSession
    admin: aiohttp.ClientSession
    anybody: aiohttp.ClientSession

    async def token(self, role: Role, name: str) -> str:
        async with self.admin.post("/api/v1/tokens", json={"name": name, "role": role.value}) as response:
            assert response.status == 201, await response.text()
            return str((await response.json())["token"])


@asynccontextmanager
async def town(serving: Serving, folder: Path, clock: FakeClock | None = None, **changes: Any) -> AsyncIterator[Town]:
    """The service with a taxonomy and one unit."""
    files = {Role.MACHINE: folder / "machine.token", Role.ADMIN: folder / "admin.token"}
    async with serving(clock=clock, token_files=files, **changes) as machine:
        base = str(machine._base_url).rstrip("/")
        headers = {"Authorization": f"Bearer {files[Role.ADMIN].read_text('ascii').strip()}"}
        async with (
            aiohttp.ClientSession(base, headers=headers) as admin,
            aiohttp.ClientSession(base) as anybody,
        ):
            async with admin.put("/api/v1/taxonomy", json={"services": SERVICES}) as response:
                assert response.status == 200, await response.text()
            yield Town(base, machine, admin, anybody)
