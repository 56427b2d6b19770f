"""Who asks, and may they: bearer tokens, permissions, a brake on guessing (F80); and what every answer tells a browser.

The service has no cookies and no sessions: a request from a foreign page carries no rights with it (F89). Answers may
not be framed, sniffed, kept, or run anything (F84); a page that needs more says so itself.
"""

from collections import OrderedDict
from typing import Final

from aiohttp import web

from tickets.api.problems import Forbidden, TooManyFailures, Unauthorized
from tickets.domain.roles import Permission, Principal
from tickets.ports import Clock
from tickets.service.tokens import Tokens, account_of

PRINCIPAL: Final = web.RequestKey("principal", Principal)

_REMEMBERED: Final = 4096
_MINUTE: Final = 60.0
_HEADERS: Final = (
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
)


def harden(response: web.StreamResponse) -> None:
    """Sets the headers that the response has not set itself. One that is being sent already stays as it is."""
    if response.prepared:
        return
    headers = response.headers
    for name, value in _HEADERS:
        if name not in headers:
            headers[name] = value


class Failures:
    """Counts failures in the last minute by address and by account, for a bounded number of them."""

    def __init__(self, clock: Clock, most: int) -> None:
        self._clock = clock
        self._most = most
        self._seen: OrderedDict[tuple[str, str], list[float]] = OrderedDict()

    def add(self, address: str, account: str | None) -> bool:
        """Counts one more; whether there are now too many for the address or the account."""
        by_address = self._count(("address", address))
        by_account = self._count(("account", account)) if account is not None else 0
        return max(by_address, by_account) > self._most

    def _count(self, who: tuple[str, str]) -> int:
        now = self._clock.monotonic()
        recent = [at for at in self._seen.pop(who, []) if now - at < _MINUTE][-self._most :]
        recent.append(now)
        self._seen[who] = recent
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        return len(recent)


class Gate:
    """Checks a request's token against what the route needs."""

    def __init__(self, tokens: Tokens, clock: Clock, failures_per_minute: int) -> None:
        self._tokens = tokens
        self._failures = Failures(clock, failures_per_minute)

    async def admit(self, request: web.Request, permission: Permission) -> Principal:
        """Raises Unauthorized, Forbidden or TooManyFailures. The answer to a wrong token never says what was wrong."""
        kind, _, presented = request.headers.get("Authorization", "").partition(" ")
        return await self.recognise(request, presented.strip() if kind.lower() == "bearer" else "", permission)

    async def recognise(self, request: web.Request, presented: str, permission: Permission) -> Principal:
        """Like `admit`, for a token that came by another way than the Authorization header."""
        principal = await self._tokens.principal(presented)
        if principal is None:
            # A right token is never refused for what others did from the same address or with the same name.
            if self._failures.add(request.remote or "", account_of(presented)):
                raise TooManyFailures("wait a minute, then send the right token")
            raise Unauthorized("send Authorization: Bearer with a token of this service")
        if not principal.may(permission):
            raise Forbidden(f"the role {principal.role.value} has no permission {permission.value}")
        return principal
