"""Asterisk alone with a caller's phone, a 110 and an operator that can be told how to behave, and a scripted AGI.

Nothing of the application runs here: what these scenes show, the dialplan does by itself.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from hotline.phone import Call, Phone
from hotline.standins import EMERGENCY_TONES, OPERATOR_TONES, Behaviour, Standin, StandinSettings, tones
from tests.e2e.asterisk_fixture import RunningAsterisk, free_port, prompts_in, running_asterisk

CALLER_NUMBER = "13800000000"
PATIENCE = 20.0
VOICE = tones(((1500.0, 1.0),))
"""A caller's voice: a tone that is no prompt's, one second."""


async def eventually(condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """The condition's first true value; fails with `what` after `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            while not (value := condition()):
                await asyncio.sleep(0.02)
            return value
    except TimeoutError:
        raise AssertionError(f"did not happen within {seconds:g} s: {what}") from None


@dataclass
class Scene:
    """The parts of one scene."""

    asterisk: RunningAsterisk
    phone: Phone
    emergency: Standin
    operator: Standin

    async def dial(self, number: str = "12345", from_user: str = CALLER_NUMBER) -> Call:
        """Place a call with the test caller's account and wait for the answer."""
        call = await self.phone.call(number, server=self.server, from_user=from_user)
        await call.answered(PATIENCE)
        return call

    @property
    def server(self) -> str:
        return f"127.0.0.1:{self.asterisk.settings.sip_port}"

    async def heard(self, call: Call, prompt: str, times: int = 1, seconds: float = PATIENCE) -> None:
        """Wait until the caller has heard a prompt so many times."""
        await eventually(
            lambda: self.prompts(call).count(prompt) >= times, f"the caller hears {prompt} ({times})", seconds
        )

    @staticmethod
    def prompts(call: Call) -> list[str]:
        return [name for _, name in prompts_in(call.media.heard.pcm())]

    async def statuses(self, event: str, wanted: Sequence[str]) -> None:
        """Wait until the dialplan's records of an event hold these statuses, in this order."""

        def found() -> bool:
            records = iter(self.records(event))
            return all(any(f"status={status}" in record for record in records) for status in wanted)

        await eventually(found, f"{event}: {wanted}, found {self.records(event)}")

    def records(self, event: str) -> list[str]:
        return [" ".join(row) for row in self.asterisk.events() if row[1] == event]

    async def channels(self) -> int:
        text = await self.asterisk.process.command("core show channels count")
        return int(text.split()[0])


@asynccontextmanager
async def scene(
    *,
    emergency: Behaviour = Behaviour.ANSWER,
    operator: Behaviour = Behaviour.ABSENT,
    ring_seconds: float = 0.2,
    agi: str | None = None,
    **settings: Any,
) -> AsyncIterator[Scene]:
    """Start everything; the operator stand-in is known to the queue as free before the scene begins."""
    standin = StandinSettings(ring_seconds=ring_seconds)
    police = Standin("110", emergency, host="127.0.0.1", port=0, pattern=EMERGENCY_TONES, settings=standin)
    person = Standin("operator", operator, host="127.0.0.1", port=0, pattern=OPERATOR_TONES, settings=standin)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(police.run())
        tasks.create_task(person.run())
        await police.settled()
        await person.settled()
        operator_port = person.port or free_port()
        values = {
            "trunk_110": f"sip:110@127.0.0.1:{police.port or free_port()}",
            "trunk_110_second": f"sip:110@127.0.0.1:{police.port or free_port()}",
            "operator_standin": f"sip:operator@127.0.0.1:{operator_port}",
            "trunk_special": f"sip:7229995@127.0.0.1:{operator_port}",
            **settings,
        }
        try:
            async with (
                running_asterisk(agi=agi, settings=values, tone_prompts=True) as asterisk,
                Phone(user="caller", password=asterisk.secrets.accounts["caller"]) as phone,
            ):
                if operator is not Behaviour.ABSENT:
                    await _known_as_free(asterisk)
                yield Scene(asterisk, phone, police, person)
        finally:
            police.stop()
            person.stop()


async def _known_as_free(asterisk: RunningAsterisk) -> None:
    async with asyncio.timeout(PATIENCE):
        while (
            "operator-standin) with penalty 10 (ringinuse disabled) (Not in use)"
            not in await asterisk.process.command("queue show hotline-general")
        ):
            await asyncio.sleep(0.1)


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def agi_server(handler: Handler) -> AsyncIterator[str]:
    """A FastAGI server that runs `handler` once the header has been read; yields its address:port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\n\n")
            await handler(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    try:
        yield f"{host}:{port}"
    finally:
        server.close()


def decides(action: str, target: str = "") -> Handler:
    """A handler that behaves as the application does when it is done: variables first, the flag last."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        values = {"HOTLINE_ACTION": action, "HOTLINE_TARGET": target, "HOTLINE_DONE": "1"}
        for name, value in values.items():
            writer.write(f'SET VARIABLE {name} "{value}"\n'.encode())
            await reader.readline()

    return handle
