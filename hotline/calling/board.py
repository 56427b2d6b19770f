"""The live-call board from outside: the events of one call as they happen, over the IVR's control door."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

WAIT_SECONDS = 5.0
GIVE_UP_SECONDS = 4.0


class BoardUnreachable(Exception):
    """The IVR does not answer; the call may go on without it."""


async def follow(base_url: str, token: str, sip_call_id: str) -> AsyncIterator[dict[str, Any]]:
    """Events of the call with this SIP Call-ID, until it has ended. Raises BoardUnreachable."""
    headers = {"Authorization": f"Bearer {token}"}
    timeout = aiohttp.ClientTimeout(total=WAIT_SECONDS + GIVE_UP_SECONDS, connect=GIVE_UP_SECONDS)
    seen = 0
    async with aiohttp.ClientSession(base_url, headers=headers, timeout=timeout) as session:
        while True:
            try:
                path, query = f"/calls/{sip_call_id}/events", {"after": str(seen), "wait": str(WAIT_SECONDS)}
                async with session.get(path, params=query) as response:
                    if response.status == 404:
                        await asyncio.sleep(0.2)
                        continue
                    response.raise_for_status()
                    answer = await response.json()
            except (aiohttp.ClientError, TimeoutError) as exc:
                raise BoardUnreachable(f"the IVR's control door does not answer: {type(exc).__name__}") from exc
            for event in answer["events"]:
                seen = event["seq"]
                yield event
            if answer["call"]["ended_at"] is not None and not answer["events"]:
                return
