"""All checks in the order in which a person would mend them. Each stands alone: one that fails hides no other."""

import asyncio
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone

from hotline.asterisk.tree import AsteriskMissing, locate
from hotline.doctor import contents, running
from hotline.doctor.finding import Finding, failed, ok, warning
from hotline.errors import HotlineError
from hotline.layout import shipped_sounds
from hotline.secret_files import asterisk_secrets, control_token
from hotline.settings import Settings
from hotline.spoken import catalogue
from routing.errors import DataError
from routing.router import DATA_DIR, Router
from speech import models, prompts
from speech.engines import choose, suitable
from speech.errors import ModelError

FREE_BYTES = 2 * 1024**3
CHINA = timezone(timedelta(hours=8))


def examine(settings: Settings) -> list[Finding]:
    """Run every check. Never raises for what it finds."""
    checks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
        _python,
        _folders,
        _disk,
        _asterisk,
        _models,
        _prompts,
        _routing,
        _secrets,
        _clock,
        _working_calendar,
        _samples,
        _running,
    )
    return [finding for check in checks for finding in check(settings)]


def _python(_: Settings) -> Iterator[Finding]:
    version = ".".join(str(part) for part in sys.version_info[:3])
    if (3, 11) <= sys.version_info < (3, 14):
        yield ok("python", version)
    else:
        yield failed("python", f"{version}, but 3.11 to 3.13 are supported", "make the environment with one of these")


def _folders(settings: Settings) -> Iterator[Finding]:
    for name, folder in (("home folder", settings.paths.home), ("state folder", settings.paths.state_dir)):
        existing = next(each for each in (folder, *folder.parents) if each.exists())
        if os.access(existing, os.W_OK | os.X_OK):
            yield ok(name, str(folder))
        else:
            yield failed(
                name,
                f"{folder} cannot be written by this user",
                f"chown it to this user, or set paths.{name.split()[0]}",
            )


def _disk(settings: Settings) -> Iterator[Finding]:
    folder = next(each for each in (settings.paths.home, *settings.paths.home.parents) if each.exists())
    free = shutil.disk_usage(folder).free
    words = f"{free / 1024**3:.1f} GiB free"
    if free >= FREE_BYTES:
        yield ok("disk", words)
    else:
        yield warning("disk", words, "make room: recordings and tickets need at least 2 GiB")


def _asterisk(settings: Settings) -> Iterator[Finding]:
    try:
        program = locate(settings.asterisk, settings.paths.home)
    except AsteriskMissing as exc:
        yield failed("asterisk", str(exc), "`make setup` or `hotline run` fetches it")
    else:
        yield ok("asterisk", f"{program.version} ({program.origin})")


def _models(settings: Settings) -> Iterator[Finding]:
    try:
        choice = choose(settings.speech, settings.paths.models)
        rate = suitable.inspect(choice)
    except ModelError as exc:
        yield failed("recognition model", str(exc), "hotline models fetch")
        return
    yield ok("recognition model", "; ".join(filter(None, (f"{choice.name} {choice.title}: {choice.why}", rate))))
    for state in models.list_models(settings.paths.models):
        if state.path == choice.model and not state.usable:
            yield failed("recognition model files", state.detail, f"hotline models fetch {state.name}")


def _prompts(_: Settings) -> Iterator[Finding]:
    try:
        entries = catalogue()
        findings = prompts.check(entries, shipped_sounds())
    except (HotlineError, DataError, prompts.CatalogueError) as exc:
        yield failed("prompts", str(exc), "install the package again")
        return
    if findings:
        named = ", ".join(f"{each.id} {each.kind.value}" for each in findings[:5])
        yield failed("prompts", f"{len(findings)} need attention: {named}", "hotline prompts render")
    else:
        yield ok("prompts", f"{len(entries)} present and even")


def _routing(_: Settings) -> Iterator[Finding]:
    try:
        category = Router.load().decide("路灯不亮了").category
    except DataError as exc:
        yield failed("routing data", str(exc), "put the named lines right, or install the package again")
    else:
        yield ok("routing data", f"loaded; a test sentence is {category.problem if category else 'not classified'}")


def _secrets(settings: Settings) -> Iterator[Finding]:
    try:
        asterisk_secrets(settings)
        control_token(settings)
    except (HotlineError, OSError, ValueError) as exc:
        yield failed("secrets", str(exc), "see the message")
    else:
        yield ok("secrets", f"{settings.paths.secrets}, readable by this user only")


def _clock(_: Settings) -> Iterator[Finding]:
    """China's offset is fixed; what can be wrong is the machine's clock."""
    now = datetime.now(UTC).astimezone(CHINA)
    if now.year < 2025:
        yield failed("clock", f"it says {now:%Y-%m-%d %H:%M}", "set the clock, for example with chrony")
    else:
        yield ok("clock", f"{now:%Y-%m-%d %H:%M} in China")


def _working_calendar(settings: Settings) -> Iterator[Finding]:
    yield from contents.calendar(settings, datetime.now(UTC).astimezone(CHINA).date())


def _samples(_: Settings) -> Iterator[Finding]:
    yield from contents.samples(DATA_DIR)


def _running(settings: Settings) -> Iterator[Finding]:
    yield from asyncio.run(running.examine(settings))
