"""The doctor: what is wrong names itself and its mend, and hides nothing else."""

import shutil
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from hotline.doctor import Finding, Status, examine, running
from hotline.secret_files import asterisk_secrets, control_token
from hotline.settings import Settings, load
from speech import prompts
from tests.fakes.asterisk import FakeAmi


@pytest.fixture
def ports(unused_tcp_port_factory: Any, unused_udp_port: int) -> dict[str, int]:
    """Ports of this machine that nobody uses."""
    names = ("ami", "tickets", "agi", "audio", "control")
    return {name: unused_tcp_port_factory() for name in names} | {"sip": unused_udp_port}


@pytest.fixture
def settings(tmp_path: Path, ports: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    return load(
        None,
        {
            "paths": {"home": tmp_path / "home"},
            "asterisk": {"ami_port": ports["ami"], "sip_port": ports["sip"]},
            "ami": {"port": ports["ami"]},
            "tickets": {"port": ports["tickets"]},
            "ivr": {"agi_port": ports["agi"], "audio_port": ports["audio"], "control_port": ports["control"]},
        },
    )


def named(findings: list[Finding], name: str) -> Finding:
    (found,) = [each for each in findings if each.name == name]
    return found


@contextmanager
def held(port: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> Iterator[None]:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", port))
        if kind is socket.SOCK_STREAM:
            taken.listen()
        yield


@asynccontextmanager
async def page(port: int, body: object, status: int = 200) -> AsyncIterator[None]:
    """A readiness page."""

    async def handler(_: web.Request) -> web.Response:
        return web.json_response(body, status=status)

    app = web.Application()
    app.router.add_get("/readyz", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield
    finally:
        await runner.cleanup()


async def test_a_hotline_that_does_not_run_needs_its_ports_free(settings: Settings) -> None:
    findings = await running.examine(settings)
    assert {each.status for each in findings} == {Status.OK}
    assert {each.name for each in findings} >= {"tickets", "ivr", "sip port", "manager port"}


@pytest.mark.parametrize(
    ("port", "name", "kind"),
    [
        ("tickets", "tickets", socket.SOCK_STREAM),
        ("control", "ivr", socket.SOCK_STREAM),
        ("sip", "sip port", socket.SOCK_DGRAM),
        ("ami", "manager port", socket.SOCK_STREAM),
        ("agi", "agi port", socket.SOCK_STREAM),
        ("audio", "audio port", socket.SOCK_STREAM),
    ],
)
async def test_a_port_that_another_program_holds_is_named_with_the_setting(
    settings: Settings, ports: dict[str, int], monkeypatch: pytest.MonkeyPatch, port: str, name: str, kind: Any
) -> None:
    for module in ("hotline.doctor.running", "hotline.checks"):
        monkeypatch.setattr(f"{module}.ANSWER_SECONDS", 0.1)
    with held(ports[port], kind):
        findings = await running.examine(settings)
    found = named(findings, name)
    assert found.status is Status.FAILED
    assert f"127.0.0.1:{ports[port]} is held by another program" in found.found
    assert "port" in found.mend
    assert [each.name for each in findings if each.status is not Status.OK] == [name]


async def test_a_wrong_manager_password_is_named_with_the_file_it_should_be_from(
    settings: Settings, ports: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "LOGIN_SECONDS", 0.2)
    ami = FakeAmi(secret="another")  # noqa: S106 - of a fake
    ami.port = ports["ami"]
    async with ami:
        findings = await running.examine(settings)
    found = named(findings, "asterisk manager login")
    assert found.status is Status.FAILED
    assert "'hotline' is not let in" in found.found
    assert str(settings.paths.secrets / "asterisk.json") in found.mend
    secret = asterisk_secrets(settings).ami
    assert all(secret not in each.found + each.mend for each in findings)


async def test_a_running_asterisk_that_lets_us_in_is_fine(settings: Settings, ports: dict[str, int]) -> None:
    ami = FakeAmi(secret=asterisk_secrets(settings).ami)
    ami.port = ports["ami"]
    async with ami:
        findings = await running.examine(settings)
    assert named(findings, "asterisk").status is Status.OK


async def test_a_part_that_runs_is_asked_how_it_is(settings: Settings, ports: dict[str, int]) -> None:
    async with (
        page(ports["tickets"], {"health": "ok", "reason": ""}),
        page(ports["control"], {"status": "degraded", "parts": {"speech": "degraded: no model", "ami": "ok"}}),
    ):
        findings = await running.examine(settings)
    assert named(findings, "tickets").status is Status.OK
    ivr = named(findings, "ivr")
    assert (ivr.status, "speech: degraded: no model" in ivr.found) == (Status.WARNING, True)
    assert ivr.mend


async def test_a_ticket_service_that_cannot_write_says_why(settings: Settings, ports: dict[str, int]) -> None:
    async with page(ports["tickets"], {"health": "failed", "reason": "database damaged"}, 503):
        found = named(await running.examine(settings), "tickets")
    assert (found.status, "database damaged" in found.found) == (Status.WARNING, True)


async def test_a_running_ivr_is_proof_of_the_manager_account(settings: Settings, ports: dict[str, int]) -> None:
    """The account admits one login at a time, and the IVR has it."""
    ami = FakeAmi(secret="another")  # noqa: S106 - of a fake
    ami.port = ports["ami"]
    async with ami, page(ports["control"], {"status": "ok", "parts": {"ami": "ok"}}):
        findings = await running.examine(settings)
    assert named(findings, "asterisk").status is Status.OK
    assert all(action["Action"] != "Login" for action in ami.actions)


async def test_a_part_that_is_missing_beside_others_is_told(settings: Settings, ports: dict[str, int]) -> None:
    async with page(ports["tickets"], {"health": "ok", "reason": ""}):
        findings = await running.examine(settings)
    assert named(findings, "ivr").status is Status.FAILED
    assert named(findings, "asterisk").mend == "hotline run"


async def test_a_page_that_is_none_does_not_stop_the_doctor(settings: Settings, ports: dict[str, int]) -> None:
    async with page(ports["tickets"], ["odd"]), page(ports["control"], {"parts": 5}, 500):
        findings = await running.examine(settings)
    assert {"tickets", "ivr"} <= {each.name for each in findings}


def test_everything_is_examined_and_what_is_missing_names_its_mend(settings: Settings) -> None:
    findings = examine(settings)
    model = named(findings, "recognition model")
    assert (model.status, model.mend) == (Status.FAILED, "hotline models fetch")
    assert {"python", "disk", "routing data", "secrets", "clock", "prompts"} <= {each.name for each in findings}
    assert all(each.mend for each in findings if each.status is not Status.OK)
    assert named(findings, "routing data").status is Status.OK
    assert named(findings, "secrets").status is Status.OK


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the check of all audio, which takes a second."""
    monkeypatch.setattr(prompts, "check", lambda *_: [])


@pytest.mark.fault("F98")
@pytest.mark.usefixtures("_quick")
def test_a_secret_that_others_can_read_is_named(settings: Settings) -> None:
    control_token(settings)
    path = settings.paths.secrets / "control.token"
    path.chmod(0o644)
    found = named(examine(settings), "secrets")
    assert found.status is Status.FAILED
    assert f"chmod 600 {path}" in found.found + found.mend


@pytest.mark.usefixtures("_quick")
def test_a_full_disk_is_a_warning(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**12, 10**12, 10**6))
    found = named(examine(settings), "disk")
    assert (found.status, found.found) == (Status.WARNING, "0.0 GiB free")


@pytest.mark.usefixtures("_quick")
def test_a_python_that_is_too_old_is_named(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 2, "final", 0))
    found = named(examine(settings), "python")
    assert (found.status, "3.11 to 3.13" in found.found) == (Status.FAILED, True)
