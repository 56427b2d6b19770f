"""A person with a telephone in an end-to-end test: speaks, presses keys, and knows prompts by ear."""

import asyncio
import itertools
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from hotline.asterisk.generate import CALLER_ACCOUNT
from hotline.phone import Call, Phone
from tests.e2e.ear import TEMPLATE_SECONDS, find_prompt
from tests.e2e.whole_hotline import PATIENCE, WholeHotline, eventually_async

ANSWER_SECONDS = 20.0

_numbers = itertools.count(random.randrange(1000, 5000))


def new_number() -> str:
    """A caller's number whose last four digits nobody else in this run has."""
    return f"1390000{next(_numbers):04d}"


class Caller:
    """One call. Times are seconds of the phone's clock, which is the epoch's."""

    def __init__(self, hotline: WholeHotline, call: Call, number: str) -> None:
        self.hotline = hotline
        self.call = call
        self.number = number

    @property
    def answered_at(self) -> float:
        assert self.call.answered_at is not None
        return self.call.answered_at

    async def hears(self, prompt: str, seconds: float = PATIENCE, since: float | None = None) -> float:
        """Wait until a prompt is heard, by ear; when its first sound came."""
        heard = self.call.media.heard
        begin = since if since is not None else self.call.invited_at
        give_up = time.time() + seconds
        while True:
            over = time.time() > give_up or self.call.end_reason is not None
            if (found := await asyncio.to_thread(self._find, prompt, begin)) is not None:
                return found
            if over:
                levels = [round(level) for level in heard.levels()]
                raise AssertionError(f"the caller did not hear {prompt!r} within {seconds:g} s; heard levels {levels}")
            begin = max(begin, time.time() - 4 * TEMPLATE_SECONDS)
            await asyncio.sleep(0.25)

    def has_heard(self, prompt: str, since: float | None = None) -> bool:
        return self._find(prompt, since if since is not None else self.call.invited_at) is not None

    def _find(self, prompt: str, since: float) -> float | None:
        heard = self.call.media.heard
        first = next(iter(heard.between(since)), None)
        if first is None:
            return None
        pcm = heard.pcm(since)
        start = min(packet.position for packet in heard.between(since))
        offset = find_prompt(pcm, prompt)
        return None if offset is None else start + offset

    async def presses(self, digits: str) -> None:
        await self.call.media.send_digits(digits)

    async def says(self, speech: bytes) -> tuple[float, float]:
        """Speak; from when to when."""
        began = time.time()
        await self.call.media.play(speech)
        return began, time.time()

    async def events(self, kind: str = "") -> list[dict[str, Any]]:
        """What the live-call board holds of this call."""
        page = await self.hotline.ivr(f"/calls/{self.call.call_id}/events")
        events = page["events"] if page else []
        return [event for event in events if not kind or event["event"] == kind]

    async def event(self, kind: str, seconds: float = PATIENCE, **fields: Any) -> dict[str, Any]:
        """Wait for an event on the board with these fields."""

        async def found() -> dict[str, Any] | None:
            try:
                events = await self.events(kind)
            except (aiohttp.ClientError, OSError, TimeoutError):
                return None
            return next((each for each in events if each.items() >= fields.items()), None)

        try:
            event: dict[str, Any] = await eventually_async(found, f"board event {kind} {fields}", seconds, every=0.1)
        except AssertionError as problem:
            raise AssertionError(f"{problem}; the call so far: {await self._story()}") from None
        return event

    async def turn(self, state: str, seconds: float = PATIENCE) -> None:
        """Wait until the hotline has asked and listens, in this state of the dialogue."""
        await self.event("your-turn", seconds, state=state)

    async def gets_to(self, state: str, seconds: float = PATIENCE) -> list[str]:
        """Answer as soon as something is asked, until the dialogue is in `state`; the states on the way there."""
        answers = {"place": "#", "clarify": "1", "emergency": "2", "answer": "2", "which-place": "1"}
        passed: list[str] = []
        try:
            async with asyncio.timeout(seconds):
                while state not in passed:
                    now = [event["to"] for event in await self.events("state")]
                    for each in now[len(passed) :]:
                        if each in answers and each != state:
                            await self.presses(answers[each])
                    passed = now
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(
                f"the dialogue did not get to {state}; the call so far: {await self._story()}"
            ) from None
        return passed

    async def gets_a_number(self, speech: bytes, seconds: float = 2 * PATIENCE) -> str:
        """Tell the matter and answer whatever is asked until there is a ticket; its number.

        What is asked depends on what the recogniser made of the words this time, so nothing is taken for granted.
        """
        answers = {"place": "#", "confirm": "1", "clarify": "1", "emergency": "2", "answer": "2", "which-place": "1"}
        answered = 0
        async with asyncio.timeout(seconds):
            while not (opened := await self.events("ticket")):
                turns = await self.events("your-turn")
                if len(turns) > answered:
                    answered, state = len(turns), turns[-1]["state"]
                    if state == "listen":
                        await self.says(speech)
                    elif state in answers:
                        await self.presses(answers[state])
                await asyncio.sleep(0.1)
        number: str = opened[0]["number"]
        return number

    async def tickets(self) -> list[dict[str, Any]]:
        return await self.hotline.tickets_of(self.number)

    async def ticket(self, seconds: float = PATIENCE) -> dict[str, Any]:
        """Wait for this caller's only ticket."""
        tickets = await eventually_async(self._tickets_or_none, f"a ticket of {self.number} exists", seconds)
        assert len(tickets) == 1, [each["number"] for each in tickets]
        ticket: dict[str, Any] = tickets[0]
        return ticket

    async def _tickets_or_none(self) -> list[dict[str, Any]]:
        try:
            return await self.tickets()
        except (aiohttp.ClientError, OSError, TimeoutError):
            return []

    async def talks_to(self, standin: str, seconds: float = PATIENCE) -> dict[str, Any]:
        """Wait until a stand-in has answered this caller; its note of the call."""

        async def answered() -> dict[str, Any] | None:
            notes = await self.hotline.standin_calls(standin, self.number)
            return next((note for note in notes if note["answered_at"] and not note["ended_at"]), None)

        try:
            note: dict[str, Any] = await eventually_async(answered, f"{standin} answers {self.number}", seconds)
        except AssertionError as problem:
            raise AssertionError(f"{problem}; the call so far: {await self._story()}") from None
        return note

    async def _story(self) -> list[dict[str, Any]]:
        """The call as the board has it, for the message of a failed test."""
        try:
            return [
                {key: each.get(key) for key in ("event", "text", "to", "note", "action")}
                for each in await self.events()
            ]
        except (aiohttp.ClientError, OSError, TimeoutError):
            return []

    async def leaves_no_channel(self, seconds: float = 2.0) -> None:
        """Within so long nothing of this call is left in Asterisk."""

        async def gone() -> bool:
            return not await self.hotline.channels_of(self.number)

        await eventually_async(gone, f"no channel of {self.number} is left", seconds)

    def longest_silence(self, since: float | None = None, until: float | None = None) -> float:
        """Longest time without a sound, of those over three seconds; 0 when there was none."""
        silences = self.call.media.heard.silences(3.0, since or self.answered_at, until)
        return max((each.seconds for each in silences), default=0.0)


@asynccontextmanager
async def calling(
    hotline: WholeHotline,
    *,
    dialled: str = "12345",
    number: str | None = None,
    from_user: str | None = None,
    answered: bool = True,
) -> AsyncIterator[Caller]:
    """Place a call; it is hung up on the way out. `from_user` is sent instead of the number in From."""
    number = new_number() if number is None else number
    async with Phone(user=CALLER_ACCOUNT, password=hotline.caller_password) as phone:
        call = await phone.call(dialled, server=hotline.server, from_user=from_user or number)
        caller = Caller(hotline, call, number)
        if answered:
            await call.answered(ANSWER_SECONDS)
        yield caller
