"""`hotline run`: the whole hotline on one machine, from Asterisk to the ticket service, until Ctrl-C."""

import asyncio
import shutil
import signal
import sys
import time
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated

import typer

from hotline.asterisk_part import booted_file
from hotline.checks import file_there, http_ok, manager_greets, port_taken
from hotline.cli.common import context_of, in_user_words, say
from hotline.errors import HotlineError, WrongUse
from hotline.provision import ensure_asterisk
from hotline.secret_files import asterisk_secrets
from hotline.settings import Settings, dump, load
from hotline.supervisor import Check, Part, PartState, Supervisor, SupervisorTimes
from hotline.supervisor.supervisor import StartFailed
from speech import models
from speech.engines import choose
from speech.errors import ModelError
from tickets.domain.roles import Role


def run(
    context: typer.Context,
    bind: Annotated[str | None, typer.Option(help="address softphones reach; default: this machine only")] = None,
    standins: Annotated[bool, typer.Option(help="stand-ins for 110 and an operator")] = True,
) -> None:
    """Start everything, print how to call, and keep it running until Ctrl-C."""
    began = time.monotonic()
    settings = _settings(context_of(context).config, bind, standins)
    foreign_asterisk = asyncio.run(_asterisk_runs(settings))
    _refuse_taken_ports(settings, foreign_asterisk)
    _prepare(settings)
    config = settings.paths.state_dir / "run" / "settings.json"
    dump(settings, config)
    supervisor = Supervisor(_parts(settings, config, foreign_asterisk), _times(settings), _report)
    try:
        asyncio.run(_until_signalled(supervisor, settings, began))
    except StartFailed as exc:
        raise HotlineError(f"{exc}\n`hotline doctor` tells what is in the way") from exc


def _settings(config: Path | None, bind: str | None, standins: bool) -> Settings:
    overrides: dict[str, dict[str, object]] = {}
    if bind is not None:
        try:
            ip_address(bind)
        except ValueError as exc:
            raise WrongUse(f"--bind takes an address of this machine such as 192.168.1.10, not {bind!r}") from exc
        overrides["asterisk"] = {"bind": bind}
    if not standins:
        overrides["run"] = {"standins": False}
    return load(config, overrides)


def _prepare(settings: Settings) -> None:
    """Fetch what is missing, saying so: Asterisk's tree and a recognition model."""
    ensure_asterisk(settings, say)
    try:
        choose(settings.speech, settings.paths.models)
    except ModelError:
        say("no recognition model is here yet: fetching one")
        with in_user_words():
            for result in models.fetch_default(settings.paths.models, with_voices=False, with_test_models=False):
                say(f"{result.name}: {result.why}")


async def _asterisk_runs(settings: Settings) -> bool:
    """Whether an Asterisk is there already: then it is used, with the manager account that its admin gave us."""
    try:
        found = await manager_greets(settings.ami.host, settings.ami.port)()
    except (OSError, TimeoutError):
        return False
    if found:
        say(
            f"an Asterisk is running already (manager interface {settings.ami.host}:{settings.ami.port}): it is used; "
            f"its manager account {settings.ami.username!r} needs the secret in {settings.paths.secrets}/asterisk.json"
        )
    return found


def _refuse_taken_ports(settings: Settings, foreign_asterisk: bool) -> None:
    wanted = [
        ("ivr.agi_port", settings.ivr.host, settings.ivr.agi_port, False),
        ("ivr.audio_port", settings.ivr.host, settings.ivr.audio_port, False),
        ("ivr.control_port", settings.ivr.host, settings.ivr.control_port, False),
        ("tickets.port", settings.tickets.host, settings.tickets.port, False),
    ]
    if not foreign_asterisk:
        wanted += [
            ("asterisk.sip_port", str(settings.asterisk.bind), settings.asterisk.sip_port, True),
            ("asterisk.ami_port", "127.0.0.1", settings.asterisk.ami_port, False),
        ]
    if settings.run.standins:
        wanted += [
            ("standins.emergency_port", settings.standins.host, settings.standins.emergency_port, True),
            ("standins.operator_port", settings.standins.host, settings.standins.operator_port, True),
            ("standins.control_port", settings.standins.host, settings.standins.control_port, False),
        ]
    taken = [
        f"  {name}: {host}:{port} is in use"
        for name, host, port, datagram in wanted
        if port_taken(host, port, datagram=datagram)
    ]
    if taken:
        raise HotlineError(
            "cannot start, because other programs (perhaps another hotline) hold these ports:\n"
            + "\n".join(taken)
            + "\nend them, or choose other ports in hotline.toml"
        )


def _parts(settings: Settings, config: Path, foreign_asterisk: bool) -> list[Part]:
    ivr = f"http://{settings.ivr.host}:{settings.ivr.control_port}"
    tickets = f"http://{settings.tickets.host}:{settings.tickets.port}"
    standins = f"http://{settings.standins.host}:{settings.standins.control_port}"

    def part(name: str, ready: Check, alive: Check) -> Part:
        argv = (sys.executable, "-m", "hotline", "--config", str(config), name)
        return Part(name, argv, ready, alive, settings.paths.state_dir / "logs" / f"{name}.log")

    manager = manager_greets("127.0.0.1", settings.asterisk.ami_port)
    parts = [] if foreign_asterisk else [part("asterisk", file_there(booted_file(settings)), manager)]
    parts += [
        part("tickets", http_ok(f"{tickets}/readyz"), http_ok(f"{tickets}/healthz")),
    ]
    if settings.run.standins:
        parts.append(part("standins", http_ok(f"{standins}/standins"), http_ok(f"{standins}/standins")))
    parts.append(part("ivr", http_ok(f"{ivr}/readyz"), http_ok(f"{ivr}/healthz")))
    return parts


def _times(settings: Settings) -> SupervisorTimes:
    return SupervisorTimes(
        start=settings.run.start_seconds,
        stop=settings.run.stop_seconds,
        heartbeat=settings.run.heartbeat_seconds,
        hung_after=settings.run.hung_after_seconds,
    )


def _report(part: Part, state: PartState, why: str) -> None:
    words = {
        PartState.STARTING: "正在启动",
        PartState.READY: "就绪",
        PartState.DIED: "已退出",
        PartState.HUNG: "无响应，强制重启",
        PartState.STOPPED: "已停止",
    }
    say(f"  {part.name:9} {words[state]}{'：' + why if why else ''}")


async def _until_signalled(supervisor: Supervisor, settings: Settings, began: float) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    await supervisor.run(stop, lambda: _print_how_to_call(settings, time.monotonic() - began))


def _print_how_to_call(settings: Settings, seconds: float) -> None:
    accounts = asterisk_secrets(settings).accounts
    tester = settings.asterisk.testers[0]
    address = f"{settings.asterisk.bind}:{settings.asterisk.sip_port}"
    hotline = shutil.which("hotline") or str(Path(sys.executable).with_name("hotline"))
    say(
        f"""
ready after {seconds:.0f} s / 热线已就绪

软电话注册    SIP 服务器 {address}（UDP）  帐号 {tester}  密码 {accounts[tester]}
              坐席帐号 {", ".join(settings.asterisk.operators)}，密码见 {settings.paths.secrets / "asterisk.json"}
拨打          12345；随时按 9 接通 110，按 0 转人工
命令行拨打    {hotline} call --say "我们小区门口的垃圾堆了好几天没有人清理"
工单接口      http://{settings.tickets.host}:{settings.tickets.port}/api/v1/tickets
              令牌文件 {settings.tickets.token_files[Role.MACHINE]}（Authorization: Bearer …）
日志          {settings.paths.state_dir / "logs"}
检查          {hotline} doctor
按 Ctrl-C 结束
"""
    )


def register(app: typer.Typer) -> None:
    app.command()(run)
