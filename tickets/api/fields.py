"""What all JSON bodies share: the kinds of their fields, and that whatever is not declared is refused."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

NO_NUL = r"^[^\x00]*$"
"""PostgreSQL's text cannot hold U+0000, and nobody says it."""

Short = Annotated[str, Field(max_length=128, pattern=NO_NUL)]
Text = Annotated[str, Field(max_length=8000, pattern=NO_NUL)]
UnitId = Annotated[str, Field(min_length=1, max_length=64, pattern=NO_NUL)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, le=86400, allow_inf_nan=False)]


def _in_our_time(at: datetime) -> datetime:
    """Times at the ends of the calendar cannot be put into UTC, and no request is about them."""
    if not _FIRST_YEAR <= at.year <= _LAST_YEAR:
        raise ValueError(f"expected a time from {_FIRST_YEAR} to {_LAST_YEAR}")
    return at.astimezone(UTC)


# A machine whose clock was never set says 1970; its requests are taken all the same.
_FIRST_YEAR, _LAST_YEAR = 1970, 2200
Moment = Annotated[AwareDatetime, AfterValidator(_in_our_time)]
"""A time with an offset, as UTC."""


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, from_attributes=True)


def ticket_url(number: str) -> str:
    return f"/api/v1/tickets/{number}"
