"""The calling end of a call: one INVITE until it is answered, refused or taken back (RFC 3261 sections 9 and 13)."""

import asyncio
from typing import Final

import structlog

from hotline.phone.address import SipSyntaxError
from hotline.phone.call import SDP_TYPE, Call
from hotline.phone.dialog import Dialog, cancel_of, end_text
from hotline.phone.errors import EndReason, NoReply, PhoneError
from hotline.phone.line import Line
from hotline.phone.media import Media
from hotline.phone.sdp import Sdp, SdpError
from hotline.phone.sip import Request, Response
from hotline.phone.transactions import Address

_log: Final = structlog.get_logger()


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
                _log.info("phone_early_sdp_ignored", pii_reason=str(exc))

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
