"""The IVR's composition root: the only place where its adapters are made and its settings are read.

Order of life: the outbox first (nothing may be lost from the first call on), then the recogniser in the background
(calls meanwhile go the keys-and-recording way), the audio and AGI servers, and last the control door by which others
see that the process lives. Stopping goes the other way round and lets calls end for a while (F16).
"""

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import IO

import aiohttp
import structlog
from aiohttp import web

from ivr import metrics
from ivr.agi.server import FastAgiServer
from ivr.agi.session import AgiSession
from ivr.ami.panoramisk_control import AmiSettings as AmiAccount
from ivr.ami.panoramisk_control import PanoramiskControl
from ivr.ami.ports import CallControl
from ivr.audiosocket.server import AudioSocketServer
from ivr.board import Board
from ivr.call import Call, CallServices
from ivr.call.call import gather_facts
from ivr.call.ending import Journal
from ivr.call.hearing import Understanding
from ivr.control import ControlDoor
from ivr.dialogue import DialogueRules
from ivr.dialogue.phrases import digit_pairs
from ivr.domain_terms import domain_corrector
from ivr.inbox import Inbox
from ivr.outbox.api import HttpTicketApi
from ivr.outbox.numbering import Numbering
from ivr.outbox.outbox import Outbox
from ivr.outbox.relay import Relay, RelayLimits
from ivr.outbox.spool import Spool
from ivr.rereading import ReadingQueue, SecondReader, second_engine
from ivr.settings import AmiSettings, IvrSettings, SecondReadingSettings
from ivr.transcribing import transcribe_recording
from routing.knowledge import KNOWLEDGE, KnowledgeBase
from routing.router import Router
from speech import engines
from speech.absent import AbsentRecogniser
from speech.engines import suitable
from speech.errors import ModelError
from speech.listener import Listener
from speech.ports import Recogniser
from speech.prompts import PromptLibrary, fixed_entries
from speech.settings import SpeechSettings
from speech.vad import make_vad

log = structlog.get_logger()

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China keeps one time and no summer time (F92)."""

INBOX_SECONDS = 2.0


class AlreadyRunning(Exception):
    """Another process uses this spool (F95)."""


@dataclass(frozen=True, slots=True)
class IvrPlaces:
    """Folders of one node."""

    models: Path
    sounds: Path
    recordings: Path
    spool: Path
    state: Path


@dataclass(frozen=True, slots=True)
class IvrSecrets:
    """What opens the doors between the parts."""

    ami: str = field(repr=False)
    control_token: str = field(repr=False)
    tickets_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class IvrSections:
    """The sections of the configuration that concern the IVR."""

    ivr: IvrSettings
    ami: AmiSettings
    speech: SpeechSettings


@dataclass(frozen=True, slots=True)
class IvrPorts:
    """The ports really bound."""

    agi: int
    audio: int
    control: int


class SpeechPart:
    """The recogniser and how it is: loading, ok, or degraded with the reason (F10)."""

    def __init__(self, recogniser: Recogniser, state: str) -> None:
        self.recogniser = recogniser
        self._state = state
        self._settled = asyncio.Event()

    @property
    def state(self) -> str:
        load = self.recogniser.load
        if self.recogniser.ready and load.full:
            return f"degraded: full, {load.streams} of {load.capacity} callers heard; more go to the recording"
        return "ok" if self.recogniser.ready else self._state

    async def load(self) -> None:
        """Load the model; a model that cannot be used leaves the service degraded, not dead."""
        try:
            await self.recogniser.start()
        except ModelError as exc:
            self._state = f"degraded: {exc}"
            log.error("recognition_degraded", reason=str(exc))
        finally:
            self._settled.set()

    async def settled(self, seconds: float) -> None:
        """Until it is known whether the model can be used, at most so long: what was recorded can wait a little."""
        try:
            async with asyncio.timeout(seconds):
                await self._settled.wait()
        except TimeoutError:
            log.warning("recogniser_slow_to_load")


async def serve(
    sections: IvrSections,
    places: IvrPlaces,
    secrets: IvrSecrets,
    stop: asyncio.Event,
    ready: Callable[[IvrPorts], None] | None = None,
) -> None:
    """Run the IVR until `stop` is set. Raises AlreadyRunning, OSError when a port is taken."""
    settings = sections.ivr
    async with AsyncExitStack() as stack:
        stack.enter_context(_lock(places.state / "ivr.lock"))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        board = Board(time.time)
        spool = Spool(places.state / "outbox")
        api = HttpTicketApi(session, settings.tickets_url, secrets.tickets_token, settings.tickets_timeout_seconds)
        relay = Relay(spool, api, RelayLimits(), time.time)
        outbox = Outbox(spool, Numbering(places.state / "numbers.json", settings.node, _today), relay)
        journal = Journal(places.state / "calls")
        interrupted = await asyncio.to_thread(journal.hand_in_interrupted, places.spool / "inbox")
        if interrupted:
            log.warning("calls_interrupted", calls=interrupted)
        account = AmiAccount(sections.ami.host, sections.ami.port, sections.ami.username, secrets.ami)
        control = PanoramiskControl(account)
        stack.push_async_callback(control.aclose)
        await control.start()
        speech = _speech(sections.speech, places)
        stack.push_async_callback(speech.recogniser.aclose)
        router = await asyncio.to_thread(lambda: Router.load(classifier=settings.classifier))
        mind = await asyncio.to_thread(_mind, router)
        audio = await stack.enter_async_context(AudioSocketServer(settings.host, settings.audio_port))
        again = ReadingQueue(places.state / "second-reading") if settings.second_reading else None
        services = CallServices(
            settings=settings,
            rules=DialogueRules(**settings.dialogue.model_dump()),
            audio=audio,
            control=control,
            prompts=await _prompts(settings, places),
            recogniser=speech.recogniser,
            mind=mind,
            outbox=outbox,
            journal=journal,
            board=board,
            recordings=places.recordings,
            second_reading=again,
        )
        agi = await stack.enter_async_context(
            FastAgiServer(
                settings.host,
                settings.agi_port,
                lambda session: _call(session, services, speech.state, sections.speech),
            )
        )
        inbox = Inbox(
            places.spool / "inbox",
            places.recordings,
            node=settings.node,
            outbox=outbox,
            journal=journal,
            is_live=lambda call: any(record.id == call for record in board.live()),
            transcribe=lambda path: _transcribe(path, speech, sections.speech),
            correct=lambda words: mind.corrector.correct([words]),
            decide=mind.decide,
            second_reading=again,
        )
        works = [speech.load(), relay.run(), inbox.run(INBOX_SECONDS)]
        if again is not None and settings.second_reading is not None:
            works.append(_second_reader(again, settings.second_reading, sections.speech, places, outbox, speech).run())
        await stack.enter_async_context(_background(*works))
        door = ControlDoor(
            board,
            secrets.control_token,
            lambda: _readiness(speech, control, relay),
            metrics.registry(board, spool, relay, audio, speech.recogniser, again),
        )
        port = await _open_door(stack, door, settings)
        if ready:
            ready(IvrPorts(agi.port, audio.port, port))
        log.info("ivr_ready", **asdict(IvrPorts(agi.port, audio.port, port)))
        await stop.wait()
        await agi.close(settings.drain_seconds)


async def _call(session: AgiSession, services: CallServices, recognition: str, speech: SpeechSettings) -> None:
    facts, sip_call_id = await gather_facts(session, node=services.settings.node, now=lambda: datetime.now(UTC))
    record = services.board.open(facts.id, sip_call_id)
    await services.board.note(record, "arrived", recognition=recognition)
    services.journal.open(facts)
    # Loading a voice detector takes tens of milliseconds: not on the loop that paces everybody's audio.
    vad = await asyncio.to_thread(make_vad, speech.vad, speech.vad_threshold)
    listener = Listener(services.recogniser, speech, facts.id, vad)
    await Call(session, facts, record, listener, services).run()


def _speech(settings: SpeechSettings, places: IvrPlaces) -> SpeechPart:
    try:
        choice = engines.choose(settings, places.models)
        rate = suitable.inspect(choice)
    except ModelError as exc:
        log.error("recognition_degraded", reason=str(exc))
        return SpeechPart(AbsentRecogniser(str(exc)), f"degraded: {exc}")
    log.info("recogniser_chosen", engine=choice.name, model=choice.title, why=choice.why, rate=rate)
    # Three seconds of speech by which a worker measures how many callers it can listen to.
    return SpeechPart(engines.build(choice, settings, places.sounds / "clarify.wav"), "loading")


def _second_reader(
    queue: ReadingQueue,
    settings: SecondReadingSettings,
    live: SpeechSettings,
    places: IvrPlaces,
    outbox: Outbox,
    speech: SpeechPart,
) -> SecondReader:
    return SecondReader(
        queue,
        settings,
        places.recordings,
        outbox,
        engine=lambda: second_engine(settings, live, places.models),
        vad=lambda: make_vad(live.vad, live.vad_threshold),
        quiet=lambda: speech.recogniser.load.streams == 0,
    )


def _mind(router: Router) -> Understanding:
    knowledge = KnowledgeBase.load(KNOWLEDGE)
    return Understanding(router, domain_corrector(router), knowledge, lambda: datetime.now(CHINA))


async def _prompts(settings: IvrSettings, places: IvrPlaces) -> PromptLibrary:
    folders = [each for each in (settings.prompt_overrides, places.sounds) if each]
    library = PromptLibrary(folders)
    wanted = [entry.id for entry in fixed_entries()] + [prompt for prompt, _ in digit_pairs()]
    missing = await asyncio.to_thread(library.preload, wanted)
    if missing:
        log.error("prompts_missing", prompts=missing, mend="hotline prompts render")
    return library


async def _transcribe(path: Path, speech: SpeechPart, settings: SpeechSettings) -> tuple[str, float]:
    await speech.settled(settings.load_seconds)
    vad = await asyncio.to_thread(make_vad, settings.vad, settings.vad_threshold)
    heard = await transcribe_recording(path, speech.recogniser, vad)
    return heard.words, heard.seconds


def _readiness(speech: SpeechPart, control: CallControl, relay: Relay) -> dict[str, str]:
    return {
        "speech": speech.state,
        "ami": "ok" if control.connected else "degraded: not logged in to Asterisk's manager interface",
        "tickets": "ok" if relay.available else "degraded: the ticket service cannot be reached, tickets are kept",
    }


async def _open_door(stack: AsyncExitStack, door: ControlDoor, settings: IvrSettings) -> int:
    runner = web.AppRunner(door.application(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, settings.host, settings.control_port).start()
    port: int = runner.addresses[0][1]
    return port


@asynccontextmanager
async def _background(*works: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Work that lives as long as the service and is cancelled with it."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in works]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


def _today() -> date:
    return datetime.now(CHINA).date()


def _lock(path: Path) -> IO[str]:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        file.seek(0)
        owner = file.read().strip() or "unknown"
        file.close()
        raise AlreadyRunning(f"another IVR (process {owner}) uses {path.parent}; stop it or set paths.state") from exc
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file
