"""Stand-ins for the people at the other end: one telephone for 110, one for an operator, so that a fresh hotline works.

Each listens on its own SIP port, answers after a moment, plays tones of its own that no other party plays, and notes
how loud it hears the caller. How it behaves (answer, busy, silent, absent) can be changed while it runs over a small
HTTP service on loopback, which also shows every call. A stand-in says nothing but tones and stores no sound: of a call
that has ended only levels and times are kept.
"""

import asyncio
import json
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import numpy as np
import structlog
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hotline.phone import Call, CallEnded, Incoming, Phone, PhoneError, Recorder
from hotline.phone.recorder import FLOOR_DBFS
from hotline.phone.rtp import SAMPLE_RATE

EMERGENCY: Final = "emergency"
OPERATOR: Final = "operator"

EMERGENCY_TONES: Final = ((700.0, 0.3), (1000.0, 0.3), (0.0, 0.4))
OPERATOR_TONES: Final = ((500.0, 0.15), (0.0, 0.1), (500.0, 0.35), (0.0, 0.4))
"""Hertz and seconds, repeated for the whole call; 0 Hz is silence."""

_TONE_DBFS: Final = -15.0

_log: Final = structlog.get_logger()


class Behaviour(StrEnum):
    ANSWER = "answer"
    BUSY = "busy"
    SILENT = "silent"
    """Rings for ever."""
    ABSENT = "absent"
    """Does not listen at all; calls that are up are ended."""


class StandinSettings(BaseModel):
    """Ports 0 take free ones. `kept_calls` is how many calls of each stand-in are remembered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    emergency_port: int = Field(default=5070, ge=0, le=65_535)
    operator_port: int = Field(default=5071, ge=0, le=65_535)
    control_port: int = Field(default=8090, ge=0, le=65_535)
    emergency: Behaviour = Behaviour.ANSWER
    operator: Behaviour = Behaviour.ANSWER
    ring_seconds: float = Field(default=1.0, ge=0.0, le=120.0)
    kept_calls: int = Field(default=50, ge=1, le=1000)
    record_seconds: float = Field(default=900.0, gt=0.0, le=7200.0)


class _Change(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    behaviour: Behaviour


def tones(pattern: tuple[tuple[float, float], ...]) -> bytes:
    """One period of a tone pattern as PCM16 mono at 8 kHz, at -15 dBFS while it sounds."""
    amplitude = 32_768 * 10 ** (_TONE_DBFS / 20) * np.sqrt(2)
    parts = [
        amplitude * np.sin(2 * np.pi * hertz * np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE)
        for hertz, seconds in pattern
    ]
    return np.concatenate(parts).astype("<i2").tobytes()


@dataclass(slots=True)
class CallNote:
    """One call at a stand-in. Times are seconds since the epoch; `frames` are (arrival, dBFS) of each 20 ms heard."""

    sip_call_id: str
    from_number: str
    invited_at: float
    headers: dict[str, str]
    answered_at: float | None = None
    ended_at: float | None = None
    end_code: int | None = None
    packets_received: int = 0
    packets_lost: int = 0
    heard_dbfs: list[float] = field(default_factory=list)
    frames: list[tuple[float, float]] = field(default_factory=list)
    call: Call | None = None

    def refresh(self) -> None:
        """Takes the figures over from the call while it is up; nothing changes after `close`."""
        if self.call is not None:
            media = self.call.media
            self.answered_at, self.ended_at = self.call.answered_at, self.call.ended_at
            self.packets_received, self.packets_lost = media.received, media.lost
            self.heard_dbfs = media.heard.levels()
            self.frames = _frames(media.heard)

    def close(self) -> None:
        self.refresh()
        self.call = None

    def to_json(self) -> dict[str, Any]:
        """Without `frames`; -100 dBFS stands for digital silence or no packet."""
        self.refresh()
        loudest = max(self.heard_dbfs, default=FLOOR_DBFS)
        return {
            "sip_call_id": self.sip_call_id,
            "from_number": self.from_number,
            "headers": self.headers,
            "invited_at": self.invited_at,
            "answered_at": self.answered_at,
            "ended_at": self.ended_at,
            "end_code": self.end_code,
            "packets_received": self.packets_received,
            "packets_lost": self.packets_lost,
            "heard_dbfs": self.heard_dbfs,
            "loudest_second_dbfs": loudest,
        }


class Standin:
    """One telephone that behaves as it is told. `run` is its life; `stop` ends it with its calls hung up."""

    def __init__(
        self,
        name: str,
        behaviour: Behaviour,
        *,
        host: str,
        port: int,
        pattern: tuple[tuple[float, float], ...],
        settings: StandinSettings,
    ) -> None:
        self.name = name
        self.behaviour = behaviour
        self.calls: deque[CallNote] = deque(maxlen=settings.kept_calls)
        self.host = host
        self.port = port
        self.problem: str | None = None
        """Why it is absent although it was told otherwise."""
        self._voice = tones(pattern)
        self._settings = settings
        self._changed = asyncio.Event()
        self._stopped = False
        self._settled = asyncio.Event()

    def behave(self, behaviour: Behaviour) -> None:
        """Applies to the next call; `settled` tells when a changed port is open or closed."""
        if behaviour is self.behaviour:
            return
        if Behaviour.ABSENT in (behaviour, self.behaviour):
            self._settled.clear()
        self.behaviour, self.problem = behaviour, None
        self._changed.set()

    def stop(self) -> None:
        self._stopped = True
        self._changed.set()

    async def settled(self) -> None:
        await self._settled.wait()

    async def run(self) -> None:
        """Raises PhoneError when the SIP port is taken at the start; later that makes it absent, with a `problem`."""
        started = False
        while not self._stopped:
            if self.behaviour is Behaviour.ABSENT:
                started = True
                self._settled.set()
                await self._next_change()
                continue
            try:
                await self._attend()
            except PhoneError as exc:
                if not started:
                    raise
                _log.error("standin_cannot_listen", standin=self.name, reason=str(exc))
                self.problem, self.behaviour = str(exc), Behaviour.ABSENT
            started = True

    async def _attend(self) -> None:
        phone = Phone(
            user=self.name, bind_host=self.host, bind_port=self.port, record_seconds=self._settings.record_seconds
        )
        async with phone, asyncio.TaskGroup() as calls:
            self.port = phone.address[1]
            taking = calls.create_task(self._take_calls(phone, calls))
            self._settled.set()
            while not self._stopped and self.behaviour is not Behaviour.ABSENT:
                await self._next_change()
            taking.cancel()
            await phone.hang_up_all()

    async def _next_change(self) -> None:
        await self._changed.wait()
        self._changed.clear()

    async def _take_calls(self, phone: Phone, calls: asyncio.TaskGroup) -> None:
        async for incoming in phone.incoming():
            calls.create_task(self._take_call(incoming))

    async def _take_call(self, incoming: Incoming) -> None:
        extra = {name: value for name, value in incoming.invite.headers if name.lower().startswith("x-")}
        note = CallNote(incoming.call_id, incoming.from_user, incoming.invited_at, extra)
        self.calls.append(note)
        _log.info("standin_call", standin=self.name, behaviour=self.behaviour, sip_call_id=note.sip_call_id)
        try:
            await self._treat(incoming, note)
        except CallEnded:
            _log.info("standin_call_given_up", standin=self.name, sip_call_id=note.sip_call_id)
        finally:
            note.close()
        reason = await incoming.ended()
        note.end_code = reason.code
        note.ended_at = incoming.ended_at
        _log.info("standin_call_ended", standin=self.name, sip_call_id=note.sip_call_id, code=reason.code)

    async def _treat(self, incoming: Incoming, note: CallNote) -> None:
        if self.behaviour is Behaviour.BUSY:
            await incoming.reject(486)
            return
        answers = self.behaviour is Behaviour.ANSWER
        await incoming.ring()
        try:
            async with asyncio.timeout(self._settings.ring_seconds if answers else None):
                await incoming.ended()
            return
        except TimeoutError:
            note.call = await incoming.answer()
        while await note.call.media.play(self._voice):
            pass
        await note.call.ended()


class Standins:
    """Both stand-ins and their control service; `run` is their life."""

    def __init__(self, settings: StandinSettings) -> None:
        self._settings = settings
        self.control_port = settings.control_port
        plan = (
            (EMERGENCY, settings.emergency, settings.emergency_port, EMERGENCY_TONES),
            (OPERATOR, settings.operator, settings.operator_port, OPERATOR_TONES),
        )
        self.standins = {
            name: Standin(name, behaviour, host=settings.host, port=port, pattern=pattern, settings=settings)
            for name, behaviour, port, pattern in plan
        }

    async def run(self, stop: asyncio.Event, ready: asyncio.Event | None = None) -> None:
        """Until `stop` is set; sets `ready` once everything listens. Raises PhoneError when a port is taken."""
        try:
            async with asyncio.TaskGroup() as group:
                for standin in self.standins.values():
                    group.create_task(standin.run())
                for standin in self.standins.values():
                    await standin.settled()
                await self._serve_control(stop, ready)
                for standin in self.standins.values():
                    standin.stop()
        except ExceptionGroup as problems:
            phone_errors = problems.subgroup(PhoneError)
            if phone_errors is None:
                raise
            raise PhoneError("; ".join(str(leaf) for leaf in _leaves(phone_errors))) from problems

    async def _serve_control(self, stop: asyncio.Event, ready: asyncio.Event | None) -> None:
        host, port = self._settings.host, self._settings.control_port
        runner = web.AppRunner(control_application(self.standins), access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            try:
                await web.TCPSite(runner, host, port).start()
            except OSError as exc:
                raise PhoneError(
                    f"expected TCP {host}:{port} to be free for the stand-ins' control, got: {exc}"
                ) from exc
            self.control_port = int(runner.addresses[0][1])
            if ready is not None:
                ready.set()
            await stop.wait()
        finally:
            await runner.cleanup()


async def serve(settings: StandinSettings, stop: asyncio.Event, ready: asyncio.Event | None = None) -> None:
    """Runs both stand-ins until `stop` is set. Raises PhoneError when a port is taken."""
    await Standins(settings).run(stop, ready)


def control_application(standins: Mapping[str, Standin]) -> web.Application:
    """`GET /standins`, `GET /standins/{name}`, `GET /standins/{name}/calls/{id}`, `POST /standins/{name}`."""

    async def show_all(_: web.Request) -> web.Response:
        return web.json_response({"standins": [_show(standin) for standin in standins.values()]})

    async def show(request: web.Request) -> web.Response:
        return web.json_response(_show(_find(standins, request)))

    async def show_call(request: web.Request) -> web.Response:
        wanted = request.match_info["call"]
        for note in _find(standins, request).calls:
            if note.sip_call_id == wanted:
                return web.json_response(note.to_json() | {"frames": note.frames})
        raise _problem(web.HTTPNotFound, "unknown_call", "expected the SIP Call-ID of a call still remembered")

    async def change(request: web.Request) -> web.Response:
        standin = _find(standins, request)
        standin.behave(await _read_behaviour(request))
        await standin.settled()
        if standin.problem is not None:
            raise _problem(web.HTTPServiceUnavailable, "port_taken", standin.problem)
        return web.json_response(_show(standin))

    application = web.Application(client_max_size=4096)
    application.add_routes(
        [
            web.get("/standins", show_all),
            web.get("/standins/{name}", show),
            web.get("/standins/{name}/calls/{call}", show_call),
            web.post("/standins/{name}", change),
        ]
    )
    return application


def _show(standin: Standin) -> dict[str, Any]:
    return {
        "name": standin.name,
        "behaviour": standin.behaviour.value,
        "sip": f"{standin.host}:{standin.port}",
        "calls": [note.to_json() for note in standin.calls],
    }


def _find(standins: Mapping[str, Standin], request: web.Request) -> Standin:
    standin = standins.get(request.match_info["name"])
    if standin is None:
        raise _problem(web.HTTPNotFound, "unknown_standin", f"expected one of {', '.join(standins)}")
    return standin


async def _read_behaviour(request: web.Request) -> Behaviour:
    """Only JSON by its content type: a web page elsewhere cannot send that here without asking first."""
    if request.content_type != "application/json":
        raise _problem(web.HTTPUnsupportedMediaType, "not_json", "expected the content type application/json")
    try:
        return _Change.model_validate_json(await request.read()).behaviour
    except ValidationError as exc:
        choices = ", ".join(Behaviour)
        message = f'expected {{"behaviour": one of {choices}}}'
        raise _problem(web.HTTPBadRequest, "bad_behaviour", message) from exc


def _problem(kind: type[web.HTTPError], error_id: str, message: str) -> web.HTTPError:
    body = json.dumps({"error": {"id": error_id, "message": message}})
    return kind(text=body, content_type="application/json")


def _frames(heard: Recorder) -> list[tuple[float, float]]:
    return [(round(packet.arrived, 4), round(packet.dbfs, 1)) for packet in heard.packets]


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
