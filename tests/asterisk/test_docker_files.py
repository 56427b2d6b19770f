"""The container files and service units: one user, loopback only, and nothing that the packages do not have."""

import configparser
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
UNITS = sorted((DOCKER / "systemd").glob("*.service"))


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text("utf-8"))
    return loaded


def test_every_long_running_service_has_a_health_check_and_time_to_end() -> None:
    services = compose()["services"]
    assert {"prepare", "asterisk", "tickets", "ivr", "standins", "models"} == set(services)
    for name in ("asterisk", "tickets", "ivr", "standins"):
        assert services[name]["healthcheck"]["test"][0] == "CMD"
        assert services[name]["stop_grace_period"].endswith("s")
        assert services[name]["network_mode"] == "host"
        assert services[name]["environment"]["TZ"] == "Asia/Shanghai"
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["read_only"] is True
    assert services["standins"]["profiles"] == ["standins"]


def test_volumes_and_dependencies_of_the_services_exist() -> None:
    loaded = compose()
    for service in loaded["services"].values():
        assert {volume.split(":")[0] for volume in service.get("volumes", [])} <= set(loaded["volumes"])
        assert set(service.get("depends_on", {})) <= set(loaded["services"])
        assert (DOCKER.parent / service["build"]["dockerfile"]).is_file()


def test_no_container_runs_as_root_and_both_images_share_one_user() -> None:
    texts = [(DOCKER / name).read_text("utf-8") for name in ("Dockerfile.app", "Dockerfile.asterisk")]
    for text in texts:
        assert re.findall(r"(?m)^USER (\w+)$", text)[-1] == "hotline"
        assert "useradd --uid 5060 --gid 5060" in text


def test_what_the_app_image_copies_is_in_the_repository_and_let_through() -> None:
    text = (DOCKER / "Dockerfile.app").read_text("utf-8")
    copied = [word for line in re.findall(r"(?m)^COPY (.*)$", text) for word in line.split()[:-1]]
    let_through = (DOCKER / "Dockerfile.app.dockerignore").read_text("utf-8").splitlines()
    assert {f"!{name}" for name in copied} <= set(let_through)
    assert {"asterisk", "hotline", "ivr", "routing", "speech", "tickets"} <= set(copied)


def test_entry_points_are_json_lists_so_that_signals_arrive() -> None:
    for name in ("Dockerfile.app", "Dockerfile.asterisk"):
        entry = re.findall(r"(?m)^ENTRYPOINT (.*)$", (DOCKER / name).read_text("utf-8"))
        assert len(entry) == 1
        assert isinstance(json.loads(entry[0]), list)


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_units_are_hardened(unit: Path) -> None:
    parser = configparser.RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # the documented way to keep letter case
    parser.read(unit, "utf-8")
    service = parser["Service"]
    assert service["User"] == service["Group"] == "hotline"
    assert service["NoNewPrivileges"] == "yes"
    assert service["ProtectSystem"] == "strict"
    assert service["CapabilityBoundingSet"] == ""
    if service["Type"] != "oneshot":
        assert service["Restart"] == "always"
        assert int(service["TimeoutStopSec"]) >= 20
        assert service["MemoryMax"]
        assert int(service["LimitNOFILE"]) >= 4096
