"""A telephone: registers, places calls and takes calls, over SIP on UDP with G.711 audio.

`async with Phone(...)` opens one SIP socket and owns every task and socket of its calls; leaving the block hangs up,
unregisters and closes. Requests of no call are answered as a telephone does: OPTIONS and NOTIFY with 200, a request for
an unknown dialog with 481. It takes packets from anybody: bind it to loopback or to a network that you trust.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

import structlog

from hotline.phone.address import NameAddr, SipSyntaxError, SipUri
from hotline.phone.answering import Incoming, IncomingCall
from hotline.phone.call import Call
from hotline.phone.clock import Clock, steady_wall_clock
from hotline.phone.dialog import ALLOW, USER_AGENT
from hotline.phone.errors import PhoneError, RegistrationRefused
from hotline.phone.line import Line
from hotline.phone.media import Media, Ticker
from hotline.phone.outgoing import OutgoingCall
from hotline.phone.sdp import Sdp, SdpError
from hotline.phone.sip import Request, new_branch, new_call_id, new_tag, reply
from hotline.phone.transactions import Address, Timers, Transactions

DEFAULT_PORT: Final = 5060
_MAX_WAITING: Final = 32

_log: Final = structlog.get_logger()


class Phone:
    """`bind_port` 0 takes a free port. `user` and `password` are the account; `display` is the caller's name.

    Each call keeps at most `record_seconds` of what it heard.
    """

    def __init__(
        self,
        *,
        user: str,
        password: str | None = None,
        display: str | None = None,
        bind_host: str = "127.0.0.1",
        bind_port: int = 0,
        record_seconds: float = 3600.0,
        timers: Timers | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._account = (user, password, display)
        self._bind = (bind_host, bind_port)
        self._record_seconds = record_seconds
        self._timers = timers or Timers()
        self._clock = clock or steady_wall_clock()
        self._calls: dict[tuple[str, str], Call] = {}
        self._waiting: asyncio.Queue[Incoming] = asyncio.Queue(_MAX_WAITING)
        self._media: set[Media] = set()
        self._registrations: list[_Registration] = []
        self._line_or_none: Line | None = None

    async def __aenter__(self) -> Self:
        """Raises PhoneError when the address cannot be bound."""
        loop = asyncio.get_running_loop()
        host, port = self._bind
        try:
            _, transactions = await loop.create_datagram_endpoint(
                lambda: Transactions(self._timers, self._take), local_addr=self._bind
            )
        except OSError as exc:
            raise PhoneError(
                f"expected UDP {host}:{port} to be free for the phone, got: {exc.strerror or exc}"
            ) from exc
        tasks = asyncio.TaskGroup()
        await tasks.__aenter__()
        self._line_or_none = Line(*self._account, transactions, self._clock, Ticker(), tasks)
        self._line.start(self._line.ticker.run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        line = self._line
        try:
            if kind is None or not issubclass(kind, asyncio.CancelledError):
                await self.hang_up_all()
                await self._unregister_all()
        finally:
            for call in tuple(self._calls.values()):
                call.vanish()  # whatever could not be said in time: the call has ended here
            for task in tuple(line.running):
                task.cancel()
            line.transactions.close()
            for media in tuple(self._media):
                media.close()
            cancelled = kind is not None and issubclass(kind, asyncio.CancelledError)
            await line.tasks.__aexit__(kind if cancelled else None, error if cancelled else None, trace)

    @property
    def address(self) -> Address:
        return self._line.transactions.address

    @property
    def clock(self) -> Clock:
        return self._clock

    @property
    def _line(self) -> Line:
        if self._line_or_none is None:
            raise RuntimeError("expected 'async with Phone(...)'")
        return self._line_or_none

    async def register(self, registrar: str, *, expires: int = 300) -> None:
        """Registers at `host:port` and keeps the registration fresh. Raises RegistrationRefused or NoReply."""
        registration = _Registration(self._line, registrar, await _resolve(registrar), expires)
        await registration.send(expires)
        self._registrations.append(registration)
        self._line.start(registration.keep())

    async def call(self, number: str, *, server: str, from_user: str | None = None) -> Call:
        """Dials `number` at `server` (`host:port`) and returns at once; the caller number is `from_user`."""
        line = self._line
        peer = await _resolve(server)
        user = line.user if from_user is None else from_user
        caller = NameAddr(str(SipUri(user, line.host)), line.display, {"tag": new_tag()})
        callee = str(SipUri(number, *_host_port(server)))
        headers = (
            ("Via", f"SIP/2.0/UDP {line.sent_by};branch={new_branch()};rport"),
            ("Max-Forwards", "70"),
            ("From", str(caller)),
            ("To", f"<{callee}>"),
            ("Call-ID", new_call_id()),
            ("CSeq", "1 INVITE"),
            ("Contact", f"<{line.contact}>"),
            ("User-Agent", USER_AGENT),
            ("Allow", ALLOW),
        )
        invite = Request(headers=headers, method="INVITE", uri=callee)
        invite.to_bytes()  # raises ValueError now, not in a task, for a display name with a line break
        call = OutgoingCall.place(line, await self._open_media(), invite, peer)
        self._adopt(call)
        return call

    async def incoming(self) -> AsyncIterator[Incoming]:
        """Each call that comes in, for as long as the phone lives; up to 32 wait, further ones are busy (486)."""
        while True:
            yield await self._waiting.get()

    async def _open_media(self) -> Media:
        media = await Media.open(self._line.host, self._clock, self._line.ticker, record_seconds=self._record_seconds)
        self._media.add(media)
        return media

    def _adopt(self, call: Call) -> None:
        self._calls[call.call_id, call.local_tag] = call
        call.on_end = self._forget

    def _forget(self, call: Call) -> None:
        """A vanished call's socket stays open until the phone closes, so that nobody is told by ICMP."""
        self._calls.pop((call.call_id, call.local_tag), None)
        if call.media.closed:
            self._media.discard(call.media)

    async def hang_up_all(self) -> None:
        """Ends every call, without waiting long for the far ends to confirm it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timers.goodbye), asyncio.TaskGroup() as group:
                for call in tuple(self._calls.values()):
                    if call.end_reason is None:
                        group.create_task(call.hangup())

    async def _unregister_all(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._timers.goodbye), asyncio.TaskGroup() as group:
                for registration in self._registrations:
                    group.create_task(registration.remove())

    def _take(self, request: Request, source: Address) -> None:
        call = self._find(request)
        if request.method == "CANCEL":
            self._take_cancel(request, source)
        elif call is not None:
            call.take(request, source)
        elif request.method == "ACK":
            pass
        elif request.to.tag is not None and request.method != "NOTIFY":
            self._answer(request, 481, source)
        elif request.method == "INVITE":
            self._line.transactions.respond(request, reply(request, 100), source)
            self._line.start(self._take_invite(request, source))
        else:
            self._answer(request, 200, source)

    def _find(self, request: Request) -> Call | None:
        tag = request.to.tag
        return None if tag is None else self._calls.get((request.call_id, tag))

    def _take_cancel(self, request: Request, source: Address) -> None:
        for call in self._calls.values():
            if isinstance(call, IncomingCall) and (call.call_id, call.branch) == (request.call_id, request.via.branch):
                self._answer(request, 200, source, tag=call.local_tag)
                call.cancelled()
                return
        self._answer(request, 481, source)

    async def _take_invite(self, invite: Request, source: Address) -> None:
        media: Media | None = None
        try:
            offer = Sdp.parse(invite.body) if invite.body else None
            media = await self._open_media()
            call = IncomingCall(self._line, media, invite, source, offer)
        except (SdpError, SipSyntaxError) as exc:
            _log.info("phone_invite_refused", pii_reason=str(exc))
            self._answer(invite, 488 if isinstance(exc, SdpError) else 400, source)
            if media is not None:
                media.close()
                self._media.discard(media)
            return
        self._adopt(call)
        try:
            self._waiting.put_nowait(Incoming(call, invite))
        except asyncio.QueueFull:
            call.refuse(486)

    def _answer(self, request: Request, status: int, source: Address, *, tag: str | None = None) -> None:
        response = reply(request, status, tag=tag or new_tag(), extra=[("Allow", ALLOW)])
        self._line.transactions.respond(request, response, source)


class _Registration:
    """One REGISTER binding; each request has the next number under the same Call-ID (RFC 3261 section 10.2)."""

    def __init__(self, line: Line, registrar: str, peer: Address, expires: int) -> None:
        self._line = line
        self._registrar = SipUri(None, *_host_port(registrar))
        self._peer = peer
        self._expires = expires
        self._call_id = new_call_id()
        self._tag = new_tag()
        self._sequence = 0

    async def send(self, expires: int) -> None:
        line = self._line
        account = str(SipUri(line.user, self._registrar.host, self._registrar.port))
        headers = (
            ("Via", f"SIP/2.0/UDP {line.sent_by};branch={new_branch()};rport"),
            ("Max-Forwards", "70"),
            ("From", str(NameAddr(account, line.display, {"tag": self._tag}))),
            ("To", f"<{account}>"),
            ("Call-ID", self._call_id),
            ("CSeq", f"{self._sequence + 1} REGISTER"),
            ("Contact", f"<{line.contact}>;expires={expires}"),
            ("Expires", str(expires)),
            ("User-Agent", USER_AGENT),
        )
        request = Request(headers=headers, method="REGISTER", uri=str(self._registrar))
        request, response = await line.send(request, self._peer)
        self._sequence = request.cseq[0]
        if response.status != 200:
            raise RegistrationRefused(response.status, response.reason)

    async def keep(self) -> None:
        """Registers again after half the time; a failed attempt is repeated after a tenth of it."""
        wait = self._expires / 2
        while True:
            await asyncio.sleep(wait)
            try:
                await self.send(self._expires)
                wait = self._expires / 2
            except PhoneError as exc:
                _log.warning("phone_registration_lost", reason=str(exc))
                wait = self._expires / 10

    async def remove(self) -> None:
        try:
            await self.send(0)
        except PhoneError as exc:
            _log.info("phone_unregister_failed", reason=str(exc))


def _host_port(server: str) -> tuple[str, int]:
    try:
        uri = SipUri.parse(f"sip:{server}")
    except SipSyntaxError as exc:
        raise PhoneError(f"expected a server as host:port, got {server!r}") from exc
    return uri.host, uri.port or DEFAULT_PORT


async def _resolve(server: str) -> Address:
    host, port = _host_port(server)
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, family=socket.AF_INET, type=socket.SOCK_DGRAM)
    except OSError as exc:
        raise PhoneError(f"expected a server that can be found, got {server!r}: {exc.strerror or exc}") from exc
    return str(found[0][4][0]), int(found[0][4][1])
