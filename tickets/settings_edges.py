"""Settings of the open interfaces and of work that falls due by itself: sections of `TicketSettings`."""

from datetime import time
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tickets.service.webhooks import BACK_OFF

Seconds = Annotated[float, Field(gt=0, le=86400)]
Wait = Annotated[int, Field(ge=1, le=604800)]
Days = Annotated[int, Field(ge=1, le=36500)]


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Open311Settings(Section):
    jurisdiction: Annotated[str, Field(min_length=1, max_length=64)] = "12345"
    """The one jurisdiction_id that is served; apps may leave it out."""

    contact: Annotated[str, Field(max_length=256)] = "12345政务服务便民热线"
    answer: Literal["id", "token"] = "id"
    """What an app that files is told: the number of the ticket, or a token that leads to it."""

    public_url: Annotated[str, Field(pattern=r"^https?://")] | None = None
    """How apps reach the service; without it the discovery document names the address that was asked."""


class PublicSettings(Section):
    """The citizen's look-up. Failures are counted for an address in a minute and for a ticket number in an hour."""

    failures_per_minute: Annotated[int, Field(ge=1, le=1000)] = 10
    failures_per_number: Annotated[int, Field(ge=1, le=1000)] = 20


class WebhookSettings(Section):
    allowed_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks that may be called although they are not public, such as 10.20.0.0/16."""

    timeout: Seconds = 10.0
    """For one attempt, from the look-up of the name to the answer's status."""

    poll: Seconds = 1.0
    back_off: Annotated[tuple[Annotated[int, Field(ge=1, le=604800)], ...], Field(min_length=1, max_length=20)] = (
        BACK_OFF
    )
    """Seconds after each failed attempt; after the last one the delivery is dead."""


class JobSettings(Section):
    """When the service does what falls due by itself. Clock times in Asia/Shanghai, weekday 1 is Monday."""

    enabled: bool = True
    poll: Seconds = 1.0
    lease: Seconds = 60.0
    """How long the work of a killed instance waits until another one takes it over."""

    retry: Seconds = 30.0
    deadlines_every: Annotated[int, Field(ge=1, le=3600)] = 30
    deadlines_batch: Annotated[int, Field(ge=1, le=1000)] = 100
    brief_at: time = time(17, 20)
    """The brief of the special list must be there before 17:30 (RP-1)."""

    daily_at: time = time(7, 0)
    weekly_on: Annotated[int, Field(ge=1, le=7)] = 1
    weekly_at: time = time(7, 10)
    monthly_on: Annotated[int, Field(ge=1, le=31)] = 1
    monthly_at: time = time(7, 20)
    retention_at: time = time(2, 30)


class RetentionSettings(Section):
    """What is erased when. The history of events and its hashes stay; a legal hold stops all of it."""

    recordings_days: Days | None = 730
    """Recordings and left messages: two years."""

    documents_days: Days | None = 1825
    """Pictures and documents: five years."""

    callers_days: Days | None = 1825
    """Numbers, names and addresses of callers and reporters."""

    words_days: Days | None = 1825
    """Transcript, summary, places and notes of the request, and the words in its history."""

    deliveries_days: Days = 30
    """Deliveries to subscribers that have come to an end, and firings of jobs."""

    batch: Annotated[int, Field(ge=1, le=1000)] = 100

    @model_validator(mode="after")
    def _recordings_go_first(self) -> Self:
        """A recording says who called; it must not outlive the erased number."""
        longest = self.callers_days
        if longest is not None and (self.recordings_days is None or self.recordings_days > longest):
            raise ValueError("recordings_days must not be longer than callers_days: a voice is a caller's datum")
        return self
