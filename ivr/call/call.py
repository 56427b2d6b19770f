"""One call: owns its tasks, feeds the dialogue, carries out its actions, hands the caller back to the dialplan.

Invariants. The dialogue sees one event at a time, in order. The done flag of the channel is set as the very
last act and only when a hand-over was decided; whatever goes wrong before that leaves the flag at 0 and the dialplan's
fallback takes the caller. A request that was stated is saved before the session ends, however it ends. For an
emergency the hand-over comes first and the paper after it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from ivr.agi.session import AgiSession
from ivr.ami.ports import CallControl
from ivr.audiosocket.leg import AudioLeg
from ivr.audiosocket.server import AudioSocketServer
from ivr.board import Board, CallRecord
from ivr.call.ending import EndReason, Journal
from ivr.call.hearing import Understanding, dialogue_events
from ivr.call.heartbeat import Heartbeat
from ivr.call.media import AudioPathBroken, MediaPath
from ivr.call.noting import as_note
from ivr.call.speaker import Prompts, Speaker
from ivr.dialogue import Completeness, Dialogue, DialogueRules, Request
from ivr.dialogue import actions as act
from ivr.dialogue import events as ev
from ivr.errors import AgiRefused, CallerHungUp
from ivr.names import VAR_ACTION, VAR_DONE, VAR_NOTE, VAR_TARGET, VAR_TICKET
from ivr.names import Action as Handover
from ivr.outbox.outbox import CallFacts, CannotSave, Outbox
from ivr.rereading import ReadingQueue
from ivr.settings import IvrSettings
from speech.listener import Listener
from speech.ports import Recogniser

log = structlog.get_logger()

EVENTS_WAITING = 200
KNOWLEDGE_BASE = "知识库"
"""A dialogue this far behind sheds what can be shed."""

THINKING_SECONDS = 1.2
THINKING_AGAIN_SECONDS = 3.5
"""After the end of speech, and after that "one moment": with the pause that ends an utterance, under 3 s of silence."""


@dataclass(frozen=True, slots=True)
class CallServices:
    """What every call shares, made once by the composition root."""

    settings: IvrSettings
    rules: DialogueRules
    audio: AudioSocketServer
    control: CallControl
    prompts: Prompts
    recogniser: Recogniser
    mind: Understanding
    outbox: Outbox
    journal: Journal
    board: Board
    recordings: Path
    second_reading: ReadingQueue | None = None


class Call:
    """Made for one FastAGI session; `run` returns when the caller belongs to the dialplan again or is gone."""

    def __init__(
        self, session: AgiSession, facts: CallFacts, record: CallRecord, listener: Listener, services: CallServices
    ) -> None:
        self._session = session
        self._facts = facts
        self._record = record
        self._services = services
        self._dialogue = Dialogue(services.rules, services.outbox.next_index(facts.id))
        self._events: asyncio.Queue[ev.Event] = asyncio.Queue()
        self._speaker = Speaker(services.prompts, on_done=lambda: self._happened(ev.SayingDone()))
        self._listener = listener
        self._attached = False
        self._alone = False
        self._thinking: asyncio.TimerHandle | None = None
        self._media = MediaPath(
            session,
            services.audio,
            wait_seconds=services.settings.audio_wait_seconds,
            before_attach=self._arm_without_ami,
            on_attached=self._on_attached,
            on_frame=self._listener.feed,
            on_digit=lambda digit: self._happened(ev.Key(digit)),
        )
        self._heartbeat = Heartbeat(
            services.control,
            session.channel,
            dead_man_seconds=services.settings.dead_man_seconds,
            rearm_seconds=services.settings.rearm_seconds,
            on_lost=self._carry_on_alone,
        )

    async def run(self) -> None:
        """Talk to the caller, hand over, and leave nothing unsaved."""
        reason = EndReason.ERROR
        try:
            leave = await self._converse()
            if leave is None:
                reason = EndReason.HANGUP
                return
            if leave.handover is not Handover.EMERGENCY:
                await self._save_rest(_completeness(leave.handover))
            await self._hand_over(leave)
            reason = EndReason(leave.handover.value)
        except CallerHungUp:
            reason = EndReason.HANGUP
        finally:
            # Shielded: a service that is being stopped must still write down what this caller said.
            await asyncio.shield(self._finish(reason))

    async def _converse(self) -> act.Leave | None:
        """The conversation, until the dialogue hands over (or None when the caller is gone)."""
        async with asyncio.TaskGroup() as tasks:
            media = tasks.create_task(self._run_media())
            owned = [
                media,
                tasks.create_task(self._heartbeat.run()),
                tasks.create_task(self._speaker.run()),
                tasks.create_task(self._hear()),
                tasks.create_task(self._watch_the_clock()),
            ]
            leave = await self._talk()
            self._stop_thinking()
            self._take_up_saves()
            # In this order: no beat may come after the hand-over, and AGI is free only when AudioSocket has ended.
            await self._heartbeat.stop()
            await self._media.close()
            if leave is not None:
                await asyncio.wait([media], timeout=self._services.settings.audio_wait_seconds)
            for task in owned:
                task.cancel()
        return leave

    async def _talk(self) -> act.Leave | None:
        while True:
            event = await self._events.get()
            self._mind_the_silence(event)
            note = as_note(event)
            if note:
                await self._note(*note)
            before = self._dialogue.state
            for action in self._dialogue.step(event):
                if isinstance(action, act.Leave):
                    self._speaker.hush()
                    return action
                await self._carry_out(action)
            if isinstance(event, ev.HungUp):
                return None
            if self._dialogue.state is not before:
                self._record.state = self._dialogue.state.value
                await self._note("state", {"from": before.value, "to": self._record.state})

    def _take_up_saves(self) -> None:
        """A save whose answer nobody waited for still decides what there is left to write down."""
        while not self._events.empty():
            event = self._events.get_nowait()
            if isinstance(event, ev.Saved | ev.SaveFailed):
                self._dialogue.step(event)

    def _mind_the_silence(self, event: ev.Event) -> None:
        """While an utterance is worked out, the caller hears something every few seconds (P1)."""
        if isinstance(event, ev.SpeechOver | ev.StillThinking):
            self._stop_thinking()
            seconds = THINKING_SECONDS if isinstance(event, ev.SpeechOver) else THINKING_AGAIN_SECONDS
            self._thinking = asyncio.get_running_loop().call_later(seconds, self._happened, ev.StillThinking())
        elif isinstance(event, ev.UtteranceHeard | ev.RecognitionGone | ev.HungUp):
            self._stop_thinking()

    def _stop_thinking(self) -> None:
        if self._thinking is not None:
            self._thinking.cancel()
            self._thinking = None

    async def _carry_out(self, action: act.Action) -> None:
        match action:
            case act.Say(prompts=prompts):
                await self._note("prompt", {"prompts": list(prompts)})
                self._speaker.say(prompts)
            case act.Hush():
                self._speaker.hush()
            case act.Listen(bias=bias):
                # What was being worked out is given up with this.
                self._stop_thinking()
                self._listener.listen(bias=bias)
            case act.ExpectSpeech(seconds=seconds):
                await self._note("your-turn", {"state": self._dialogue.state.value, "seconds": seconds})
                self._listener.expect_speech(seconds)
            case act.FinishUtterance():
                self._listener.finish()
            case act.Save(request=request, completeness=completeness, note=note):
                try:
                    number = await self._save(request, completeness, note)
                except CannotSave as exc:
                    self._happened(ev.SaveFailed(str(exc)))
                else:
                    self._happened(ev.Saved(number))
            case act.Decide(text=text):
                self._happened(ev.Decided(await asyncio.to_thread(self._services.mind.decide, text)))
            case act.Alert(kind=kind):
                log.warning("operator_alert", call=self._facts.id, kind=kind)
                await self._note("alert", {"kind": kind})

    # The tasks of the conversation.

    async def _run_media(self) -> None:
        try:
            await self._media.run()
        except CallerHungUp:
            self._happened(ev.HungUp())
        except AudioPathBroken as exc:
            self._happened(ev.RecognitionGone(str(exc)))

    async def _hear(self) -> None:
        async for event in dialogue_events(self._listener, self._services.mind, self._dialogue):
            self._happened(event)

    async def _watch_the_clock(self) -> None:
        await asyncio.sleep(self._services.settings.longest_call_seconds)
        self._happened(ev.CallTooLong())

    def _happened(self, event: ev.Event) -> None:
        """Queue an event. A flood costs partials and keys, never an end, an utterance or a save."""
        if self._events.qsize() >= EVENTS_WAITING and isinstance(event, ev.PartialHeard | ev.Key):
            log.warning("event_dropped", call=self._facts.id, kind=type(event).__name__)
            return
        self._events.put_nowait(event)

    def _on_attached(self, leg: AudioLeg) -> None:
        self._speaker.attach(leg)
        if not self._services.recogniser.ready:
            self._happened(ev.RecognitionGone("not-ready"))
        else:
            self._happened(ev.Resumed() if self._attached else ev.Started())
        self._attached = True

    async def _carry_on_alone(self) -> None:
        """AMI no longer re-arms the timer: end the leg, so that the long one can be set before the next."""
        self._alone = True
        await self._media.reattach()

    async def _arm_without_ami(self) -> None:
        if self._alone or not self._services.control.connected:
            await self._session.set_variable(
                "TIMEOUT(absolute)", str(int(self._services.settings.lone_dead_man_seconds))
            )

    # The end.

    async def _hand_over(self, leave: act.Leave) -> None:
        await self._session.set_variable(VAR_ACTION, leave.handover.value)
        await self._session.set_variable(VAR_TARGET, leave.target)
        await self._session.set_variable(VAR_NOTE, leave.note)
        await self._session.set_variable(VAR_TICKET, self._record.tickets[-1] if self._record.tickets else "")
        await self._session.set_variable(VAR_DONE, "1")
        await self._note("handover", {"action": leave.handover.value, "target": leave.target, "note": leave.note})

    async def _save_rest(self, completeness: Completeness) -> None:
        """Write down what was stated and not yet saved; a disk that refuses is told loudly, the call goes on."""
        request = self._dialogue.unsaved()
        if request is None:
            return
        if request.told is not None and completeness is Completeness.INCOMPLETE:
            # The caller heard the answer and rang off.
            completeness = Completeness.ANSWERED
        try:
            await self._save(request, completeness, "")
        except CannotSave:
            return
        self._dialogue.request = Request(index=request.index + 1)

    async def _save(self, request: Request, completeness: Completeness, note: str) -> str:
        try:
            number = await self._services.outbox.save(self._facts, request, completeness, note)
        except CannotSave as exc:
            log.error("request_not_saved", call=self._facts.id, request=request.index, reason=str(exc))
            raise
        self._record.tickets.append(number)
        if completeness is Completeness.ANSWERED and request.told is not None:
            said = {"verb": "answer", "channel": "phone", "person": KNOWLEDGE_BASE, "text": request.told.text}
            try:
                await self._services.outbox.tell(number, self._facts.id, said)
            except OSError as exc:
                # The ticket is safe and stays open: a person will see what was asked.
                log.error("answer_not_written", call=self._facts.id, reason=type(exc).__name__)
        await self._note("ticket", {"number": number, "index": request.index, "completeness": completeness.value})
        return number

    async def _finish(self, reason: EndReason) -> None:
        emergency = reason is EndReason.EMERGENCY
        await self._save_rest(Completeness.EMERGENCY if emergency else Completeness.INCOMPLETE)
        await self._listener.aclose()
        try:
            for number in self._record.tickets:
                path = self._services.recordings / f"{self._facts.id}.wav"
                await self._services.outbox.attach(number, self._facts.id, path, "recording")
            if self._services.second_reading is not None:
                await self._services.second_reading.ask(self._facts.id, self._record.tickets)
            if reason is not EndReason.ERROR:
                await self._services.journal.close(self._facts.id, reason, self._record.tickets)
        except OSError as exc:
            log.error("journal_not_written", call=self._facts.id, reason=type(exc).__name__)
        await self._services.board.close(self._record, reason.value)
        log.info("call_ended", call=self._facts.id, reason=reason.value, tickets=len(self._record.tickets))

    async def _note(self, what: str, fields: dict[str, Any]) -> None:
        await self._services.board.note(self._record, what, **fields)


def _completeness(handover: Handover) -> Completeness:
    if handover in (Handover.AGENTS, Handover.ONESHOT):
        return Completeness.TRANSFERRED
    return Completeness.INCOMPLETE


async def gather_facts(session: AgiSession, *, node: int, now: Callable[[], datetime]) -> tuple[CallFacts, str]:
    """What a ticket must know of the call, and its SIP Call-ID (empty on a channel that has none)."""
    linkedid = await session.get_variable("CHANNEL(linkedid)") or ""
    source_line = await session.get_variable("HOTLINE_SOURCE") or session.environment.dialled
    try:
        sip_call_id = await session.get_variable("CHANNEL(pjsip,call-id)") or ""
    except AgiRefused:
        sip_call_id = ""
    facts = CallFacts(
        id=session.call_id,
        linkedid=linkedid,
        node=node,
        started_at=now(),
        caller=session.environment.caller_number,
        source_line=source_line,
    )
    return facts, sip_call_id
