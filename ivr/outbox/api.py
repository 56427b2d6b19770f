"""The ticket service as the IVR sees it: a port, and its adapter over HTTP (aiohttp)."""

import asyncio
import hashlib
from pathlib import Path
from typing import Any, Protocol

import aiohttp


class ApiUnavailable(Exception):
    """No answer, a torn answer, or one that says "later": the same request may be sent again under its key."""


class ApiNotYet(ApiUnavailable):
    """The service does not know the ticket (yet): a recording or an event may overtake its ticket."""


class ApiRefused(Exception):
    """The service will never take this as it is."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"the ticket service refused with {status} {code}")
        self.status = status
        self.code = code


class TicketApi(Protocol):
    async def open_ticket(self, key: str, body: dict[str, Any]) -> dict[str, Any]:
        """Open a ticket, or learn that this key has already opened one. Raises ApiUnavailable, ApiRefused."""

    async def act(self, key: str, number: str, event: dict[str, Any]) -> dict[str, Any]:
        """Tell what happened to a ticket. Raises ApiUnavailable (ApiNotYet when the ticket is unknown), ApiRefused."""

    async def attach(self, key: str, number: str, path: Path, kind: str) -> dict[str, Any]:
        """Attach a file to a ticket.

        Raises ApiUnavailable (ApiNotYet when the ticket is unknown), ApiRefused, OSError when the file cannot be read.
        """


class HttpTicketApi:
    """Speaks the contract of `/api/v1` with a bearer token; one client session for the life of the process."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, token: str, timeout_seconds: float) -> None:
        self._session = session
        self._base = base_url.rstrip("/") + "/api/v1"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds)

    async def open_ticket(self, key: str, body: dict[str, Any]) -> dict[str, Any]:
        return await self._post(f"{self._base}/tickets", {"Idempotency-Key": key}, json=body)

    async def act(self, key: str, number: str, event: dict[str, Any]) -> dict[str, Any]:
        return await self._post(f"{self._base}/tickets/{number}/events", {"Idempotency-Key": key}, json=event)

    async def attach(self, key: str, number: str, path: Path, kind: str) -> dict[str, Any]:
        data = await asyncio.to_thread(path.read_bytes)
        headers = {
            "Idempotency-Key": key,
            "Content-Type": "audio/wav",
            "X-Content-SHA256": hashlib.sha256(data).hexdigest(),
        }
        url = f"{self._base}/tickets/{number}/attachments"
        return await self._post(url, headers, params={"kind": kind}, data=data)

    async def _post(self, url: str, headers: dict[str, str], **content: Any) -> dict[str, Any]:
        try:
            async with self._session.post(
                url, headers=self._headers | headers, timeout=self._timeout, **content
            ) as response:
                answer = await response.json(content_type=None)
                status = response.status
        except (aiohttp.ClientError, TimeoutError, ValueError) as exc:
            # A reply that was lost or torn says nothing about whether the request was carried out (F21).
            raise ApiUnavailable(f"{type(exc).__name__} while talking to the ticket service") from exc
        if not isinstance(answer, dict):
            raise ApiUnavailable(f"the ticket service answered {status} with something that is no object")
        if status in (200, 201):
            return answer
        code = str(answer.get("code", ""))
        if status == 404:
            raise ApiNotYet(f"the ticket service answered 404 {code}")
        if status in (401, 403, 408, 425, 429) or status >= 500:
            # 401, 403: a wrong token is mended by an admin.
            raise ApiUnavailable(f"the ticket service answered {status} {code}")
        raise ApiRefused(status, code)
