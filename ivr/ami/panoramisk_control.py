"""`CallControl` on panoramisk: one supervised link, replaced when it ends.

Strategy: a single task connects, logs in, pings, and on any end waits and begins again: 0.5 to 30 s, doubled and
jittered (F12); after a refused login at least 30 s, so that Asterisk's `authlimit` and fail2ban stay quiet (F14). A
ping without an answer within its time ends the link (F13). Invariants: ready means logged in; an action is sent at most
once, and what became of one that was under way when the link ended is reported as unknown, never guessed.
"""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import structlog

from ivr.ami.fields import caller_number, channel_name, checked_extension, live_channel, variable_name
from ivr.ami.link import AmiLink, LinkLimits
from ivr.ami.ports import LiveChannel
from ivr.errors import AmiRefused, AmiUnavailable, AmiUnknownOutcome, LocalFault

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class AmiSettings:
    """Where and as whom to log in, and the times of the link in seconds. `contexts` are all that may be called."""

    host: str
    port: int
    user: str
    secret: str = field(repr=False)
    contexts: frozenset[str] = frozenset()
    retry_min_seconds: float = 0.5
    retry_max_seconds: float = 30.0
    refused_seconds: float = 30.0
    ping_every_seconds: float = 10.0
    pong_seconds: float = 5.0
    limits: LinkLimits = field(default_factory=LinkLimits)


class PanoramiskControl:
    """See `ivr.ami.ports.CallControl`."""

    def __init__(self, settings: AmiSettings, rng: random.Random | None = None) -> None:
        if foreign := sorted(name for name in settings.contexts if not name.startswith("hotline-")):
            raise LocalFault(f"expected contexts that begin with hotline-, got {foreign[0]}")
        self._settings = settings
        self._rng = rng or random.Random()
        self._link: AmiLink | None = None
        self._supervisor: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        return self._link is not None

    async def start(self) -> None:
        if self._supervisor is None:
            self._supervisor = asyncio.create_task(self._supervise(), name="ami")

    async def aclose(self) -> None:
        task, self._supervisor = self._supervisor, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def set_timeout(self, channel: str, seconds: float) -> bool:
        return await self._set(channel, "TIMEOUT(absolute)", f"{max(0.0, seconds):.3f}")

    async def set_variable(self, channel: str, name: str, value: str) -> bool:
        return await self._set(channel, variable_name(name), value)

    async def live_channels(self) -> tuple[LiveChannel, ...]:
        messages = await self._ask({"Action": "CoreShowChannels"}, many=True)
        rows = [message for message in messages if message.event == "CoreShowChannel"]
        channels = tuple(channel for row in rows if (channel := live_channel(row)) is not None)
        if len(channels) != len(rows):
            log.warning("ami_rows_refused", rows=len(rows) - len(channels), security=True)
        return channels

    async def originate(
        self, place: str, extension: str, *, then: str, caller_id: str, seconds: float, variables: Mapping[str, str]
    ) -> str:
        for context in (place, then):
            if context not in self._settings.contexts:
                raise LocalFault("expected one of the hotline's own contexts to call, got another")
        # Asterisk makes these the channels' UNIQUEIDs, so they keep the shape of one: <system>-<number>.<number>.
        stem = f"hotline-{uuid4().hex}"
        channel_id = f"{stem}-0.1"
        fields: dict[str, str | list[str]] = {
            "Action": "Originate",
            "Channel": f"Local/{checked_extension(extension)}@{place}",
            "ChannelId": channel_id,
            "OtherChannelId": f"{stem}-0.2",
            "Context": then,
            "Exten": "s",
            "Priority": "1",
            "CallerID": caller_number(caller_id),
            "Timeout": str(int(seconds * 1000)),
            # Without Async the library's reader dies on the answer (panoramisk issue 90).
            "Async": "true",
        }
        if variables:
            fields["Variable"] = [_assignment(name, value) for name, value in variables.items()]
        await self._ask(fields)
        return channel_id

    async def _set(self, channel: str, name: str, value: str) -> bool:
        try:
            await self._ask({"Action": "Setvar", "Channel": channel_name(channel), "Variable": name, "Value": value})
        except AmiRefused:
            return False
        return True

    async def _ask(self, fields: Mapping[str, str | list[str]], *, many: bool = False) -> Any:
        link = self._link
        if link is None:
            raise AmiUnavailable("expected an AMI link that is logged in, got none")
        answer = await link.ask(fields, many=many)
        first = answer[0] if isinstance(answer, list) else answer
        if not first.success or many is not isinstance(answer, list):
            raise AmiRefused(f"Asterisk refused {fields['Action']}")
        return answer

    async def _supervise(self) -> None:
        attempt = 0
        while True:
            served, refused = await self._one_link()
            attempt = 1 if served else attempt + 1
            await asyncio.sleep(retry_seconds(self._settings, attempt, refused=refused, rng=self._rng))

    async def _one_link(self) -> tuple[bool, bool]:
        """Live through one connection; returns whether it was ever ready, and whether we were refused."""
        settings = self._settings
        try:
            link = await AmiLink.open(settings.host, settings.port, settings.user, settings.secret, settings.limits)
        except (OSError, TimeoutError) as exc:
            log.warning("ami_unreachable", error=type(exc).__name__)
            return False, False
        try:
            if not await link.log_in():
                log.error("ami_login_refused", mend="compare the AMI user and secret with manager.conf")
                return False, True
            self._link = link
            log.info("ami_ready")
            await self._keep_alive(link)
        except (AmiUnknownOutcome, AmiUnavailable) as exc:
            log.warning("ami_link_lost", reason=str(exc))
        finally:
            served = self._link is link
            self._link = None
            await link.close()
        return served, False

    async def _keep_alive(self, link: AmiLink) -> None:
        """Ping until the link ends; raises when it does."""
        while True:
            try:
                async with asyncio.timeout(self._settings.ping_every_seconds):
                    await link.wait_lost()
            except TimeoutError:
                await link.ask({"Action": "Ping"}, seconds=self._settings.pong_seconds)
            else:
                raise AmiUnavailable("expected the AMI link to stay up, got its end")


def retry_seconds(settings: AmiSettings, attempt: int, *, refused: bool, rng: random.Random) -> float:
    """How long to wait before connection attempt `attempt` + 1: doubled, capped, between half and all of it."""
    if refused:
        return settings.refused_seconds * rng.uniform(1.0, 1.5)
    ceiling = min(settings.retry_max_seconds, settings.retry_min_seconds * 2.0 ** min(attempt, 16))
    return max(settings.retry_min_seconds, ceiling * rng.uniform(0.5, 1.0))


def _assignment(name: str, value: str) -> str:
    if "," in value:
        raise LocalFault("expected a variable's value without commas in Originate, got one with")
    return f"{variable_name(name)}={value}"
