"""The settings of the IVR, its sections of the configuration file. Read only by the composition root and `hotline`."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from speech.settings import EngineSetting

Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0)]


class DialogueSettings(BaseModel):
    """How patient the dialogue is; meanings in `ivr.dialogue.rules`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    no_input_seconds: Annotated[float, Field(ge=2, le=30)] = 5.0
    answer_seconds: Annotated[float, Field(ge=2, le=30)] = 6.0
    more_seconds: Annotated[float, Field(ge=2, le=30)] = 5.0
    no_input_prompts: Annotated[int, Field(ge=1, le=2)] = 2
    no_match_prompts: Annotated[int, Field(ge=1, le=2)] = 2
    corrections: Annotated[int, Field(ge=1, le=5)] = 3
    longest_story_seconds: Annotated[float, Field(ge=30, le=900)] = 180.0
    silent_call_to_person: bool = True
    special_line: bool = True


class SecondReadingSettings(BaseModel):
    """`[ivr.second_reading]`: recordings read again after the call by another engine; see `ivr.rereading`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: EngineSetting = "auto"
    model: str | None = None
    """Folder name below the models folder: the slower, better model."""
    beam: Annotated[int, Field(ge=1, le=20)] = 10
    threads: Annotated[int, Field(ge=1, le=64)] = 1
    idle_seconds: Annotated[float, Field(gt=0, le=3600)] = 5.0
    """Nobody may have spoken for so long before a piece is read."""
    look_seconds: Annotated[float, Field(gt=0, le=600)] = 5.0
    retry_seconds: Annotated[float, Field(gt=0, le=86_400)] = 300.0
    load_seconds: Annotated[float, Field(gt=0, le=600)] = 300.0
    result_seconds: Annotated[float, Field(gt=0, le=3600)] = 600.0
    """Longest reading of one piece of at most 25 seconds."""
    stale_seconds: Annotated[float, Field(gt=0, le=86_400)] = 60.0
    """A recording that nobody has written to for so long is taken as it is."""


class IvrSettings(BaseModel):
    """`[ivr]`. Port 0 means "any free one"; hosts are literal addresses: no name service can fail a call (F17)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    agi_port: Port = 4573
    audio_port: Port = 9092
    control_port: Port = 8081
    node: Annotated[int, Field(ge=0, le=99)] = 1
    peers: tuple[str, ...] = ("127.0.0.1",)
    max_calls: Annotated[int, Field(ge=1, le=1000)] = 120
    dead_man_seconds: Annotated[float, Field(ge=3, le=60)] = 8.0
    """A call whose application does not re-arm it for this long is rescued by the dialplan."""
    rearm_seconds: Annotated[float, Field(ge=0.5, le=20)] = 2.0
    lone_dead_man_seconds: Annotated[float, Field(ge=60, le=3600)] = 600.0
    """Used instead where AMI is not there to re-arm."""
    longest_call_seconds: Annotated[float, Field(ge=60, le=7200)] = 900.0
    drain_seconds: Annotated[float, Field(ge=0, le=120)] = 20.0
    audio_wait_seconds: Seconds = 4.0
    tickets_url: str = "http://127.0.0.1:8080"
    tickets_timeout_seconds: Seconds = 5.0
    prompt_overrides: Path | None = None
    classifier: Path | None = None
    """An organisation's own category model, as `hotline route train` writes it; without it the shipped one."""
    dialogue: DialogueSettings = DialogueSettings()
    second_reading: SecondReadingSettings | None = None
    """Off unless the section is there."""


class AmiSettings(BaseModel):
    """`[ami]`: how the IVR reaches Asterisk's manager interface. The secret lies in a file of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: Port = 5038
    username: str = "hotline"
    action_timeout_seconds: Seconds = 3.0
