"""Checks of a hotline that runs: is each part there, ready, and let in by the others? Not running is no fault: then the
ports must be free.
"""

import asyncio
from collections.abc import Iterator

import aiohttp

from hotline.checks import ANSWER_SECONDS, manager_greets, port_taken
from hotline.doctor.finding import Finding, failed, ok, warning
from hotline.secret_files import asterisk_secrets
from hotline.settings import Settings
from ivr.ami.panoramisk_control import AmiSettings, PanoramiskControl

LOGIN_SECONDS = 5.0


async def examine(settings: Settings) -> list[Finding]:
    """Findings about parts and ports."""
    pages = {
        "tickets": (f"http://{settings.tickets.host}:{settings.tickets.port}/readyz", settings.tickets.port),
        "ivr": (f"http://{settings.ivr.host}:{settings.ivr.control_port}/readyz", settings.ivr.control_port),
    }
    states = {name: await _page(url) for name, (url, _) in pages.items()}
    manager = await _manager(settings)
    anything = manager or any(states.values())
    findings = [
        _part(name, settings.tickets.host if name == "tickets" else settings.ivr.host, port, states[name], anything)
        for name, (_, port) in pages.items()
    ]
    if manager:
        findings.append(await _login(settings))
    else:
        findings += list(_asterisk_ports(settings, anything))
    return findings


def _part(name: str, host: str, port: int, state: str, anything: bool) -> Finding:
    if state.startswith("ok"):
        return ok(name, "running and ready")
    if state:
        return warning(name, state, "see its log; `hotline doctor` again when it has started")
    if port_taken(host, port):
        return failed(
            name, f"{host}:{port} is held by another program", f"end it, or set {name}'s port in hotline.toml"
        )
    if anything:
        return failed(name, "not running although other parts are", "hotline run")
    return ok(name, f"not running; {host}:{port} is free")


def _asterisk_ports(settings: Settings, anything: bool) -> Iterator[Finding]:
    bind = str(settings.asterisk.bind)
    for name, host, port, datagram in (
        ("sip port", bind, settings.asterisk.sip_port, True),
        ("manager port", "127.0.0.1", settings.asterisk.ami_port, False),
    ):
        if port_taken(host, port, datagram=datagram):
            yield failed(name, f"{host}:{port} is held by another program", f"end it, or set asterisk.{name[:3]}_port")
        elif anything:
            yield failed("asterisk", "not running although other parts are", "hotline run")
            return
        else:
            yield ok(name, f"{host}:{port} is free")


async def _manager(settings: Settings) -> bool:
    try:
        return await manager_greets(settings.ami.host, settings.ami.port)()
    except (OSError, TimeoutError):
        return False


async def _login(settings: Settings) -> Finding:
    """Log in as the IVR does."""
    account = AmiSettings(
        settings.ami.host,
        settings.ami.port,
        settings.ami.username,
        asterisk_secrets(settings).ami,
        refused_seconds=60.0,
    )
    control = PanoramiskControl(account)
    await control.start()
    try:
        async with asyncio.timeout(LOGIN_SECONDS):
            while not control.connected:
                await asyncio.sleep(0.05)
    except TimeoutError:
        return failed(
            "asterisk manager login",
            f"user {settings.ami.username!r} is not let in",
            f"put the secret of {settings.paths.secrets / 'asterisk.json'} into manager.conf, then reload manager",
        )
    finally:
        await control.aclose()
    return ok("asterisk", f"running, and lets {settings.ami.username!r} in")


async def _page(url: str) -> str:
    """What a readiness page says; empty when nobody answers."""
    try:
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as response:
            body = await response.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return ""
    if not isinstance(body, dict):
        return ""
    status = str(body.get("status", ""))
    parts = body.get("parts", {})
    wrong = [f"{name}: {state}" for name, state in parts.items() if state != "ok"] if isinstance(parts, dict) else []
    return status if not wrong else f"{status}: {'; '.join(wrong)}"
