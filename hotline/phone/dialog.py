"""The state that the two ends of a call share, and the requests made from it (RFC 3261 section 12); no input or output.

A dialog is made from the INVITE and its 2xx response at the calling end, from the INVITE alone at the called end. Its
requests carry the dialog's addresses, route set and a sequence number that only grows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from hotline.phone.address import NameAddr, SipSyntaxError, SipUri
from hotline.phone.sip import Request, Response, new_branch

USER_AGENT: Final = "hotline-phone"
ALLOW: Final = "INVITE, ACK, BYE, CANCEL, OPTIONS, NOTIFY, INFO"


@dataclass(slots=True)
class Dialog:
    call_id: str
    local: NameAddr
    remote: NameAddr
    target: str
    """The far end's Contact: where our requests are addressed."""
    routes: tuple[str, ...]
    contact: str
    sent_by: str
    """host:port of our SIP socket, for Via."""
    sequence: int

    @classmethod
    def of_caller(cls, invite: Request, response: Response, *, contact: str, sent_by: str) -> Self:
        """Raises SipSyntaxError when the response names no contact."""
        routes = tuple(reversed(response.all("Record-Route")))
        target = NameAddr.parse(response.require("Contact")).uri
        return cls(invite.call_id, invite.from_, response.to, target, routes, contact, sent_by, invite.cseq[0])

    @classmethod
    def of_called(cls, invite: Request, *, tag: str, contact: str, sent_by: str) -> Self:
        """Raises SipSyntaxError when the INVITE names no contact."""
        target = NameAddr.parse(invite.require("Contact")).uri
        routes = tuple(invite.all("Record-Route"))
        return cls(invite.call_id, invite.to.with_tag(tag), invite.from_, target, routes, contact, sent_by, 0)

    def request(self, method: str, extra: Iterable[tuple[str, str]] = ()) -> Request:
        self.sequence += 1
        return self._build(method, self.sequence, extra)

    def ack(self, invite: Request) -> Request:
        """The ACK for a 2xx: a transaction of its own with the INVITE's number (RFC 3261 section 13.2.2.4).

        It repeats the INVITE's credentials, as section 22.1 asks.
        """
        credentials = [pair for pair in invite.headers if pair[0] in ("Authorization", "Proxy-Authorization")]
        return self._build("ACK", invite.cseq[0], credentials)

    def retarget(self, message: Request) -> None:
        """A re-INVITE may move the far end's contact (section 12.2.2)."""
        contact = message.get("Contact")
        if contact:
            self.target = NameAddr.parse(contact).uri

    def _build(self, method: str, sequence: int, extra: Iterable[tuple[str, str]]) -> Request:
        headers = [
            ("Via", f"SIP/2.0/UDP {self.sent_by};branch={new_branch()};rport"),
            ("Max-Forwards", "70"),
            *(("Route", route) for route in self.routes),
            ("From", str(self.local)),
            ("To", str(self.remote)),
            ("Call-ID", self.call_id),
            ("CSeq", f"{sequence} {method}"),
            ("Contact", f"<{self.contact}>"),
            ("User-Agent", USER_AGENT),
            *extra,
        ]
        return Request(headers=tuple(headers), method=method, uri=self.target)


def cancel_of(invite: Request) -> Request:
    """The CANCEL of a pending INVITE: same branch, addresses and number (RFC 3261 section 9.1)."""
    kept = [(k, v) for k, v in invite.headers if k in ("Via", "Max-Forwards", "Route", "From", "To", "Call-ID")]
    headers = (*kept, ("CSeq", f"{invite.cseq[0]} CANCEL"), ("User-Agent", USER_AGENT))
    return Request(headers=headers, method="CANCEL", uri=invite.uri)


def renewed(request: Request, authorization: tuple[str, str]) -> Request:
    """The same request again, with credentials, the next number and a new branch (RFC 3261 section 22.2)."""
    via = request.via
    replaced = {"via", "cseq", "authorization", "proxy-authorization"}
    kept = [(k, v) for k, v in request.headers if k.lower() not in replaced]
    head = ("Via", f"SIP/2.0/UDP {via.host}:{via.port};branch={new_branch()};rport")
    number = ("CSeq", f"{request.cseq[0] + 1} {request.method}")
    return Request(
        headers=(head, *kept, number, authorization), body=request.body, method=request.method, uri=request.uri
    )


def end_text(message: Request | Response) -> str:
    """What the far end said about the end of a call: its Reason header, or the reason phrase."""
    reason = message.get("Reason")
    if reason:
        return reason
    return message.reason if isinstance(message, Response) else message.method


def caller_of(request: Request) -> tuple[str, str | None]:
    """User part (empty when there is none) and display name of From; undecodable bytes are replaced."""
    address = request.from_
    try:
        user = SipUri.parse(address.uri).user or ""
    except SipSyntaxError:
        user = ""
    display = address.display
    return _printable(user), None if display is None else _printable(display)


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8")
