"""Who asks, and may they: bearer tokens, permissions, and a brake on guessing (F80)."""

from collections import OrderedDict
from typing import Final

from aiohttp import web

from tickets.api.problems import Forbidden, TooManyFailures, Unauthorized
from tickets.domain.roles import Permission, Principal
from tickets.ports import Clock
from tickets.service.tokens import Tokens

PRINCIPAL: Final = web.RequestKey("principal", Principal)

_ADDRESSES: Final = 4096
_MINUTE: Final = 60.0


class Gate:
    """Checks a request's token against what the route needs. Failures are counted by peer address."""

    def __init__(self, tokens: Tokens, clock: Clock, failures_per_minute: int) -> None:
        self._tokens = tokens
        self._clock = clock
        self._most = failures_per_minute
        self._failures: OrderedDict[str, list[float]] = OrderedDict()

    async def admit(self, request: web.Request, permission: Permission) -> Principal:
        """Raises Unauthorized, Forbidden or TooManyFailures. The answer to a wrong token never says what was wrong."""
        kind, _, presented = request.headers.get("Authorization", "").partition(" ")
        return await self.recognise(request, presented.strip() if kind.lower() == "bearer" else "", permission)

    async def recognise(self, request: web.Request, presented: str, permission: Permission) -> Principal:
        """Like `admit`, for a token that came by another way than the Authorization header."""
        address = request.remote or ""
        principal = await self._tokens.principal(presented)
        if principal is None:
            # A right token is never refused for what others did from the same address.
            if self._count(address) > self._most:
                raise TooManyFailures("wait a minute, then send the right token")
            raise Unauthorized("send Authorization: Bearer with a token of this service")
        if not principal.may(permission):
            raise Forbidden(f"the role {principal.role.value} has no permission {permission.value}")
        return principal

    def _count(self, address: str) -> int:
        now = self._clock.monotonic()
        recent = [at for at in self._failures.pop(address, []) if now - at < _MINUTE][-self._most :]
        recent.append(now)
        self._failures[address] = recent
        if len(self._failures) > _ADDRESSES:
            self._failures.popitem(last=False)
        return len(recent)
