"""What the calls of one telephone share: its address and account, the transactions, the ticker, the owner of tasks."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Final

from hotline.phone.address import SipUri
from hotline.phone.clock import Clock
from hotline.phone.dialog import renewed
from hotline.phone.digest import Challenge, DigestError, answer
from hotline.phone.errors import PhoneError
from hotline.phone.media import Ticker
from hotline.phone.sip import Request, Response
from hotline.phone.transactions import Address, Transactions

_MAX_RETRIES: Final = 2
"""Two, because Asterisk may challenge once for an unknown sender and once more for the account it then knows."""


@dataclass(frozen=True, slots=True)
class Line:
    user: str
    password: str | None
    display: str | None
    transactions: Transactions
    clock: Clock
    ticker: Ticker
    tasks: asyncio.TaskGroup
    running: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def host(self) -> str:
        return self.transactions.address[0]

    @property
    def sent_by(self) -> str:
        host, port = self.transactions.address
        return f"{host}:{port}"

    @property
    def contact(self) -> str:
        host, port = self.transactions.address
        return str(SipUri(self.user, host, port))

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """A task that ends at the latest with the phone."""
        task = self.tasks.create_task(work)
        self.running.add(task)
        task.add_done_callback(self.running.discard)
        return task

    async def send(
        self,
        request: Request,
        to: Address,
        *,
        on_provisional: Callable[[Response], None] | None = None,
        before: Callable[[Request], bool] | None = None,
    ) -> tuple[Request, Response]:
        """Sends a request, with credentials when they are asked for; the last request sent and its final response.

        `before` sees each request before it goes out and may stop a further attempt by returning False. A challenge
        that comes again with the same nonce means a wrong password and is handed back. Raises NoReply, or PhoneError
        for a challenge that cannot be answered.
        """
        if before is not None and not before(request):
            raise PhoneError(f"expected to send {request.method}, but the call was given up")
        response = await self.transactions.request(request, to, on_provisional)
        nonce: str | None = None
        for _ in range(_MAX_RETRIES):
            if response.status not in (401, 407) or self.password is None:
                break
            challenge, header = _challenge(response)
            if challenge.nonce == nonce:
                break
            nonce = challenge.nonce
            value = answer(challenge, user=self.user, password=self.password, method=request.method, uri=request.uri)
            retry = renewed(request, (header, value))
            if before is not None and not before(retry):
                break
            request = retry
            response = await self.transactions.request(request, to, on_provisional)
        return request, response


def _challenge(response: Response) -> tuple[Challenge, str]:
    """The challenge and the name of the header that answers it."""
    asked, header = (
        ("WWW-Authenticate", "Authorization")
        if response.status == 401
        else ("Proxy-Authenticate", "Proxy-Authorization")
    )
    problem: DigestError | None = None
    for name, value in response.headers:
        if name.lower() == asked.lower():
            try:
                return Challenge.parse(value), header
            except DigestError as exc:
                problem = exc
    raise PhoneError(f"expected a digest challenge with MD5, got {problem or 'none'}") from problem
