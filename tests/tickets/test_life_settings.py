"""Clocks and dispatch are configuration: what is written is what holds, what is wrong is refused before the start."""

from datetime import time

import pytest
from pydantic import ValidationError

from tickets.domain.clocks import ClockRules, Limit
from tickets.domain.policy import Policy
from tickets.domain.ticket import Channel
from tickets.settings_clocks import ClockSettings, DispatchSettings


def test_without_settings_the_documents_own_limits_hold() -> None:
    assert ClockSettings().rules() == ClockRules()
    assert DispatchSettings().policy(ClockRules()) == Policy()


@pytest.mark.requirement("DI-6")
def test_one_level_is_changed_and_the_others_stay() -> None:
    level = {"sign": "4h", "contact": "1wd", "handle": "7wd", "urge": "2wd"}
    rules = ClockSettings.model_validate({"levels": {"3": level}, "visit": "2wd", "office_opens": "09:00"}).rules()
    assert rules.levels[3].handle == Limit.parse("7wd")
    assert rules.levels[1] == ClockRules().levels[1]
    assert (rules.visit, rules.office.opens) == (Limit.parse("2wd"), time(9))


def test_special_lists_and_reviewed_channels_are_the_organisations_own() -> None:
    settings = DispatchSettings.model_validate(
        {"special_lists": [{"name": "供暖", "words": ["供暖"]}], "review_channels": ["sms"], "similar_days": 7}
    )
    policy = settings.policy(ClockRules())
    assert [each.name for each in policy.special_lists] == ["供暖"]
    assert policy.review_channels == {Channel.SMS}
    assert policy.similar_within.days == 7


@pytest.mark.parametrize(
    "wrong",
    [
        {"visit": "soon"},
        {"visit": "0wd"},
        {"levels": {"5": {"sign": "1h", "contact": "1h", "handle": "1h", "urge": "1h"}}},
        {"levels": {"3": {"sign": "1h"}}},
        {"office_opens": "18:00"},
        {"visit_attempts": 0},
        {"vissit": "1wd"},
    ],
)
def test_wrong_limits_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ClockSettings.model_validate(wrong)
