"""Settings of reports and hand-over sheets: the section `reports` of `TicketSettings`."""

from datetime import time
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from tickets.reports.desk import House
from tickets.reports.scoring import Scoring
from tickets.reports.tags import DEFAULT, TAGS

_Weight = Annotated[float, Field(ge=0, le=100)]
_Points = Annotated[float, Field(ge=0, le=100)]
_Names = tuple[Annotated[str, Field(min_length=1, max_length=64)], ...]


class ScoringSettings(BaseModel):
    """How units are scored; see `tickets.reports.scoring`. One of the three weights must be above zero."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    response: _Weight = 0.2
    resolution: Annotated[float, Field(gt=0, le=100)] = 0.4
    satisfaction: _Weight = 0.4
    bonus_group: _Points = 0.5
    bonus_long_standing: _Points = 1.0
    bonus_most: _Points = 5.0
    own_share: Annotated[float, Field(ge=0, le=1)] = 0.5
    least_cases: Annotated[int, Field(ge=1, le=10_000)] = 5
    joint_trades: Annotated[int, Field(ge=1, le=200)] = 10


class ReportSettings(BaseModel):
    """Who issues, who signs, who receives; what chooses the awards."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    issuer: Annotated[str, Field(min_length=1, max_length=64)] = "12345政务服务便民热线"
    leaders: _Names = ("主要领导", "督察局", "干部作风督查中心")
    sign_off: _Names = ("分管副市长签批", "市长签批")
    scoring: ScoringSettings = ScoringSettings()
    tags: dict[str, tuple[str, ...]] = Field(default_factory=lambda: dict(DEFAULT))
    """Problem, second or first level of a category to its tags of 七有 and 五性."""

    award_units: Annotated[int, Field(ge=1, le=1000)] = 3
    award_people: Annotated[int, Field(ge=1, le=1000)] = 20
    award_satisfaction: Annotated[float, Field(ge=0, le=1)] = 0.9
    sheet_key_file: Path | None = None
    """The key (mode 0600) under which codes of hand-over sheets are made; made when it is missing. All instances on one
    database need the same file. Without a name: `sheet.key` beside the folder of attachments."""

    public_url: Annotated[str, Field(pattern=r"^https?://")] | None = None
    """How a telephone that scans a sheet reaches the service; without it the QR holds the code alone."""

    @field_validator("tags")
    @classmethod
    def _known_tags(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        unknown = {tag for tags in value.values() for tag in tags} - set(TAGS)
        if unknown:
            raise ValueError(f"there is no tag {'、'.join(sorted(unknown))}; known are {'、'.join(TAGS)}")
        return value

    def house(self, brief_at: time) -> House:
        """`brief_at` is when the brief of the special list is cut: each one goes on where the one before ended."""
        return House(
            issuer=self.issuer,
            leaders=self.leaders,
            sign_off=self.sign_off,
            brief_at=brief_at,
            scoring=Scoring(**self.scoring.model_dump()),
            tagging=self.tags,
            award_units=self.award_units,
            award_people=self.award_people,
            award_satisfaction=self.award_satisfaction,
        )
