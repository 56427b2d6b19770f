"""The called end: ringing, answering, refusing, and repeating the final word until its ACK (RFC 3261 section 13.3)."""

import asyncio
from typing import Final

import structlog

from hotline.phone.call import Call
from hotline.phone.dialog import Dialog, caller_of
from hotline.phone.errors import CallEnded, EndReason
from hotline.phone.line import Line
from hotline.phone.media import Media
from hotline.phone.sdp import Sdp, SdpError
from hotline.phone.sip import Request, Response
from hotline.phone.transactions import Address

_log: Final = structlog.get_logger()


class IncomingCall(Call):
    """The called end of a call; `Incoming` is its face until it is answered."""

    def __init__(self, line: Line, media: Media, invite: Request, peer: Address, offer: Sdp | None) -> None:
        super().__init__(line, media, invite.call_id, peer)
        self._invite = invite
        self._offered = offer
        self._acknowledged = asyncio.Event()
        self._dialog = Dialog.of_called(invite, tag=self.local_tag, contact=line.contact, sent_by=line.sent_by)

    @property
    def branch(self) -> str:
        return self._invite.via.branch

    def ring(self) -> None:
        if self._reason is None and self.answered_at is None:
            self._respond(self._invite, 180, self._peer)
            self._rings()

    def accept(self) -> None:
        """Sends 200 until it is acknowledged. Raises CallEnded when the caller has already given up."""
        if self._reason is not None:
            raise CallEnded(self._reason)
        ours = self._offered.answer(self._line.host, self.media.port) if self._offered else self._offer()
        if self._offered is not None:
            self.media.connect(self._offered)
        response = self._respond(self._invite, 200, self._peer, ours.to_bytes(self._session))
        self._is_answered()
        self._line.start(self._repeat(response))

    def refuse(self, status: int, *, by_us: bool = True) -> None:
        if self._reason is None and self.answered_at is None:
            response = self._respond(self._invite, status, self._peer)
            self._finish(EndReason(status, by_us=by_us, text=response.reason), release=False)
            self._line.start(self._repeat(response))

    def cancelled(self) -> None:
        self.refuse(487, by_us=False)

    def take(self, request: Request, source: Address) -> None:
        if request.method == "ACK":
            self._acknowledged.set()
            if self._offered is None and request.body:
                self._connect_late(request.body)
            return
        super().take(request, source)

    async def hangup(self) -> None:
        """As `Call.hangup`; before the answer the call is refused with 603."""
        if self.answered_at is None:
            self.refuse(603)
            return
        await super().hangup()

    def _connect_late(self, body: bytes) -> None:
        """An INVITE without an offer gets ours in the 200 and the far end's answer in the ACK (section 13.2.1)."""
        try:
            self.media.connect(Sdp.parse(body))
        except SdpError as exc:
            _log.info("phone_sdp_ignored", pii_reason=str(exc))

    async def _repeat(self, response: Response) -> None:
        """Repeats a final response until its ACK (RFC 3261 section 13.3.1.4).

        A 200 that is never acknowledged ends the call.
        """
        timers = self._line.transactions.timers
        interval = timers.t1
        try:
            async with asyncio.timeout(timers.give_up):
                while not self._acknowledged.is_set():
                    try:
                        async with asyncio.timeout(interval):
                            await self._acknowledged.wait()
                    except TimeoutError:
                        self._line.transactions.send(response, self._peer)
                        interval = min(interval * 2, timers.t2)
        except TimeoutError:
            _log.info("phone_ack_missing", sip_call_id=self.call_id, status=response.status)
            if response.status < 300:
                await self.hangup()
        if response.status >= 300:
            self.on_end(self)


class Incoming:
    """A call that rings at our phone. Nothing but 100 Trying is said until `ring`, `answer` or `reject`."""

    def __init__(self, call: IncomingCall, invite: Request) -> None:
        self._call = call
        self.call_id = call.call_id
        self.invited_at = call.invited_at
        self.from_user, self.from_display = caller_of(invite)
        self.invite = invite

    @property
    def ended_at(self) -> float | None:
        return self._call.ended_at

    async def ring(self) -> None:
        """Says 180 Ringing."""
        self._call.ring()

    async def answer(self) -> Call:
        """Raises CallEnded when the caller has given up already."""
        self._call.accept()
        return self._call

    async def reject(self, status: int = 486) -> None:
        """Refuses with a final status from 300 to 699; nothing happens when the caller has given up already."""
        if not 300 <= status <= 699:
            raise ValueError(f"expected a status from 300 to 699, got {status}")
        self._call.refuse(status)

    async def ended(self) -> EndReason:
        """When the caller gives up before the answer, or the call ends later."""
        return await self._call.ended()
