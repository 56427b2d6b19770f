"""The one configuration file: sections of all parts, checked as a whole before anything starts.

Sources, the later winning: the defaults, a TOML file (`--config`, `$HOTLINE_CONFIG`, `./hotline.toml` or
`/etc/hotline/hotline.toml`), environment variables `HOTLINE_<SECTION>__<KEY>`. Unknown keys, wrong types and values out
of range are all reported at once (F96). What nobody set and follows from another value is filled in from it.
"""

import difflib
import json
import os
import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hotline.asterisk.settings import AsteriskSettings
from hotline.errors import WrongUse
from hotline.standins import StandinSettings
from ivr.settings import AmiSettings, IvrSettings
from speech.settings import SpeechSettings
from tickets.domain.roles import Role
from tickets.settings import TicketSettings

ENVIRONMENT_PREFIX = "HOTLINE_"
LOCATIONS = (Path("hotline.toml"), Path("/etc/hotline/hotline.toml"))


def default_home() -> Path:
    """Where the project keeps what it downloads and what it makes: `$HOTLINE_HOME`, else by who runs it."""
    if named := os.environ.get("HOTLINE_HOME"):
        return Path(named)
    if os.geteuid() == 0:
        return Path("/var/lib/hotline")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "hotline"


class PathSettings(BaseModel):
    """`home` holds downloads (Asterisk's tree, models) and may be shared; `state` belongs to one running hotline."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    home: Path = Field(default_factory=default_home)
    state: Path | None = None

    @property
    def state_dir(self) -> Path:
        return self.state or self.home / "state"

    @property
    def models(self) -> Path:
        return self.home / "models"

    @property
    def secrets(self) -> Path:
        return self.state_dir / "secrets"

    @property
    def recordings(self) -> Path:
        return self.state_dir / "asterisk" / "recordings"

    @property
    def spool(self) -> Path:
        return self.state_dir / "asterisk" / "spool"


class RunSettings(BaseModel):
    """`[run]`: how the supervisor treats its children."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    standins: bool = True
    """Start the stand-ins for 110 and for an operator, so that a new installation can be called at once."""
    start_seconds: Annotated[float, Field(ge=5, le=600)] = 120.0
    stop_seconds: Annotated[float, Field(ge=1, le=300)] = 30.0
    heartbeat_seconds: Annotated[float, Field(ge=0.5, le=60)] = 2.0
    hung_after_seconds: Annotated[float, Field(ge=2, le=120)] = 10.0
    log_level: Annotated[str, Field(pattern="^(debug|info|warning|error)$")] = "info"


class Settings(BaseModel):
    """Everything. Each part gets its own section and sees no other."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    paths: PathSettings = Field(default_factory=PathSettings)
    run: RunSettings = RunSettings()
    asterisk: AsteriskSettings = AsteriskSettings()
    ivr: IvrSettings = IvrSettings()
    ami: AmiSettings = AmiSettings()
    speech: SpeechSettings = SpeechSettings()
    tickets: TicketSettings = TicketSettings()
    standins: StandinSettings = StandinSettings()


def load(path: Path | None = None, overrides: dict[str, Any] | None = None) -> Settings:
    """Read and check the configuration. Raises WrongUse listing every fault with its place and the mend."""
    source = path or _named_or_found()
    data = _read(source) if source else {}
    _merge(data, _from_environment())
    _merge(data, overrides or {})
    try:
        settings = Settings.model_validate(data)
    except ValidationError as exc:
        where = str(source) if source else "the environment"
        raise WrongUse(f"the configuration in {where} is not right:\n" + "\n".join(_faults(exc))) from exc
    return _derived(settings)


def dump(settings: Settings, path: Path) -> None:
    """Write the effective settings for the child processes; they hold paths, never secrets."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(settings.model_dump_json(indent=1))


def _named_or_found() -> Path | None:
    if named := os.environ.get("HOTLINE_CONFIG"):
        return Path(named)
    return next((each for each in LOCATIONS if each.is_file()), None)


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text()
        data: Any = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as exc:
        raise WrongUse(f"cannot read the configuration file {path}: {exc.strerror}") from exc
    except ValueError as exc:
        kind = "JSON" if path.suffix == ".json" else "TOML"
        raise WrongUse(f"the configuration file {path} is not valid {kind}: {exc}") from exc
    if not isinstance(data, dict):
        raise WrongUse(f"the configuration file {path} should hold sections, but holds {type(data).__name__}")
    return data


def _from_environment() -> dict[str, Any]:
    data: dict[str, Any] = {}
    for name, value in os.environ.items():
        if name.startswith(ENVIRONMENT_PREFIX) and "__" in name:
            keys = name.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
            into = data
            for key in keys[:-1]:
                into = into.setdefault(key, {})
                if not isinstance(into, dict):
                    raise WrongUse(f"{name} is set inside {key}, but {key} itself is set to a value; keep one of them")
            if isinstance(into.get(keys[-1]), dict):
                raise WrongUse(f"{name} is set to a value, but settings inside it are set too; keep one of them")
            into[keys[-1]] = value
    return data


def _merge(into: dict[str, Any], data: dict[str, Any]) -> None:
    for key, value in data.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value


def _faults(error: ValidationError) -> list[str]:
    lines = []
    for fault in error.errors():
        place = ".".join(str(part) for part in fault["loc"]) or "(whole file)"
        if fault["type"] == "extra_forbidden":
            lines.append(f"  {place}: no such setting{_did_you_mean(fault['loc'])}")
        else:
            lines.append(f"  {place}: {fault['msg']}, but it is {fault['input']!r}")
    return lines


def _did_you_mean(place: tuple[int | str, ...]) -> str:
    model: Any = Settings
    for part in place[:-1]:
        field = model.model_fields.get(part) if hasattr(model, "model_fields") else None
        model = field.annotation if field else None
    known = list(model.model_fields) if hasattr(model, "model_fields") else []
    close = difflib.get_close_matches(str(place[-1]), known, n=1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known here: {', '.join(known)}" if known else ""


def _derived(settings: Settings) -> Settings:
    """Fill in what follows from something else and nobody set: paths below the state folder, and the values by which
    the parts find each other. So a port or a limit is changed in one place.
    """
    state, standins = settings.paths.state_dir, settings.standins
    emergency = f"sip:110@{standins.host}:{standins.emergency_port}"
    operator = f"{standins.host}:{standins.operator_port}"
    follows: dict[str, dict[str, Any]] = {
        "tickets": {
            "database_url": f"sqlite:///{state / 'tickets' / 'tickets.db'}",
            "attachments_dir": state / "tickets" / "attachments",
            "reports_dir": state / "tickets" / "reports",
            "token_files": {
                Role.MACHINE: settings.paths.secrets / "machine.token",
                Role.ADMIN: settings.paths.secrets / "admin.token",
            },
        },
        "ivr": {"tickets_url": f"http://{settings.tickets.host}:{settings.tickets.port}"},
        "ami": {"port": settings.asterisk.ami_port},
        "asterisk": {
            "deadman_seconds": round(settings.ivr.dead_man_seconds),
            "trunk_110": emergency,
            "trunk_110_second": emergency,
            "trunk_special": f"sip:7229995@{operator}",
            "operator_standin": f"sip:operator@{operator}",
        },
    }
    sections: dict[str, Any] = {}
    for name, values in follows.items():
        section: BaseModel = getattr(settings, name)
        unset = {key: value for key, value in values.items() if key not in section.model_fields_set}
        sections[name] = section.model_copy(update=unset)
    return settings.model_copy(update=sections)
