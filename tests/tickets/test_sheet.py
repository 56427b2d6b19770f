"""Hand-over sheets: masked caller, a code that only the service can make, a check that notices what was changed."""

import asyncio
import stat
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.fakes.tickets import FakeClock, a_body, a_draft
from tickets.domain import commands as c
from tickets.domain.errors import TicketNotFound
from tickets.domain.history import erased
from tickets.domain.roles import Principal, Role
from tickets.reports.render.pages import Pages
from tickets.reports.render.sheet_page import sheet_page
from tickets.service.keys import KeyFileError, ensure_key
from tickets.service.sheets import NotPrinted, SheetService, Verdict, grouped, normal
from tickets.service.tickets import TicketService
from tickets.store.models import EventRow, TicketRow
from tickets.store.models_reports import SheetPrintRow
from tickets.store.prints import SqlPrints
from tickets.store.sql import SqlStore, StoreOptions, open_store

KEY = bytes(range(32))
NUMBER = "261122010001"
OPERATOR = Principal("operator", Role.OPERATOR)
MACHINE = Principal("machine", Role.MACHINE)


@pytest.fixture
def sheets(store: SqlStore, clock: FakeClock) -> SheetService:
    return SheetService(store, SqlPrints(store), clock, KEY)


@pytest.fixture
async def unit(service: TicketService) -> str:
    """A ticket that was dispatched; the id of its unit."""
    created = await service.take(a_draft(NUMBER, "1.1"), "k", MACHINE)
    main = created.record.life.main
    assert main is not None
    return main.unit_id


async def _erase(connection: AsyncConnection) -> object:
    """What retention does to words."""
    await connection.execute(update(TicketRow).values(summary="", transcript=[], places=[]))
    rows = (await connection.execute(select(EventRow.ticket_id, EventRow.seq, EventRow.data))).all()
    for ticket_id, seq, data in rows:
        event = update(EventRow).where(EventRow.ticket_id == ticket_id, EventRow.seq == seq)
        await connection.execute(event.values(data=erased(data)))
    return None


async def change(store: SqlStore, statement: Any) -> None:
    async def run(connection: AsyncConnection) -> object:
        await connection.execute(statement)
        return None

    await store.write(run)


@pytest.mark.requirement("PR-1")
async def test_each_print_is_a_copy_with_a_number_and_a_code_of_its_own(
    sheets: SheetService, unit: str, clock: FakeClock
) -> None:
    _, first = await sheets.print(NUMBER, OPERATOR)
    clock.advance(60)
    _, second = await sheets.print(NUMBER, OPERATOR)
    assert (first.copy, second.copy) == (1, 2)
    assert first.code != second.code
    log = await sheets.log(NUMBER, OPERATOR)
    assert [(each.copy, each.printed_by, each.unit_id) for each in log] == [
        (1, "operator", unit),
        (2, "operator", unit),
    ]
    for each in (first, second):
        checked = await sheets.check(grouped(each.code).lower())
        assert (checked.verdict, checked.current, checked.sheet) == (Verdict.VALID, True, each)


async def test_copies_that_are_printed_at_once_have_different_numbers(
    sheets: SheetService, store: SqlStore, clock: FakeClock, database_url: str, unit: str
) -> None:
    """By two instances, where the database serves several."""
    async with AsyncExitStack() as stack:
        services = [sheets]
        if database_url.startswith("postgresql"):
            other = await stack.enter_async_context(open_store(database_url, StoreOptions(readers=2)))
            services.append(SheetService(other, SqlPrints(other), clock, KEY))
        made = await asyncio.gather(*(services[n % len(services)].print(NUMBER, OPERATOR) for n in range(20)))
    assert sorted(sheet.copy for _, sheet in made) == list(range(1, 21))
    assert len({sheet.code for _, sheet in made}) == 20


async def test_a_code_that_was_never_given_is_unknown(sheets: SheetService, unit: str) -> None:
    await sheets.print(NUMBER, OPERATOR)
    for code in ("0000000000", "", "zu", "A" * 5000, "甲乙丙丁", "' OR 1=1 --"):
        assert (await sheets.check(code)).verdict is Verdict.UNKNOWN


@pytest.mark.requirement("PR-1")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("summary", "别的诉求"),
        ("level", 4),
        ("category_l1", "别类"),
        ("places", [{"id": "x", "name": "别处", "kind": "street", "text": "别处", "score": 1.0}]),
    ],
)
async def test_a_ticket_that_was_changed_behind_the_services_back_is_altered(
    sheets: SheetService, store: SqlStore, unit: str, field: str, value: object
) -> None:
    _, sheet = await sheets.print(NUMBER, OPERATOR)
    await change(store, update(TicketRow).values({field: value}))
    assert (await sheets.check(sheet.code)).verdict is Verdict.ALTERED


@pytest.mark.parametrize(("field", "value"), [("copy", 9), ("unit_id", "other"), ("printed_by", "someone"), ("seq", 1)])
async def test_a_line_of_the_print_log_that_was_changed_is_altered(
    sheets: SheetService, store: SqlStore, unit: str, field: str, value: object
) -> None:
    _, sheet = await sheets.print(NUMBER, OPERATOR)
    await change(store, update(SheetPrintRow).values({field: value}))
    assert (await sheets.check(sheet.code)).verdict is Verdict.ALTERED


async def test_a_history_that_was_changed_is_altered(sheets: SheetService, store: SqlStore, unit: str) -> None:
    _, sheet = await sheets.print(NUMBER, OPERATOR)
    await change(store, text("UPDATE events SET actor = 'nobody' WHERE seq = 1"))
    assert (await sheets.check(sheet.code)).verdict is Verdict.ALTERED


async def test_a_sheet_stays_valid_when_the_words_were_erased_after_their_time(
    sheets: SheetService, store: SqlStore, unit: str
) -> None:
    _, sheet = await sheets.print(NUMBER, OPERATOR)
    await store.write(_erase)
    checked = await sheets.check(sheet.code)
    assert (checked.verdict, "已按保存期限删除" in checked.reason) == (Verdict.VALID, True)
    await change(store, update(TicketRow).values(level=4))
    assert (await sheets.check(sheet.code)).verdict is Verdict.ALTERED


async def test_another_services_key_makes_other_codes(
    sheets: SheetService, store: SqlStore, clock: FakeClock, unit: str
) -> None:
    _, sheet = await sheets.print(NUMBER, OPERATOR)
    other = SheetService(store, SqlPrints(store), clock, bytes(32))
    assert (await other.check(sheet.code)).verdict is Verdict.ALTERED


async def test_a_sheet_stays_valid_while_the_ticket_lives_on(
    sheets: SheetService, service: TicketService, unit: str
) -> None:
    _, sheet = await sheets.print(NUMBER, OPERATOR)
    await service.act(NUMBER, "s", c.Sign("王某", unit), OPERATOR)
    checked = await sheets.check(sheet.code)
    assert (checked.verdict, checked.current) == (Verdict.VALID, True)


async def test_a_unit_prints_the_sheets_of_its_own_orders_only(sheets: SheetService, unit: str) -> None:
    await sheets.print(NUMBER, Principal("own", Role.UNIT, unit))
    for who in (Principal("other", Role.UNIT, "other"), Principal("none", Role.UNIT, None)):
        with pytest.raises(NotPrinted):
            await sheets.print(NUMBER, who)
        with pytest.raises(NotPrinted):
            await sheets.log(NUMBER, who)
    with pytest.raises(TicketNotFound):
        await sheets.print("261122010009", OPERATOR)


@pytest.mark.requirement("PR-1")
@pytest.mark.parametrize("confidential", [False, True])
async def test_a_sheet_shows_nothing_that_tells_who_called(
    sheets: SheetService, service: TicketService, unit: str, confidential: bool
) -> None:
    record, sheet = await sheets.print(NUMBER, OPERATOR)
    caller = replace(record.draft.caller, number="13812345678", confidential=confidential)
    draft = replace(record.draft, caller=caller, summary="请回电13812345678,<b>急</b>")
    html = sheet_page(replace(record, draft=draft), sheet, "热线", "https://hotline.example/s", Pages()).html
    assert "13812345678" not in html
    assert ("138****5678" in html.replace("请回电138****5678", "")) is not confidential
    assert ("要求保密" in html) is confidential
    assert "<b>急" not in html
    assert grouped(sheet.code) in html
    assert "<svg" in html
    assert "<script" not in html
    assert " style=" not in html


async def test_sheets_over_http(api_client: aiohttp.ClientSession) -> None:
    body = a_body(NUMBER, "1.1")
    async with api_client.post("/api/v1/tickets", json=body, headers={"Idempotency-Key": "k"}) as response:
        assert response.status == 201
    async with api_client.get(f"/api/v1/tickets/{NUMBER}/sheet") as response:
        assert (response.status, response.content_type) == (200, "text/html")
        assert response.headers["Cache-Control"] == "private, no-store"
        assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    async with api_client.get(f"/api/v1/tickets/{NUMBER}/sheets") as response:
        code = (await response.json())["items"][0]["code"]
    nobody = {"Authorization": ""}
    async with api_client.get(f"/api/v1/sheets/{code}", headers=nobody) as response:
        answer = await response.json()
        assert (answer["verdict"], answer["number"], answer["sheet"]["copy_number"]) == ("valid", NUMBER, 1)
    async with api_client.get(f"/api/v1/sheets/{code}?format=html", headers=nobody) as response:
        assert "有效" in await response.text()
    async with api_client.get("/api/v1/sheets/0000000000", headers=nobody) as response:
        assert await response.json() == {
            "verdict": "unknown", "reason": "没有以此编码打印过交办单", "current": False, "number": None, "sheet": None,
        }  # fmt: skip
    async with api_client.get(f"/api/v1/tickets/{NUMBER}/sheet", headers=nobody) as response:
        assert response.status == 401
    async with api_client.get("/api/v1/tickets/261122010009/sheet") as response:
        assert response.status == 404


@pytest.mark.fault("F98")
def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "sheet.key"
    key = ensure_key(path)
    assert len(key) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert ensure_key(path) == key
    assert list(path.parent.iterdir()) == [path]
    path.chmod(0o644)
    with pytest.raises(KeyFileError, match="chmod 600"):
        ensure_key(path)
    path.chmod(0o600)
    path.write_text("short")
    with pytest.raises(KeyFileError, match="64 hexadecimal"):
        ensure_key(path)


@given(st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=10, max_size=10))
def test_a_code_read_aloud_and_written_down_badly_is_the_same(code: str) -> None:
    written = grouped(code).lower().replace("0", "o").replace("1", "l")
    assert normal(f" {written} ") == code


@given(st.text(max_size=40))
def test_any_text_is_a_code_or_none(text_: str) -> None:
    found = normal(text_)
    assert found is None or (len(found) == 10 and normal(found) == found)
