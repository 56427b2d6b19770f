"""Units that share an order from the first moment (双派): from the request to the clocks of each."""

import pytest

from tests.fakes.tickets import a_body, a_desk, a_draft
from tests.tickets.conftest import Serving
from tests.tickets.lives import MONDAY, UNITS, YEARS
from tickets.domain.history import fingerprint
from tickets.domain.life import AssignmentRole, DeadlineKind
from tickets.domain.opening import Opening
from tickets.domain.roles import Role
from tickets.domain.states import State
from tickets.domain.ticket import Completeness, TicketDraft, TicketRecord, draft_json
from tickets.settings import TicketSettings

pytestmark = pytest.mark.requirement("DI-5")

TICKETS = "/api/v1/tickets"
DIRECTORY = {
    "units": [
        {"id": "u-7", "name": "城市管理局", "level": "county", "kind": "department"},
        {"id": "u-8", "name": "住建局", "level": "county", "kind": "department"},
    ]
}


@pytest.fixture
def settings(settings: TicketSettings) -> TicketSettings:
    """Whose one token may import a directory too."""
    return settings.model_copy(update={"token_files": {Role.ADMIN: settings.attachments_dir.parent / "admin.token"}})


def opened(draft: TicketDraft) -> TicketRecord:
    return Opening("0" * 32, draft, "ab" * 32, a_desk(MONDAY, units=UNITS, years=YEARS)).begin("261122010001")


def test_a_request_with_a_joint_unit_is_dispatched_to_both_and_both_clocks_run() -> None:
    record = opened(a_draft(joint_unit_ids=("u-8",)))
    roles = [(each.unit_id, each.unit_name, each.role) for each in record.life.assignments]
    assert roles == [("u-7", "城市管理局", AssignmentRole.MAIN), ("u-8", "住建局", AssignmentRole.JOINT)]
    assert record.history[-1].data["joint"] == ["u-8"]
    for unit_id in ("u-7", "u-8"):
        clocks = {each.kind for each in record.life.open_clocks() if each.unit_id == unit_id}
        assert clocks == {DeadlineKind.SIGN, DeadlineKind.HANDLE}


@pytest.mark.parametrize("joint", [("u-7",), ("nobody",), ("u-7", "nobody")])
def test_a_joint_unit_that_can_get_no_order_keeps_nobody_waiting(joint: tuple[str, ...]) -> None:
    record = opened(a_draft(joint_unit_ids=joint))
    assert record.state is State.DISPATCHED
    assert [each.unit_id for each in record.life.assignments] == ["u-7"]
    assert record.draft.joint_unit_ids == joint


def test_a_request_that_waits_for_a_dispatcher_keeps_what_was_proposed() -> None:
    record = opened(a_draft(joint_unit_ids=("u-8",), completeness=Completeness.INCOMPLETE_CALLBACK))
    assert (record.state, record.life.assignments) == (State.ACCEPTED, ())
    assert record.draft.joint_unit_ids == ("u-8",)


@pytest.mark.fault("F22")
def test_a_request_without_joint_units_is_the_same_as_before_there_were_any() -> None:
    assert "joint_unit_ids" not in draft_json(a_draft())
    assert fingerprint(draft_json(a_draft())) != fingerprint(draft_json(a_draft(joint_unit_ids=("u-8",))))


async def test_joint_units_are_taken_kept_and_shown(serving: Serving) -> None:
    body = a_body("261122010001", "1.1", joint_unit_ids=["u-8", "nobody"])
    async with serving() as client:
        async with client.put("/api/v1/units", json=DIRECTORY) as response:
            assert response.status == 200
        answers = []
        for status in (201, 200):
            async with client.post(TICKETS, json=body, headers={"Idempotency-Key": "k"}) as response:
                assert response.status == status
                answers.append(await response.json())
        async with client.get(f"{TICKETS}/261122010001") as response:
            answers.append(await response.json())
    assert answers[0] == answers[1] == answers[2]
    assert answers[0]["joint_unit_ids"] == ["u-8", "nobody"]
    assert [each["role"] for each in answers[0]["life"]["assignments"]] == ["main", "joint"]
