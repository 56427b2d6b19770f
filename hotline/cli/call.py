"""`hotline call`: one real SIP call through Asterisk, told as a timeline."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from hotline.asterisk.generate import CALLER_ACCOUNT
from hotline.calling import CallPlan, place_call
from hotline.calling.caller import Reach
from hotline.cli.common import AsJson, in_user_words, print_json, settings_of
from hotline.errors import HotlineError, WrongUse
from hotline.phone import PhoneError
from hotline.secret_files import asterisk_secrets, control_token
from hotline.settings import Settings
from speech import voices
from speech.audiofile import FILE_RATE, read_audio
from speech.frames import RATE, to_pcm
from speech.resample import resample

LONGEST_TEXT = 400
DEFAULT_VOICE = "jf_gongitsune"
"""The clearest of the five single voices when read back by a recogniser."""


def call(
    context: typer.Context,
    say: Annotated[str | None, typer.Option(help="what the caller says, spoken by a synthetic voice")] = None,
    wav: Annotated[Path | None, typer.Option(help="a recording the caller plays instead")] = None,
    digits: Annotated[str, typer.Option(help="keys the caller presses while the greeting is heard")] = "",
    from_: Annotated[str, typer.Option("--from", help="the caller's number")] = "13800001234",
    dialled: Annotated[str, typer.Option("--dial", help="the number called")] = "12345",
    voice: Annotated[str, typer.Option(help=f"one of {', '.join(voices.VOICE_NAMES)}")] = DEFAULT_VOICE,
    barge_in: Annotated[bool, typer.Option(help="speak into the greeting instead of after it")] = False,
    silent: Annotated[bool, typer.Option("--silent", help="say nothing at all")] = False,
    seconds: Annotated[float, typer.Option(min=5, max=900, help="longest call")] = 120.0,
    stay: Annotated[float, typer.Option(min=1, max=300, help="seconds to talk to whoever answers")] = 5.0,
    record: Annotated[Path | None, typer.Option(help="write what the caller heard to this WAV file")] = None,
    json_: AsJson = False,
) -> None:
    """Call the hotline and print what happened, each step with its milliseconds since the INVITE."""
    if sum((say is not None, wav is not None, silent, bool(digits) and say is None and wav is None)) != 1:
        raise WrongUse("give one of --say TEXT, --wav FILE, --digits KEYS or --silent")
    if set(digits) - set("0123456789*#"):
        raise WrongUse(f"--digits takes keys 0-9, * and #, not {digits!r}")
    if not from_.lstrip("+").isdigit() or len(from_) > 20:
        raise WrongUse(f"--from takes a telephone number of at most 20 digits, not {from_!r}")
    if voice not in voices.VOICE_NAMES:
        raise WrongUse(f"--voice takes one of {', '.join(voices.VOICE_NAMES)}, not {voice!r}")
    settings = settings_of(context)
    with in_user_words():
        plan = CallPlan(
            dialled=dialled,
            from_number=from_,
            speech=_speech(settings, say, wav, voice),
            digits=digits,
            barge_in=barge_in,
            stay_seconds=stay,
            longest_seconds=seconds,
        )
        try:
            timeline = asyncio.run(place_call(plan, _reach(settings), record))
        except PhoneError as exc:
            raise HotlineError(f"{exc}; is `hotline run` running?") from exc
    print_json(timeline.as_json(), indent=None if json_ else 1)


def _speech(settings: Settings, say: str | None, wav: Path | None, voice: str) -> bytes:
    if say is not None:
        if not say.strip() or len(say) > LONGEST_TEXT:
            raise WrongUse(f"--say takes 1 to {LONGEST_TEXT} characters")
        return voices.speak_8k(voices.load(voice, settings.paths.models), say)
    if wav is not None:
        return to_pcm(resample(read_audio(wav), FILE_RATE, RATE))
    return b""


def _reach(settings: Settings) -> Reach:
    host = str(settings.asterisk.bind)
    return Reach(
        server=f"{host}:{settings.asterisk.sip_port}",
        bind_host=host,
        user=CALLER_ACCOUNT,
        password=asterisk_secrets(settings).accounts[CALLER_ACCOUNT],
        board_url=f"http://{settings.ivr.host}:{settings.ivr.control_port}",
        board_token=control_token(settings),
        standins_url=f"http://{settings.standins.host}:{settings.standins.control_port}",
    )


def register(app: typer.Typer) -> None:
    app.command()(call)
