"""A caller that is not our own telephone: SIPp gives its password, plays G.711 and presses nothing."""

import asyncio
import shutil
from pathlib import Path

import pytest

from hotline.asterisk.generate import CALLER_ACCOUNT
from speech.g711 import ulaw_encode
from tests.e2e.caller import new_number
from tests.e2e.conftest import Speak
from tests.e2e.sentences import LITTER
from tests.e2e.whole_hotline import WholeHotline, eventually_async

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]

SCENARIO = Path(__file__).with_name("sipp-caller.xml")
GREETING_SECONDS = 9
THINKING_SECONDS = 12


async def test_sipp_is_answered_and_what_it_says_becomes_a_ticket(
    hotline: WholeHotline, speak: Speak, tmp_path: Path
) -> None:
    sipp = shutil.which("sipp")
    assert sipp, "SIPp is not installed; run `make setup`, which installs sip-tester"
    silence = bytes(16_000 * GREETING_SECONDS)
    speech = silence + await asyncio.to_thread(speak, LITTER) + bytes(16_000 * THINKING_SECONDS)
    (tmp_path / "speech.ulaw").write_bytes(ulaw_encode(speech))
    number = new_number()
    values = {
        "NUMBER": number,
        "ACCOUNT": CALLER_ACCOUNT,
        "PASSWORD": hotline.caller_password,
        "SPEECH": "speech.ulaw",
        "MILLISECONDS": str(len(speech) // 16),
    }
    scenario = SCENARIO.read_text("utf-8")
    for name, value in values.items():
        scenario = scenario.replace(name, value)
    (tmp_path / "caller.xml").write_text(scenario)
    process = await asyncio.create_subprocess_exec(
        *(sipp, hotline.server, "-sf", "caller.xml", "-s", "12345", "-m", "1", "-i", "127.0.0.1", "-nostdin"),
        *("-trace_err", "-timeout", "120"),
        cwd=tmp_path,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, f"{errors_in(tmp_path)}\n{output.decode('utf-8', 'replace')[-3000:]}"

    async def one_ticket() -> bool:
        return len(await hotline.tickets_of(number)) == 1

    await eventually_async(one_ticket, "SIPp's call has become one ticket")
    (ticket,) = await hotline.tickets_of(number)
    assert ticket["completeness"] == "incomplete-callback", (ticket["transcript"], ticket["emergency"])
    assert "".join(piece["text"] for piece in ticket["transcript"])
    assert ticket["caller"]["number"] == number


def errors_in(folder: Path) -> str:
    """What SIPp wrote down of its troubles."""
    return "\n".join(path.read_text("utf-8", "replace") for path in folder.glob("*errors.log"))
