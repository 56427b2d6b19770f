"""One call as both of its ends see it, from the first INVITE to the end.

There are three moments that can be waited for (ringing, answered, ended), the audio, hanging up and vanishing. The
moments only move forward, `ended` is always reached, and then nothing of the call is left but its recording.
`outgoing.py` and `answering.py` add what differs before the answer.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from hotline.phone.address import SipSyntaxError
from hotline.phone.dialog import ALLOW, Dialog, end_text
from hotline.phone.errors import CallEnded, EndReason, PhoneError
from hotline.phone.line import Line
from hotline.phone.media import Media
from hotline.phone.sdp import Sdp, SdpError
from hotline.phone.sip import Request, Response, new_tag, reply
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
