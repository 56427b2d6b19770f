"""Erasing after its time: by class, never under a hold, finished by the next run when killed, chains still whole."""

import hashlib
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import func, select, text, update

from tests.fakes.tickets import START, FakeClock, a_draft
from tickets.domain.commands import Note, Review
from tickets.domain.history import broken_at, erased, is_erased
from tickets.domain.roles import Principal, Role
from tickets.domain.ticket import Channel, TicketRecord
from tickets.edges import rules
from tickets.service.retention import EraseKind, RetentionService, Rules
from tickets.service.tickets import NewAttachment, TicketService
from tickets.settings_edges import RetentionSettings
from tickets.store.files import AttachmentFiles
from tickets.store.models import AttachmentRow, EventRow
from tickets.store.models_jobs import UnlinkRow
from tickets.store.retention import SqlRetention
from tickets.store.sql import SqlStore
from tickets.store.verify import verify

ADMIN = Principal("admin", Role.ADMIN)
RULES = Rules({EraseKind.RECORDINGS: 30, EraseKind.DOCUMENTS: 60, EraseKind.CALLERS: 90, EraseKind.WORDS: 90}, 30, 2)


@pytest.fixture
def files(tmp_path: Path) -> Iterator[AttachmentFiles]:
    with ThreadPoolExecutor(1) as executor:
        yield AttachmentFiles(tmp_path / "attachments", executor)


@pytest.fixture
def retention(store: SqlStore, files: AttachmentFiles, clock: FakeClock) -> RetentionService:
    # The files of a test are younger than the hour that an upload may still be under way.
    return RetentionService(SqlRetention(store), Settled(files), clock, RULES)


class Settled:
    """Removes at once, and can be told to die at its n-th file."""

    def __init__(self, files: AttachmentFiles, dies_at: int | None = None) -> None:
        self._files = files
        self._left = dies_at

    async def settled(self, sha256: str, before: datetime) -> bool:
        return True

    def remove(self, sha256: str) -> None:
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise Killed
        self._files.remove(sha256)


class Killed(Exception):
    pass


async def chunks(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def ended(service: TicketService, name: str, *attachments: tuple[str, bytes]) -> str:
    """A ticket that came by web, was noted on, has files, and has come to its end."""
    draft = a_draft(channel=Channel.WEB, summary=f"关于{name}的诉求")
    record = (await service.take(draft, name, ADMIN)).record
    await service.act(record.number, "n1", Note(f"已致电{name}"), ADMIN)
    for kind, data in attachments:
        digest = hashlib.sha256(data).hexdigest()
        media = "audio/wav" if kind == "recording" else "application/pdf"
        new = NewAttachment(record.number, f"a{digest[:8]}", kind, media, digest, 1000)
        await service.attach(new, chunks(data), ADMIN)
    await service.act(record.number, "r1", Review(accept=False, reason="不属于受理范围"), ADMIN)
    return record.number


async def got(store: SqlStore, number: str) -> TicketRecord:
    record = await store.get(number)
    assert record is not None
    return record


def kept(tmp_path: Path) -> set[str]:
    return {path.name for path in (tmp_path / "attachments").rglob("*") if path.is_file()}


async def count(store: SqlStore, table: Any) -> int:
    async with store.read() as connection:
        return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())


async def test_each_class_goes_after_its_own_time(
    store: SqlStore, service: TicketService, retention: RetentionService, clock: FakeClock, tmp_path: Path
) -> None:
    number = await ended(service, "张三", ("recording", b"voice"), ("document", b"paper"))
    for days, attachments, caller in ((29, 2, True), (31, 1, True), (61, 0, True), (91, 0, False)):
        clock.time = START + timedelta(days=days)
        await retention.sweep()
        record = await got(store, number)
        assert (len(record.attachments), len(kept(tmp_path))) == (attachments, attachments)
        assert (record.draft.caller.number is not None) is caller
    assert (record.draft.summary, record.draft.transcript, record.draft.note) == ("", (), None)


@pytest.mark.fault("F90")
async def test_the_chain_is_whole_after_its_words_are_erased(
    store: SqlStore, service: TicketService, retention: RetentionService, files: AttachmentFiles, clock: FakeClock
) -> None:
    number = await ended(service, "李四", ("recording", b"voice"))
    before = await got(store, number)
    clock.advance(91 * 86400)
    await retention.sweep()
    after = await got(store, number)
    assert [event.hash for event in after.history] == [event.hash for event in before.history]
    assert all(is_erased(event.data) for event in after.history)
    assert broken_at(number, after.history) is None
    assert "李四" not in str(after)
    assert (await verify(store, files)).findings == ()
    await service.act(number, "n9", Note("之后的记录"), ADMIN)
    assert (await verify(store, files)).findings == ()


@pytest.mark.fault("F90")
async def test_a_legal_hold_wins(
    store: SqlStore, service: TicketService, retention: RetentionService, clock: FakeClock, tmp_path: Path
) -> None:
    number = await ended(service, "王五", ("recording", b"voice"))
    await retention.hold(number, "案号2026-17", ADMIN)
    clock.advance(1000 * 86400)
    swept = await retention.sweep()
    assert set(swept.erased.values()) == {0}
    record = await got(store, number)
    assert (record.draft.caller.number, len(record.attachments), len(kept(tmp_path))) == ("13800000000", 1, 1)
    await retention.release(number)
    assert set((await retention.sweep()).erased.values()) == {1}
    assert kept(tmp_path) == set()


async def test_what_has_not_come_to_its_end_is_kept(
    store: SqlStore, service: TicketService, retention: RetentionService, clock: FakeClock
) -> None:
    record = (await service.take(a_draft(), "k1", ADMIN)).record
    clock.advance(10_000 * 86400)
    await retention.sweep()
    assert (await got(store, record.number)).draft.caller.number == "13800000000"


@pytest.mark.fault("F90")
@pytest.mark.parametrize("dies_at", [0, 1, 2])
async def test_a_run_that_is_killed_is_finished_by_the_next_one(
    store: SqlStore, service: TicketService, files: AttachmentFiles, clock: FakeClock, tmp_path: Path, dies_at: int
) -> None:
    for name in "abc":
        await ended(service, name, ("recording", name.encode()))
    clock.advance(31 * 86400)
    dying = RetentionService(SqlRetention(store), Settled(files, dies_at), clock, RULES)
    with pytest.raises(Exception):  # noqa: B017, PT011 - however the store tells that its work died
        await dying.sweep()
    async with store.read() as connection:
        named = set((await connection.execute(select(AttachmentRow.sha256))).scalars())
        waiting = set((await connection.execute(select(UnlinkRow.sha256))).scalars())
    assert named <= kept(tmp_path)
    assert kept(tmp_path) <= named | waiting
    swept = await RetentionService(SqlRetention(store), Settled(files), clock, RULES).sweep()
    assert swept.files == 3 - dies_at
    assert (kept(tmp_path), await count(store, UnlinkRow), await count(store, AttachmentRow)) == (set(), 0, 0)


async def test_a_file_that_another_ticket_names_stays(
    store: SqlStore, service: TicketService, retention: RetentionService, clock: FakeClock, tmp_path: Path
) -> None:
    await ended(service, "a", ("recording", b"same"))
    clock.advance(20 * 86400)
    await ended(service, "b", ("recording", b"same"))
    clock.advance(11 * 86400)
    assert (await retention.sweep()).files == 0
    assert len(kept(tmp_path)) == 1
    clock.advance(20 * 86400)
    assert (await retention.sweep()).files == 1
    assert kept(tmp_path) == set()


async def test_a_young_file_waits_because_its_row_may_be_on_the_way(
    store: SqlStore, service: TicketService, files: AttachmentFiles, clock: FakeClock, tmp_path: Path
) -> None:
    await ended(service, "a", ("recording", b"voice"))
    clock.advance(31 * 86400)
    before = datetime.now(clock.now().tzinfo) - timedelta(hours=1)
    assert not await files.settled(hashlib.sha256(b"voice").hexdigest(), before)
    assert await files.settled(hashlib.sha256(b"other").hexdigest(), before)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("UPDATE events SET state = 'closed' WHERE seq = 2", ["chain"]),
        ("UPDATE tickets SET state = 'closed'", ["end"]),
        ("DELETE FROM events WHERE seq = 3", ["end"]),
        ("DELETE FROM events", ["chain"]),
    ],
)
async def test_whoever_changes_the_tables_by_hand_is_found_out(
    store: SqlStore, service: TicketService, files: AttachmentFiles, change: str, what: list[str]
) -> None:
    number = await ended(service, "a")

    async def tamper(connection: Any) -> object:
        await connection.execute(text(change))
        return None

    await store.write(tamper)
    assert [(each.number, each.what) for each in (await verify(store, files)).findings] == [
        (number, each) for each in what
    ]


async def test_erased_words_without_a_record_of_it_are_a_finding(
    store: SqlStore, service: TicketService, files: AttachmentFiles
) -> None:
    number = await ended(service, "a")
    history = (await got(store, number)).history

    async def hide(connection: Any) -> object:
        event = update(EventRow).where(EventRow.seq == 2)
        await connection.execute(event.values(data=erased(history[1].data)))
        return None

    await store.write(hide)
    assert [each.what for each in (await verify(store, files)).findings] == ["erased"]


def test_a_voice_is_not_kept_longer_than_the_callers_number() -> None:
    with pytest.raises(ValidationError, match="recordings_days"):
        RetentionSettings(recordings_days=None)
    assert rules(RetentionSettings()).days[EraseKind.RECORDINGS] == 730
