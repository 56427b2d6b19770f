"""What is answered about a ticket of this moment, and about the same ticket later."""

import json

import pytest

from tests.fakes.tickets import a_desk, a_draft
from tickets.api.answers import TicketOut, fresh_answer
from tickets.domain.opening import Opening
from tickets.domain.roles import Principal, Role
from tickets.domain.ticket import Caller, Channel, TicketDraft, TicketRecord, draft_json

CONFIDENTIAL = Caller("13800000000", confidential=True)


def opened(draft: TicketDraft) -> TicketRecord:
    return Opening("0" * 32, draft, "ab" * 32, a_desk()).begin("261122010001")


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(
    "draft",
    [
        a_draft(),
        a_draft(number=None),
        a_draft(call=None, emergency=None, unit=None, unit_id=None),
        a_draft(channel=Channel.WEB, caller=CONFIDENTIAL),
    ],
    ids=["usual", "unnumbered", "bare", "confidential"],
)
def test_a_fresh_ticket_is_answered_in_the_documented_shape_and_as_it_is_answered_later(
    draft: TicketDraft, role: Role
) -> None:
    record, who = opened(draft), Principal("somebody", role, "u-7")
    answer = json.loads(fresh_answer(record, who, draft_json(draft)))
    later = json.loads(TicketOut.of(record, who).model_dump_json())
    assert answer == later
    assert list(answer) == list(TicketOut.model_fields)
    assert later["history_whole"]
