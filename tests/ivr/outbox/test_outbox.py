"""Saving: a number as soon as the request is on disk, the same one however often it is asked for, and its body."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.dialogue.request import Completeness, Request, Spoken
from ivr.outbox import durable
from ivr.outbox.numbering import LAST, Numbering
from ivr.outbox.outbox import CallFacts, CannotSave, Outbox, body, summary
from ivr.outbox.relay import Relay, RelayLimits
from ivr.outbox.spool import Spool
from routing.assignment import Assignment, Limits
from routing.decision import RequestKind
from routing.router import Router
from tests.fakes.clock import FakeTime, FakeToday
from tests.fakes.routing import CERTAIN, GARBAGE, POSSIBLE, ROAD, WATER_BILL, a_decision
from tests.fakes.ticket_api import FakeTicketApi
from tickets.api.bodies import TicketCreate

FACTS = CallFacts("1795312345.1", "1795312345.1", 1, datetime(2026, 11, 22, 4, tzinfo=UTC), "13800001234", "12345")
SAID = Request(spoken=(Spoken("垃圾没人清理", 1.0, 3.5, 0.9, ("拉吉没人清理",)),)).decided(a_decision())


class Node:
    def __init__(self, folder: Path) -> None:
        self.api = FakeTicketApi()
        self.spool = Spool(folder / "outbox")
        self.relay = Relay(self.spool, self.api, RelayLimits(), FakeTime())
        self.outbox = Outbox(self.spool, Numbering(folder / "numbers.json", 1, FakeToday()), self.relay)


@pytest.fixture(scope="module")
def router() -> Router:
    return Router.load()


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


async def test_a_saved_request_is_on_disk_under_the_number_that_is_told(node: Node) -> None:
    number = await node.outbox.save(FACTS, SAID, Completeness.COMPLETE)
    assert number == "261122010001"
    (item,) = node.spool.pending()
    assert (item.key, item.number, item.body["number"]) == ("1795312345.1:1", number, number)


async def test_saving_the_same_request_again_gives_the_same_number(node: Node) -> None:
    numbers = {await node.outbox.save(FACTS, SAID, Completeness.COMPLETE) for _ in range(3)}
    assert len(numbers) == 1
    await node.relay.deliver()
    numbers.add(await node.outbox.save(FACTS, SAID, Completeness.INCOMPLETE))
    assert len(numbers) == 1
    assert node.spool.count() == 0


@pytest.mark.fault("F65")
async def test_the_requests_of_one_call_have_numbers_of_their_own(node: Node) -> None:
    first = await node.outbox.save(FACTS, SAID, Completeness.COMPLETE)
    second = await node.outbox.save(FACTS, replace(SAID, index=2), Completeness.COMPLETE)
    assert first != second
    assert node.outbox.ticket_of(FACTS.id) == first
    assert node.outbox.ticket_of(FACTS.id, 2) == second


async def test_calls_that_save_at_once_get_different_numbers(node: Node) -> None:
    facts = [replace(FACTS, id=f"1795312345.{number}") for number in range(30)]
    numbers = await asyncio.gather(*(node.outbox.save(each, SAID, Completeness.COMPLETE) for each in facts))
    assert len(set(numbers)) == 30


@pytest.mark.fault("F25")
async def test_a_disk_that_refuses_is_reported_and_the_next_try_may_succeed(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(durable, "write", refuse)
        with pytest.raises(CannotSave, match="OSError"):
            await node.outbox.save(FACTS, SAID, Completeness.COMPLETE)
    assert node.outbox.ticket_of(FACTS.id) is None
    assert await node.outbox.save(FACTS, SAID, Completeness.COMPLETE)


async def test_a_day_without_numbers_is_reported(tmp_path: Path) -> None:
    durable.write_json(tmp_path / "numbers.json", {"day": "261122", "reserved_below": LAST + 1})
    with pytest.raises(CannotSave, match="NumbersUsedUp"):
        await Node(tmp_path).outbox.save(FACTS, SAID, Completeness.COMPLETE)


async def test_a_recording_is_told_once(node: Node, tmp_path: Path) -> None:
    for _ in range(2):
        await node.outbox.attach("261122010001", FACTS.id, tmp_path / "a.wav", "recording")
    (item,) = node.spool.pending()
    assert (item.recording, item.recording_kind) == (str(tmp_path / "a.wav"), "recording")


def accepted(**changes: Any) -> TicketCreate:
    """The body as the ticket service reads it."""
    values: dict[str, Any] = {"number": "261122010001", "call": FACTS, "request": SAID}
    made = body(**{**values, "completeness": Completeness.COMPLETE, "note": "", **changes})
    return TicketCreate.model_validate_json(json.dumps(made))


def test_a_whole_request_is_a_body_that_the_service_takes() -> None:
    taken = accepted()
    assert taken.draft().category.problem == "垃圾清运"
    assert taken.call
    assert taken.call.started_at == FACTS.started_at
    assert taken.transcript[0].alternatives == ["拉吉没人清理"]
    assert taken.emergency is None


def test_a_request_of_which_nothing_is_known_is_taken_too() -> None:
    taken = accepted(request=Request(), call=replace(FACTS, caller="", linkedid=""))
    assert taken.category.l1 is None
    assert taken.caller.number is None
    assert taken.level == 2
    assert taken.summary


@pytest.mark.parametrize("completeness", list(Completeness))
def test_every_way_a_request_can_end_is_known_to_the_service(completeness: Completeness) -> None:
    assert accepted(completeness=completeness).completeness.value == completeness.value


@pytest.mark.parametrize("kind", list(RequestKind))
def test_every_kind_of_request_is_known_to_the_service(kind: RequestKind) -> None:
    assert accepted(request=SAID.decided(a_decision(kind=kind))).kind.value == kind.value


@pytest.mark.parametrize("danger", [CERTAIN, POSSIBLE])
def test_danger_makes_a_ticket_of_the_first_level(danger: Any) -> None:
    taken = accepted(request=SAID.endangered(danger))
    assert taken.level == 1
    assert taken.emergency
    assert taken.emergency.level.value == danger.level.value


@pytest.mark.requirement("PR-2")
@pytest.mark.parametrize(
    ("words", "confidential"), [("请给我保密，楼下垃圾没人清理", True), ("楼下垃圾没人清理", False)]
)
def test_who_asks_for_it_is_kept_confidential(router: Router, words: str, confidential: bool) -> None:
    request = Request(spoken=(Spoken(words, 0.0, 3.0, 0.9),)).decided(router.decide(words))
    assert accepted(request=request).caller.confidential is confidential


@pytest.mark.requirement("IN-5")
def test_what_was_answered_on_the_spot_goes_to_no_unit() -> None:
    request = replace(SAID, told=WATER_BILL)
    taken = accepted(request=request, completeness=Completeness.ANSWERED)
    assert (taken.unit, taken.unit_id, taken.completeness) == (None, None, "answered")


def test_a_place_goes_along_as_known_or_as_said() -> None:
    known = accepted(request=SAID.decided(a_decision(places=(ROAD,))))
    assert [(each.id, each.kind) for each in known.places] == [("road-1", "street")]
    said = accepted(request=replace(SAID, place_words="老王家隔壁"))
    assert [(each.name, each.kind) for each in said.places] == [("老王家隔壁", "as-said")]


def test_a_summary_is_what_where_and_the_callers_words() -> None:
    assert summary(replace(SAID, place=ROAD)) == "垃圾清运｜解放路｜垃圾没人清理"
    assert summary(Request()) == "未分类｜（未识别到文字，请听录音）"


@pytest.mark.fault("F60")
def test_a_long_story_is_summed_up_by_its_beginning_and_its_end() -> None:
    told = tuple(Spoken(text, 0.0, 1.0, 0.9) for text in ("起初" * 150, "中间" * 300, "请尽快处理" * 40))
    words = summary(Request(spoken=told)).split("｜")[-1]
    assert words.startswith("起初" * 100)
    assert words.endswith("请尽快处理" * 10)
    assert "……" in words
    assert "中间" not in words
    assert len(words) <= 400


@given(
    texts=st.lists(st.text(max_size=300).filter(lambda text: "\0" not in text), max_size=12),
    confidence=st.none() | st.floats(0, 1),
    seconds=st.floats(0, 900, allow_nan=False),
)
def test_whatever_was_said_is_a_body_that_the_service_takes(
    texts: list[str], confidence: float | None, seconds: float
) -> None:
    spoken = tuple(Spoken(text, 0.0, seconds, confidence, ()) for text in texts if text.isprintable())
    accepted(request=replace(SAID, spoken=spoken, category=GARBAGE))


@pytest.mark.requirement("DI-5")
def test_joint_units_that_were_decided_reach_the_ticket() -> None:
    decision = a_decision()
    assigned = Assignment(
        main="u-7",
        joint=("market", "water"),
        assisting=(),
        whistle=(),
        direct=False,
        level=3,
        limits=Limits(timedelta(days=1), timedelta(days=1), timedelta(days=5), working_days=True),
        special="",
        supervised=False,
        confidential=False,
        window=None,
        reasons=(),
    )
    request = Request(spoken=SAID.spoken).decided(replace(decision, assignment=assigned))
    sent = body("261122010001", FACTS, request, Completeness.COMPLETE, "")
    assert TicketCreate.model_validate_json(json.dumps(sent)).joint_unit_ids == ["market", "water"]
    # What was answered on the spot goes to no unit; a service of an older version need not know the field.
    for each in (request, SAID):
        completeness = Completeness.ANSWERED if each is request else Completeness.COMPLETE
        assert "joint_unit_ids" not in body("261122010001", FACTS, each, completeness, "")
