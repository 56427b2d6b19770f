"""Checks of a hotline that runs: is each part there, ready, and let in by the others? Not running is no fault: then the
ports must be free.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

import aiohttp

from hotline.checks import ANSWER_SECONDS, manager_greets, port_taken
from hotline.doctor.finding import Finding, failed, ok, warning
from hotline.secret_files import asterisk_secrets
from hotline.settings import Settings
from ivr.ami.panoramisk_control import AmiSettings, PanoramiskControl

LOGIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Page:
    """What a part's readiness page said: `there` is False when nobody answers, `wrong` lists what is not ok."""

    there: bool = False
    wrong: dict[str, str] = field(default_factory=dict)


async def examine(settings: Settings) -> list[Finding]:
    """Findings about parts and ports."""
    tickets = await _page(settings.tickets.host, settings.tickets.port)
    ivr = await _page(settings.ivr.host, settings.ivr.control_port)
    manager = await _manager(settings)
    anything = manager or tickets.there or ivr.there
    findings = [
        _part("tickets", settings.tickets.host, settings.tickets.port, tickets, anything),
        _part("ivr", settings.ivr.host, settings.ivr.control_port, ivr, anything),
    ]
    if not ivr.there:
        findings += list(_call_ports(settings))
    if not manager:
        findings += list(_asterisk_ports(settings, anything))
    elif ivr.there and "ami" not in ivr.wrong:
        # The manager account admits one login at a time, and the IVR holds it: that is the proof.
        findings.append(ok("asterisk", "running, and the IVR is logged in"))
    else:
        findings.append(await _login(settings))
    return findings


def _part(name: str, host: str, port: int, page: Page, anything: bool) -> Finding:
    if page.wrong:
        words = "; ".join(f"{part}: {state}" for part, state in page.wrong.items())
        return warning(name, f"running, but {words}", "see its log, mend what is named, then ask again")
    if page.there:
        return ok(name, "running and ready")
    if port_taken(host, port):
        return failed(
            name, f"{host}:{port} is held by another program", f"end it, or set {name}'s port in hotline.toml"
        )
    if anything:
        return failed(name, "not running although other parts are", "hotline run")
    return ok(name, f"not running; {host}:{port} is free")


def _call_ports(settings: Settings) -> Iterator[Finding]:
    """The ports by which Asterisk reaches the IVR; worth a line only when somebody else has them."""
    for key, port in (("agi_port", settings.ivr.agi_port), ("audio_port", settings.ivr.audio_port)):
        if port and port_taken(settings.ivr.host, port):
            name = key.replace("_", " ")
            place = f"{settings.ivr.host}:{port}"
            yield failed(name, f"{place} is held by another program", f"end it, or set ivr.{key}")


def _asterisk_ports(settings: Settings, anything: bool) -> Iterator[Finding]:
    bind = str(settings.asterisk.bind)
    for name, host, port, datagram in (
        ("sip port", bind, settings.asterisk.sip_port, True),
        ("manager port", "127.0.0.1", settings.asterisk.ami_port, False),
    ):
        if port_taken(host, port, datagram=datagram):
            key = "sip_port" if datagram else "ami_port"
            yield failed(name, f"{host}:{port} is held by another program", f"end it, or set asterisk.{key}")
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
            f"wrong password: user {settings.ami.username!r} is not let in",
            f"put the secret of {settings.paths.secrets / 'asterisk.json'} into manager.conf and reload it, "
            "or let `hotline run` render it again",
        )
    finally:
        await control.aclose()
    return ok("asterisk", f"running, and lets {settings.ami.username!r} in")


async def _page(host: str, port: int) -> Page:
    """Ask a readiness page; anything that is not one of ours counts as nobody."""
    try:
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(f"http://{host}:{port}/readyz") as response,
        ):
            body = await response.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return Page()
    match body:
        case {"parts": dict(parts)}:
            return Page(True, {str(name): str(state) for name, state in parts.items() if state != "ok"})
        case {"health": "ok"}:
            return Page(True)
        case {"health": str(health), "reason": reason}:
            return Page(True, {health: str(reason)})
    return Page()
