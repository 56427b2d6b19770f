"""Which addresses may be called: nothing inside, unless the settings say so; and a name cannot lead there either."""

import socket
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given
from hypothesis import strategies as st

from tickets.jobs.sender import AddressGuard, GuardedResolver, RefusedAddress, open_sender
from tickets.service.webhooks import TargetRefused

INSIDE = (
    *("127.0.0.1", "10.0.0.8", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"),  # noqa: S104
    *("224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1"),
    *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "fe80::1%eth0"),
)


class FixedResolver(AbstractResolver):
    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_UNSPEC) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=each, port=port, family=socket.AF_INET, proto=0, flags=0)
            for each in self._addresses
        ]

    async def close(self) -> None:
        return None


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    assert not AddressGuard(()).permits(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34"])
def test_public_addresses_are_called(address: str) -> None:
    assert AddressGuard(()).permits(address)


@given(st.ip_addresses(v=4))
def test_a_mapped_address_is_judged_like_the_plain_one(address: Any) -> None:
    guard = AddressGuard(())
    assert guard.permits(f"::ffff:{address}") == guard.permits(str(address))


def test_a_network_of_the_settings_is_called() -> None:
    guard = AddressGuard([ip_network("10.20.0.0/16")])
    assert guard.permits("10.20.3.4")
    assert not guard.permits("10.21.3.4")
    assert not guard.permits("169.254.169.254")


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://example.org/x", "file:///etc/passwd", "https://", "not a url", "gopher://example.org"),
        *("http://user:secret@example.org/", "https://example.org/#part", "http://[::1]/", "http://127.0.0.1:5038/"),
        "http://169.254.169.254/latest/meta-data/",
    ],
)
def test_urls_that_must_not_be_called_are_refused_when_they_are_given(url: str) -> None:
    with pytest.raises(TargetRefused):
        AddressGuard(()).check_url(url)


async def test_a_name_that_leads_inside_is_refused_when_it_is_called() -> None:
    resolver = GuardedResolver(AddressGuard(()), FixedResolver("127.0.0.1", "169.254.169.254"))
    with pytest.raises(RefusedAddress):
        await resolver.resolve("rebound.example")


async def test_only_the_permitted_addresses_of_a_name_are_called() -> None:
    resolver = GuardedResolver(AddressGuard(()), FixedResolver("127.0.0.1", "93.184.216.34"))
    assert [each["host"] for each in await resolver.resolve("mixed.example")] == ["93.184.216.34"]


@pytest.mark.parametrize("url", ["http://localhost:1/", "http://2130706433/", "http://127.1/", "http://0x7f000001/"])
async def test_odd_spellings_of_this_machine_are_refused_without_a_connection(url: str) -> None:
    async with open_sender((), 5.0) as sender:
        attempt = await sender.send(url, {}, b"{}")
    assert attempt.status == 0
    assert "may not be called" in attempt.words or "InvalidUrl" in attempt.words
