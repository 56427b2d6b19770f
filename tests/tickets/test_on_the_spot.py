"""Enquiries that the knowledge base answered during the call: a ticket that is closed at once, and nobody else's."""

import aiohttp
import pytest

from tests.fakes.tickets import FakeClock, a_body
from tests.tickets.conftest import Serving
from tests.tickets.test_life_api import Office, an_office, settings

__all__ = ["settings"]

ANSWER = {"channel": "phone", "person": "知识库", "text": "水费每两个月收一次，可以在手机上交。"}


async def an_enquiry(client: aiohttp.ClientSession, number: str) -> Office:
    office = await an_office(client)
    body = a_body(number, "1.1") | {"kind": "enquiry", "completeness": "answered", "unit": None, "unit_id": None}
    status, _ = await office.create(body)
    assert status == 201
    return office


@pytest.mark.requirement("IN-5", "TK-6")
async def test_what_was_answered_on_the_spot_is_closed_with_its_answer(serving: Serving, clock: FakeClock) -> None:
    async with serving(clock=clock) as client:
        office = await an_enquiry(client, "261122010001")
        status, _ = await office.event("261122010001", "answer", await office.token("machine"), **ANSWER)
        assert status == 201
        _, ticket = await office.on("261122010001", "", "GET")
        assert ticket["state"] == "closed"
        assert ticket["completeness"] == "answered"
        assert ticket["life"]["accountable"] == "知识库"


async def test_a_machine_answers_no_ticket_that_a_unit_has(serving: Serving, clock: FakeClock) -> None:
    async with serving(clock=clock) as client:
        office = await an_office(client)
        await office.create(a_body("261122010001", "1.1"))
        status, problem = await office.event("261122010001", "answer", await office.token("machine"), **ANSWER)
        assert status == 403, problem
        assert "on the spot" in problem["detail"]
