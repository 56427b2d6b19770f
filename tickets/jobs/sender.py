"""Calls subscribers over HTTP without being led astray: which addresses may be called is decided where names become
addresses, for every connection anew.

Refused unless the settings allow the network: loopback, private, link-local (the cloud's metadata), multicast, reserved
and unspecified addresses, and IPv6 forms that hold such an IPv4 address. Redirects are not followed, proxies and
cookies not used, answers not read beyond their status.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from tickets.service.webhooks import Attempt, TargetRefused

Network = IPv4Network | IPv6Network

_NAT64: Final = IPv6Network("64:ff9b::/96")


class RefusedAddress(OSError):
    """A name led to an address that must not be called."""


class AddressGuard:
    """`allowed` are networks that may be called although they are not public."""

    def __init__(self, allowed: Sequence[Network]) -> None:
        self._allowed = tuple(allowed)

    def permits(self, text: str) -> bool:
        address = ip_address(text.split("%", 1)[0])
        inner = _embedded(address)
        return all(self._permits(each) for each in (address, *([inner] if inner else [])))

    def _permits(self, address: IPv4Address | IPv6Address) -> bool:
        if any(address.version == network.version and address in network for network in self._allowed):
            return True
        if isinstance(address, IPv6Address) and _embedded(address) is not None:
            return True
        return address.is_global and not address.is_multicast and not address.is_reserved

    def check_url(self, text: str) -> None:
        """Raises TargetRefused. Names are only resolved when they are called."""
        try:
            url = URL(text)
        except ValueError as exc:
            raise TargetRefused("a webhook needs a URL such as https://example.org/hook") from exc
        if url.scheme not in ("https", "http") or not url.host:
            raise TargetRefused("a webhook needs an http or https URL with a host")
        if url.user is not None or url.fragment:
            raise TargetRefused("a webhook's URL has no user, password or fragment")
        try:
            permitted = self.permits(url.host)
        except ValueError:
            # A name, or an odd spelling of a number that the resolver will spell out and the guard sees then.
            return
        if not permitted:
            raise TargetRefused("this address is not public; list its network in the settings if it may be called")


class GuardedResolver(AbstractResolver):
    """Resolves, and lets through only what the guard permits."""

    def __init__(self, guard: AddressGuard, inner: AbstractResolver) -> None:
        self._guard = guard
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        permitted = [each for each in found if self._guard.permits(each["host"])]
        if not permitted:
            raise RefusedAddress("the name leads to no address that may be called")
        return permitted

    async def close(self) -> None:
        await self._inner.close()


class HttpSender:
    """Implements Sender."""

    def __init__(self, session: aiohttp.ClientSession, guard: AddressGuard) -> None:
        self._session = session
        self._guard = guard

    def check(self, url: str) -> None:
        self._guard.check_url(url)

    async def send(self, url: str, headers: dict[str, str], body: bytes) -> Attempt:
        try:
            self._guard.check_url(url)
            async with self._session.post(
                url, data=body, headers={**headers, "Content-Type": "application/json"}, allow_redirects=False
            ) as response:
                return Attempt(response.status, f"HTTP {response.status}")
        except TargetRefused:
            return Attempt(0, "the address may not be called")
        except RefusedAddress:
            return Attempt(0, "the name leads to an address that may not be called")
        except TimeoutError:
            return Attempt(0, "no answer in time")
        except (aiohttp.ClientError, OSError, ValueError) as exc:
            cause = exc.__cause__ or getattr(exc, "os_error", None)
            if isinstance(cause, RefusedAddress):
                return Attempt(0, "the name leads to an address that may not be called")
            return Attempt(0, f"no connection: {type(exc).__name__}")


@asynccontextmanager
async def open_sender(allowed: Sequence[Network], seconds: float) -> AsyncIterator[HttpSender]:
    """A sender whose every attempt ends within `seconds`."""
    guard = AddressGuard(allowed)
    resolver = GuardedResolver(guard, aiohttp.ThreadedResolver(loop=asyncio.get_running_loop()))
    connector = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, limit=16, force_close=True)
    session = aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=seconds),
        trust_env=False,
        auto_decompress=False,
        headers={"User-Agent": "hotline-12345-webhooks"},
    )
    async with session:
        yield HttpSender(session, guard)


def _embedded(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """The IPv4 address inside an IPv6 one: mapped (RFC 4291), 6to4 (RFC 3056), NAT64 (RFC 6052)."""
    if isinstance(address, IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None
