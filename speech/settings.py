"""Recognition settings as the composition root reads them: frozen, unknown keys refused, times in seconds.

Defaults were chosen by measurement on telephone-band Mandarin; each field says what it trades.
"""

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from speech.endpoint import EndpointTimes

__all__ = ["EndpointSettings", "EngineSetting", "SpeechSettings"]

EngineSetting = Literal["auto", "vosk", "vosk-server", "sherpa-onnx", "whisper"]
"""`auto` takes the best that is installed; the others are asked for by name."""


class EndpointSettings(BaseModel):
    """When an utterance begins and ends. All times are audio time, never wall clock."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    onset: float = Field(default=0.06, ge=0.02, le=1.0, description="voice needed in a row before speech has begun")
    no_speech: float = Field(default=5.0, gt=0, le=120, description="silence after the prompt before giving up")
    pause_done: float = Field(default=0.5, ge=0.2, le=10, description="silence that ends a text which sounds finished")
    pause: float = Field(default=1.1, ge=0.2, le=10, description="silence that ends a text which does not tell")
    pause_open: float = Field(default=1.8, ge=0.2, le=20, description="silence that ends a text which asks for more")
    limit: float = Field(default=60.0, gt=1, le=600, description="longest utterance")
    preroll: float = Field(default=0.4, ge=0.3, le=5, description="audio kept from before the onset")

    @model_validator(mode="after")
    def _ordered(self) -> "EndpointSettings":
        if self.pause_open < self.pause:
            raise ValueError(f"endpoint.pause_open ({self.pause_open}) must not be below endpoint.pause ({self.pause})")
        return self

    def times(self) -> EndpointTimes:
        """What the endpointer itself needs of this."""
        return EndpointTimes(self.onset, self.pause, self.pause_open, self.limit, self.pause_done)


class SpeechSettings(BaseModel):
    """Engine, worker processes, voice detection and decoding."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: EngineSetting = "auto"
    model: str | None = Field(default=None, description="folder name below the models folder, instead of the default")
    servers: tuple[str, ...] = Field(default=(), max_length=64, description="vosk-servers, as ws://host:port")
    workers: int = Field(default=1, ge=1, le=64, description="recogniser processes; each holds a model of its own")
    threads: int = Field(default=0, ge=0, le=256, description="threads of one worker; 0 shares the cores evenly")
    streams_per_worker: int | None = Field(
        default=None, ge=1, le=1000, description="beyond this a call goes the recording way; None is measured at start"
    )
    backlog_seconds: float = Field(default=6, ge=1, le=60, description="audio a stalled worker may be behind (F19)")

    load_seconds: float = Field(default=60, gt=0, le=600, description="wall time a worker may take to load its model")
    stall_seconds: float = Field(default=3, gt=0.2, le=60, description="silence of a worker before it is killed (F09)")
    decode_seconds: float = Field(default=15, gt=0.5, le=300, description="longest single engine call before a kill")
    recover_seconds: float = Field(default=12, gt=0, le=120, description="longest wait of a stream for a fresh worker")
    replay_seconds: float = Field(default=75, ge=30, le=900, description="audio kept to replay after a crash (F08)")

    vad: Literal["auto", "silero", "energy"] = "auto"
    vad_threshold: float = Field(default=0.5, gt=0, lt=1, description="probability at which a window counts as voice")
    endpoint: EndpointSettings = EndpointSettings()

    alternatives: int = Field(default=5, ge=1, le=5)
    beam: int = Field(default=5, ge=1, le=20)
    second_look: bool = Field(
        default=True,
        description="Whisper uses pauses to read an utterance twice; the more readings, the better is decided",
    )
    partial_seconds: float = Field(default=0.8, ge=0.1, le=10, description="new audio before another partial decode")
    level_dbfs: float = Field(default=-22, ge=-60, le=-1, description="loudness Whisper's input is levelled to")

    @model_validator(mode="after")
    def _servers_for_their_engine(self) -> "SpeechSettings":
        for url in self.servers:
            if not re.fullmatch(r"wss?://[^\s/:]+(:\d{1,5})?(/\S*)?", url):
                raise ValueError(f"speech.servers: expected ws://host:port, got {url!r}")
        if (self.engine == "vosk-server") != bool(self.servers):
            raise ValueError('speech.servers and speech.engine = "vosk-server" belong together; set both or neither')
        return self
