"""Settings of the ticket service. Read only by the composition root; unknown keys and wrong values are refused."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from tickets.domain.roles import Role
from tickets.settings_clocks import ClockSettings, DispatchSettings
from tickets.settings_edges import JobSettings, Open311Settings, PublicSettings, RetentionSettings, WebhookSettings
from tickets.settings_reports import ReportSettings

Seconds = Annotated[float, Field(gt=0, le=3600)]


class TicketSettings(BaseModel):
    """Every limit of the service in one place. Sizes in bytes, times in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """0 takes any free port; `serve` reports it."""

    database_url: str = "sqlite:///var/tickets/tickets.db"
    """SQLite or PostgreSQL; the asynchronous driver is chosen by the service."""

    attachments_dir: Path = Path("var/tickets/attachments")
    token_files: dict[Role, Path] = Field(
        default_factory=lambda: {
            Role.MACHINE: Path("var/tickets/machine.token"),
            Role.ADMIN: Path("var/tickets/admin.token"),
        }
    )
    """One token file (mode 0600) a role; the machine's and the admin's are made when they are missing."""

    clocks: ClockSettings = Field(default_factory=ClockSettings)
    dispatch: DispatchSettings = Field(default_factory=DispatchSettings)
    reference_seconds: Seconds = 60.0
    """How long the directory and the calendar are remembered before another instance's import is seen."""

    import_limit: Annotated[int, Field(ge=1024)] = 16 * 1024 * 1024
    """Most bytes of a directory or a calendar."""

    body_limit: Annotated[int, Field(ge=1024)] = 1024 * 1024
    attachment_limit: Annotated[int, Field(ge=1024)] = 64 * 1024 * 1024
    header_field_limit: Annotated[int, Field(ge=1024, le=65536)] = 8190
    header_count_limit: Annotated[int, Field(ge=16, le=1024)] = 128
    body_timeout: Seconds = 10.0
    attachment_timeout: Seconds = 120.0
    keepalive_timeout: Seconds = 30.0
    shutdown_timeout: Seconds = 10.0

    busy_timeout: Seconds = 3.0
    """How long a write waits for a database that another process has locked."""

    write_timeout: Seconds = 10.0
    """How long a request waits for its turn and its commit together; then 503, and the same key may be sent again."""

    retry_after: Annotated[int, Field(ge=1, le=600)] = 5
    group_size: Annotated[int, Field(ge=1, le=512)] = 256
    """Most creations that share one commit."""

    queue_size: Annotated[int, Field(ge=1, le=65536)] = 1024
    readers: Annotated[int, Field(ge=1, le=64)] = 4
    auth_failures_per_minute: Annotated[int, Field(ge=1, le=1000)] = 10
    token_cache_seconds: Seconds = 5.0

    reports: ReportSettings = Field(default_factory=ReportSettings)
    reports_dir: Path = Path("var/tickets/reports")
    """Where the reports that fall due by themselves are kept."""

    directory_file: Path | None = None
    """Units to begin with, as JSON in the shape of `PUT /api/v1/units`; read at the start while there are none."""

    taxonomy_file: Path | None = None
    """Services that can be asked for, as JSON; read at the start. `PUT /api/v1/taxonomy` does without it."""

    open311: Open311Settings = Open311Settings()
    public: PublicSettings = PublicSettings()
    webhooks: WebhookSettings = WebhookSettings()
    jobs: JobSettings = JobSettings()
    retention: RetentionSettings = RetentionSettings()
