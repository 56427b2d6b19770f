"""SIP transactions over one UDP socket: retransmission, matching of replies, repetition of replies (RFC 3261 17, 18).

Client side: `request` sends until a final response comes or 64 times T1 is over, and acknowledges a refused INVITE.
Server side: the last response to each request is kept, so that a repeated request gets it again and reaches the phone
only once. Responses go back to where the request came from. Whatever is not SIP is counted, logged and dropped.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import structlog

from hotline.phone.address import SipSyntaxError
from hotline.phone.errors import NoReply
from hotline.phone.sip import Request, Response, parse

Address = tuple[str, int]

_KEPT: Final = 1024
"""Replies and acknowledgements kept for repeats, oldest dropped first."""

_Key = TypeVar("_Key")
_log: Final = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Timers:
    """RFC 3261 table 4, in seconds, and how long a phone that is put away waits for the last replies."""

    t1: float = 0.5
    t2: float = 4.0
    goodbye: float = 2.0

    @property
    def give_up(self) -> float:
        return 64 * self.t1


class Transactions(asyncio.DatagramProtocol):
    """`on_request` gets each new request once (ACK too) with the address to answer to."""

    def __init__(self, timers: Timers, on_request: Callable[[Request, Address], None]) -> None:
        self.timers = timers
        self.garbage = 0
        self._on_request = on_request
        self._transport: asyncio.DatagramTransport | None = None
        self._waiting: dict[tuple[str, str], asyncio.Queue[Response]] = {}
        self._acks: OrderedDict[str, tuple[bytes, Address]] = OrderedDict()
        self._replies: OrderedDict[tuple[str, str, int, str], tuple[bytes, Address]] = OrderedDict()
        self._silenced: set[str] = set()

    @property
    def address(self) -> Address:
        host, port, *_ = self._open().get_extra_info("sockname")
        return str(host), int(port)

    def close(self) -> None:
        self._open().close()

    def silence(self, call_id: str) -> None:
        """Neither hears nor says anything about this call any more."""
        self._silenced.add(call_id)

    def send(self, message: Request | Response, to: Address) -> None:
        if message.call_id not in self._silenced and not self._open().is_closing():
            self._open().sendto(message.to_bytes(), to)

    def respond(self, request: Request, response: Response, to: Address) -> None:
        """Sends a response and keeps it for repeats of the request."""
        self.send(response, to)
        _keep(self._replies, _server_key(request, request.method), (response.to_bytes(), to))

    def acknowledge(self, invite: Request, ack: Request, to: Address) -> None:
        """Sends the ACK for a final response and keeps it for repeats of that response."""
        self.send(ack, to)
        _keep(self._acks, invite.via.branch, (ack.to_bytes(), to))

    async def request(
        self, request: Request, to: Address, on_provisional: Callable[[Response], None] | None = None
    ) -> Response:
        """The final response. Raises NoReply. An INVITE that was answered provisionally is waited for without limit."""
        key = (request.via.branch, request.method)
        responses: asyncio.Queue[Response] = asyncio.Queue()
        self._waiting[key] = responses
        try:
            response = await self._exchange(request, to, responses, on_provisional)
        finally:
            del self._waiting[key]
        if request.method == "INVITE" and response.status >= 300:
            self.acknowledge(request, _ack_refusal(request, response), to)
        return response

    async def _exchange(
        self,
        request: Request,
        to: Address,
        responses: asyncio.Queue[Response],
        on_provisional: Callable[[Response], None] | None,
    ) -> Response:
        loop = asyncio.get_running_loop()
        is_invite = request.method == "INVITE"
        deadline = loop.time() + self.timers.give_up
        interval, proceeding = self.timers.t1, False
        self.send(request, to)
        while True:
            wait = None if is_invite and proceeding else max(0.0, min(interval, deadline - loop.time()))
            try:
                async with asyncio.timeout(wait):
                    response = await responses.get()
            except TimeoutError as exc:
                if loop.time() >= deadline:
                    raise NoReply(f"expected a reply to {request.method} from {to[0]}:{to[1]}, got none") from exc
                self.send(request, to)
                interval = interval * 2 if is_invite else min(interval * 2, self.timers.t2)
                continue
            if response.status >= 200:
                return response
            proceeding, interval = True, self.timers.t2
            if on_provisional is not None:
                on_provisional(response)

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        # typeshed types the argument as BaseTransport; for datagram endpoints asyncio passes a DatagramTransport.
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str | object, int]) -> None:
        if not data.strip():
            return  # a keep-alive (RFC 5626 section 3.5.1)
        try:
            message = parse(data)
        except SipSyntaxError as exc:
            self.garbage += 1
            _log.info("phone_sip_ignored", pii_reason=str(exc))
            return
        if message.call_id in self._silenced:
            return
        source = (str(addr[0]), addr[1])
        if isinstance(message, Response):
            self._take_response(message)
        elif (kept := self._replies.get(_server_key(message, message.method))) is not None:
            self._open().sendto(*kept)
        else:
            self._on_request(message, source)

    def error_received(self, exc: Exception) -> None:
        _log.info("phone_sip_error", reason=str(exc))

    def _take_response(self, response: Response) -> None:
        branch, method = response.via.branch, response.cseq[1]
        waiting = self._waiting.get((branch, method))
        if waiting is not None:
            waiting.put_nowait(response)
        elif method == "INVITE" and response.status >= 200 and (kept := self._acks.get(branch)) is not None:
            self._open().sendto(*kept)

    def _open(self) -> asyncio.DatagramTransport:
        if self._transport is None:
            raise RuntimeError("expected the SIP socket to be open")
        return self._transport


def _keep(kept: OrderedDict[_Key, tuple[bytes, Address]], key: _Key, value: tuple[bytes, Address]) -> None:
    kept[key] = value
    while len(kept) > _KEPT:
        kept.popitem(last=False)


def _server_key(request: Request, method: str) -> tuple[str, str, int, str]:
    via = request.via
    return via.branch, via.host, via.port, method


def _ack_refusal(invite: Request, response: Response) -> Request:
    """The ACK inside the INVITE's own transaction (RFC 3261 section 17.1.1.3)."""
    copied = [(name, value) for name, value in invite.headers if name in ("Via", "From", "Route", "Max-Forwards")]
    rest = [("To", response.require("To")), ("Call-ID", invite.call_id), ("CSeq", f"{invite.cseq[0]} ACK")]
    return Request(headers=(*copied, *rest), method="ACK", uri=invite.uri)
