"""One call, from its first INVITE to its end, at either end of it.

`Call` is what both ends share: three moments that can be waited for (ringing, answered, ended), the audio, hanging up
and vanishing. `OutgoingCall` drives an INVITE; `Incoming` is a call that has not been answered yet. The moments only
move forward, `ended` is always reached, and then nothing of the call is left but its recording.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from hotline.phone.dialog import ALLOW, Dialog, caller_of, cancel_of, end_text
from hotline.phone.errors import CallEnded, EndReason, NoReply, PhoneError
from hotline.phone.line import Line
from hotline.phone.media import Media
from hotline.phone.sdp import Sdp, SdpError
from hotline.phone.sip import Request, Response, SipSyntaxError, new_tag, reply
from hotline.phone.transactions import Address

SDP_TYPE: Final = ("Content-Type", "application/sdp")

_log: Final = structlog.get_logger()


class Call:
    """A call that we placed, or one that we answered. Times are seconds of the phone's clock, None before they came."""

    def __init__(self, line: Line, media: Media, call_id: str, peer: Address) -> None:
        self.media = media
        self.call_id = call_id
        self.invited_at = line.clock()
        self.ringing_at: float | None = None
        self.answered_at: float | None = None
        self.ended_at: float | None = None
        self.local_tag = new_tag()
        self.on_end: Callable[[Call], None] = lambda call: None
        """Called when no message of this call is expected any more."""
        self._line = line
        self._peer = peer
        self._dialog: Dialog | None = None
        self._reason: EndReason | None = None
        self._ringing = asyncio.Event()
        self._answered = asyncio.Event()
        self._ended = asyncio.Event()
        self._session = int(self.invited_at)

    async def ringing(self) -> float:
        """When the far end first said it rings or is answered. Raises CallEnded when it never did."""
        await self._ringing.wait()
        return self._moment(self.ringing_at)

    async def answered(self, timeout: float | None = None) -> float:  # noqa: ASYNC109 - part of the phone's contract
        """When the call was answered. Raises CallEnded when it was refused, TimeoutError after `timeout` seconds."""
        async with asyncio.timeout(timeout):
            await self._answered.wait()
        return self._moment(self.answered_at)

    async def ended(self) -> EndReason:
        await self._ended.wait()
        return self._end_reason()

    @property
    def end_reason(self) -> EndReason | None:
        return self._reason

    def vanish(self) -> None:
        """Stops sending and answering anything, as a telephone without power; the far end is told nothing."""
        self.media.mute()
        self._line.transactions.silence(self.call_id)
        self._finish(EndReason(0, by_us=True, text="vanished"), keep_socket=True)

    async def hangup(self) -> None:
        """Ends the call; returns when the far end has confirmed it, or would have had to."""
        if self._reason is None and self._dialog is not None and self.answered_at is not None:
            request = self._dialog.request("BYE")
            self._finish(EndReason(200, by_us=True))
            try:
                await self._line.send(request, self._peer)
            except PhoneError as exc:
                _log.info("phone_bye_unanswered", sip_call_id=self.call_id, reason=str(exc))

    def take(self, request: Request, source: Address) -> None:
        """A request inside this call's dialog."""
        match request.method:
            case "BYE":
                self._respond(request, 200, source)
                self._finish(EndReason(200, by_us=False, text=end_text(request)))
            case "INVITE":
                self._renegotiate(request, source)
            case "ACK":
                pass
            case _:
                self._respond(request, 200, source)

    def _renegotiate(self, request: Request, source: Address) -> None:
        """A re-INVITE: the same answer as ever, but the audio goes where the far end now wants it."""
        try:
            offer = Sdp.parse(request.body) if request.body else None
            if self._dialog is not None:
                self._dialog.retarget(request)
        except (SdpError, SipSyntaxError):
            self._respond(request, 488, source)
            return
        if offer is not None:
            self.media.connect(offer)
        ours = offer.answer(self._line.host, self.media.port) if offer else self._offer()
        self._respond(request, 200, source, ours.to_bytes(self._session))

    def _offer(self) -> Sdp:
        return Sdp(self._line.host, self.media.port)

    def _respond(self, request: Request, status: int, to: Address, sdp: bytes = b"") -> Response:
        extra = [("Contact", f"<{self._line.contact}>"), ("Allow", ALLOW), *([SDP_TYPE] if sdp else [])]
        response = reply(request, status, tag=self.local_tag if status > 100 else None, extra=extra, body=sdp)
        self._line.transactions.respond(request, response, to)
        return response

    def _rings(self) -> None:
        if self.ringing_at is None and self._reason is None:
            self.ringing_at = self._line.clock()
            self._ringing.set()

    def _is_answered(self) -> None:
        if self.answered_at is None and self._reason is None:
            self.answered_at = self._line.clock()
            self.ringing_at = self.ringing_at or self.answered_at
            self._ringing.set()
            self._answered.set()

    def _finish(self, reason: EndReason, *, keep_socket: bool = False, release: bool = True) -> None:
        if self._reason is not None:
            return
        self._reason = reason
        self.ended_at = self._line.clock()
        if not keep_socket:
            self.media.close()
        for event in (self._ringing, self._answered, self._ended):
            event.set()
        if release:
            self.on_end(self)

    def _moment(self, at: float | None) -> float:
        if at is None:
            raise CallEnded(self._end_reason())
        return at

    def _end_reason(self) -> EndReason:
        if self._reason is None:
            raise RuntimeError("expected the call to have ended")
        return self._reason


class OutgoingCall(Call):
    """A call that we place. `run` is its life until it is answered or refused."""

    def __init__(self, line: Line, media: Media, invite: Request, peer: Address) -> None:
        super().__init__(line, media, invite.call_id, peer)
        self.local_tag = invite.from_.tag or self.local_tag
        self._invite = invite
        self._proceeding = asyncio.Event()
        self._given_up = False
        self._transaction: asyncio.Task[None] | None = None

    @classmethod
    def place(cls, line: Line, media: Media, invite: Request, peer: Address) -> "OutgoingCall":
        offer = Sdp(line.host, media.port).to_bytes(int(line.clock()))
        full = Request(headers=(*invite.headers, SDP_TYPE), body=offer, method="INVITE", uri=invite.uri)
        call = cls(line, media, full, peer)
        call._transaction = line.start(call._run())
        return call

    async def hangup(self) -> None:
        """As `Call.hangup`; before the answer the call is taken back with CANCEL (RFC 3261 section 9.1)."""
        if self.answered_at is not None or self._reason is not None:
            await super().hangup()
            return
        self._given_up = True
        try:
            async with asyncio.timeout(self._line.transactions.timers.give_up):
                await self._cancel()
                await self._ended.wait()
        except TimeoutError:
            self._finish(EndReason(408, by_us=True, text="no reply to CANCEL"))

    def vanish(self) -> None:
        super().vanish()
        if self._transaction is not None:
            self._transaction.cancel()

    async def _cancel(self) -> None:
        """CANCEL may only follow a provisional response, so that is waited for."""
        proceeding = asyncio.ensure_future(self._proceeding.wait())
        ended = asyncio.ensure_future(self._ended.wait())
        try:
            await asyncio.wait((proceeding, ended), return_when=asyncio.FIRST_COMPLETED)
        finally:
            proceeding.cancel()
            ended.cancel()
        if self._reason is None and self.answered_at is None:
            try:
                await self._line.transactions.request(cancel_of(self._invite), self._peer)
            except NoReply as exc:
                _log.info("phone_cancel_unanswered", sip_call_id=self.call_id, reason=str(exc))

    async def _run(self) -> None:
        try:
            invite, response = await self._line.send(
                self._invite, self._peer, on_provisional=self._progress, before=self._note_attempt
            )
            if response.status < 300:
                await self._accept(invite, response)
            else:
                self._finish(EndReason(response.status, by_us=self._given_up, text=end_text(response)))
        except NoReply as exc:
            self._finish(EndReason(408, by_us=False, text=str(exc)))
        except PhoneError as exc:
            self._finish(EndReason(487 if self._given_up else 400, by_us=self._given_up, text=str(exc)))

    def _note_attempt(self, request: Request) -> bool:
        if self._given_up:
            return False
        self._invite = request
        self._proceeding.clear()
        return True

    def _progress(self, response: Response) -> None:
        self._proceeding.set()
        if response.status > 100:
            self._rings()
        if response.body:
            try:
                self.media.connect(Sdp.parse(response.body))
            except SdpError as exc:
                _log.info("phone_early_sdp_ignored", reason=str(exc))

    async def _accept(self, invite: Request, response: Response) -> None:
        """Acknowledges the 2xx. Without usable audio, or when given up meanwhile, the call ends at once with BYE."""
        try:
            dialog = Dialog.of_caller(invite, response, contact=self._line.contact, sent_by=self._line.sent_by)
        except SipSyntaxError as exc:
            self._finish(EndReason(400, by_us=True, text=str(exc)))
            return
        self._dialog = dialog
        self._line.transactions.acknowledge(invite, dialog.ack(invite), self._peer)
        try:
            self.media.connect(Sdp.parse(response.body))
        except SdpError as exc:
            self._finish(EndReason(488, by_us=True, text=str(exc)))
            await self._line.send(dialog.request("BYE"), self._peer)
            return
        self._is_answered()
        if self._given_up:
            await super().hangup()


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
            _log.info("phone_sdp_ignored", reason=str(exc))

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
