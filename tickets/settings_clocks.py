"""Settings of the clocks and of dispatch: every limit of a ticket's life, the special lists, the reviewed channels.

A limit is written `15min`, `2h`, `7d` (round the clock), `5wd` (working days, to the close of the office) or `10omin`
(minutes while the office is open).
"""

from datetime import time, timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from tickets.domain.clocks import DEFAULT_LEVELS, ClockRules, LevelLimits, Limit, OfficeHours
from tickets.domain.errors import InvalidValue
from tickets.domain.policy import DEFAULT_LISTS, REVIEWED, Policy, SpecialList
from tickets.domain.ticket import Channel


def _limit(text: str) -> str:
    try:
        Limit.parse(text)
    except InvalidValue as exc:
        raise ValueError(str(exc)) from exc
    return text


LimitText = Annotated[str, AfterValidator(_limit)]
_LEVELS = (1, 2, 3, 4)


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LevelSettings(_Settings):
    """The limits of one response level; `urge` is how long before the end of `handle` the unit is urged."""

    sign: LimitText
    contact: LimitText
    handle: LimitText
    urge: LimitText


def _default_levels() -> dict[int, LevelSettings]:
    return {
        level: LevelSettings(
            sign=str(each.sign), contact=str(each.contact), handle=str(each.handle), urge=str(each.urge)
        )
        for level, each in DEFAULT_LEVELS.items()
    }


_DEFAULT = ClockRules()


class ClockSettings(_Settings):
    """One value for each clock of a ticket's life."""

    levels: dict[int, LevelSettings] = Field(default_factory=_default_levels)
    review: LimitText = str(_DEFAULT.review)
    dispatch: LimitText = str(_DEFAULT.dispatch)
    visit: LimitText = str(_DEFAULT.visit)
    subtask: LimitText = str(_DEFAULT.subtask)
    call_back: LimitText = str(_DEFAULT.call_back)
    follow_up: LimitText = str(_DEFAULT.follow_up)
    ledger_review: LimitText = str(_DEFAULT.ledger_review)
    extension_most: LimitText = str(_DEFAULT.extension_most)
    written_urge: LimitText = str(_DEFAULT.written_urge)
    criticism: LimitText = str(_DEFAULT.criticism)
    visit_attempts: Annotated[int, Field(ge=1, le=20)] = _DEFAULT.visit_attempts
    office_opens: time = _DEFAULT.office.opens
    office_closes: time = _DEFAULT.office.closes

    @field_validator("levels")
    @classmethod
    def _every_level(cls, levels: dict[int, LevelSettings]) -> dict[int, LevelSettings]:
        """A level that is left out keeps its default."""
        unknown = set(levels) - set(_LEVELS)
        if unknown:
            raise ValueError(f"levels are {_LEVELS}, each with sign, contact, handle and urge; {unknown} came")
        return {**_default_levels(), **levels}

    @model_validator(mode="after")
    def _whole(self) -> "ClockSettings":
        if self.office_opens >= self.office_closes:
            raise ValueError("office_opens must be before office_closes")
        return self

    def rules(self) -> ClockRules:
        parse = Limit.parse
        return ClockRules(
            levels={
                level: LevelLimits(parse(each.sign), parse(each.contact), parse(each.handle), parse(each.urge))
                for level, each in self.levels.items()
            },
            review=parse(self.review),
            dispatch=parse(self.dispatch),
            visit=parse(self.visit),
            subtask=parse(self.subtask),
            call_back=parse(self.call_back),
            follow_up=parse(self.follow_up),
            ledger_review=parse(self.ledger_review),
            extension_most=parse(self.extension_most),
            written_urge=parse(self.written_urge),
            criticism=parse(self.criticism),
            visit_attempts=self.visit_attempts,
            office=OfficeHours(self.office_opens, self.office_closes),
        )


class SpecialListSettings(_Settings):
    """A request is on the list when a name of its category holds one of the words."""

    name: Annotated[str, Field(min_length=1, max_length=32)]
    words: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)]


class DispatchSettings(_Settings):
    special_lists: list[SpecialListSettings] = Field(
        default_factory=lambda: [SpecialListSettings(name=each.name, words=list(each.words)) for each in DEFAULT_LISTS]
    )
    review_channels: set[Channel] = Field(default_factory=lambda: set(REVIEWED))
    """A request by one of these becomes a ticket only after review."""

    similar_days: Annotated[int, Field(ge=1, le=365)] = 30
    """How far back a repetition of a request is looked for."""

    def policy(self, rules: ClockRules) -> Policy:
        lists = tuple(SpecialList(each.name, tuple(each.words)) for each in self.special_lists)
        return Policy(rules, lists, frozenset(self.review_channels), timedelta(days=self.similar_days))
