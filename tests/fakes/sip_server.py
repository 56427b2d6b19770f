"""A SIP server of a few lines for the phone's tests: challenges, registers, drops packets on demand, keeps a log."""

import asyncio
import hashlib
from types import TracebackType
from typing import Self

from hotline.phone.digest import parse_fields
from hotline.phone.sip import Request, Response, new_tag, parse, reply


class FakeSipServer(asyncio.DatagramProtocol):
    """Answers REGISTER with 401, then 200 for the right digest; everything else by `statuses` (None: no reply)."""

    def __init__(self, *, drop_first: int = 0) -> None:
        self.account = ("u", "p")
        self.drop = drop_first
        self.requests: list[Request] = []
        self.responses: list[Response] = []
        self.statuses: dict[str, list[int]] = {}
        self.arrived = asyncio.Event()
        self._transport: asyncio.DatagramTransport | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._transport is not None:
            self._transport.close()

    @property
    def port(self) -> int:
        return 0 if self._transport is None else int(self._transport.get_extra_info("sockname")[1])

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def methods(self) -> list[str]:
        return [request.method for request in self.requests]

    async def until(self, method: str, times: int = 1) -> Request:
        """The request of that method, once so many of them have come."""
        async with asyncio.timeout(5):
            while self.methods().count(method) < times:
                self.arrived.clear()
                await self.arrived.wait()
        return [request for request in self.requests if request.method == method][-1]

    def send(self, message: Request | Response | bytes, to: tuple[str, int]) -> None:
        if self._transport is not None:
            self._transport.sendto(message if isinstance(message, bytes) else message.to_bytes(), to)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        message = parse(data)
        if isinstance(message, Response):
            self.responses.append(message)
            self.arrived.set()
            return
        self.requests.append(message)
        self.arrived.set()
        if self.drop > 0:
            self.drop -= 1
            return
        for status in self._statuses(message):
            challenge = [("WWW-Authenticate", 'Digest realm="r", nonce="n1", qop="auth"')] if status == 401 else []
            self.send(reply(message, status, tag=new_tag() if status > 100 else None, extra=challenge), addr)

    def _statuses(self, request: Request) -> list[int]:
        if request.method in self.statuses:
            return self.statuses[request.method]
        if request.method == "REGISTER":
            return [200 if self._proves(request) else 401]
        return [] if request.method == "ACK" else [200]

    def _proves(self, request: Request) -> bool:
        value = request.get("Authorization")
        if value is None:
            return False
        fields = parse_fields(value)
        user, password = self.account
        first = _md5(f"{user}:{fields['realm']}:{password}")
        second = _md5(f"{request.method}:{fields['uri']}")
        return fields["response"] == _md5(f"{first}:n1:{fields['nc']}:{fields['cnonce']}:auth:{second}")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
