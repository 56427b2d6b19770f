"""The IVR as a whole, put together by its composition root, without Asterisk, model or ticket service."""

import asyncio
import fcntl
from pathlib import Path

import aiohttp
import pytest

from ivr.app import AlreadyRunning, IvrPlaces, IvrPorts, IvrSecrets, IvrSections, serve
from ivr.settings import AmiSettings, IvrSettings
from speech.settings import SpeechSettings

TOKEN = "a-long-control-token"  # noqa: S105 - of a node that lives as long as a test
SECRETS = IvrSecrets(ami="x", control_token=TOKEN, tickets_token="y")  # noqa: S106 - likewise


@pytest.fixture
def places(tmp_path: Path) -> IvrPlaces:
    folders = {name: tmp_path / name for name in ("models", "sounds", "recordings", "spool", "state")}
    for folder in folders.values():
        folder.mkdir()
    return IvrPlaces(**folders)


@pytest.fixture
def sections(unused_tcp_port_factory: object) -> IvrSections:
    assert callable(unused_tcp_port_factory)
    settings = IvrSettings(
        agi_port=0, audio_port=0, control_port=0, tickets_url=f"http://127.0.0.1:{unused_tcp_port_factory()}"
    )
    return IvrSections(settings, AmiSettings(port=unused_tcp_port_factory()), SpeechSettings())


@pytest.mark.fault("F95")
async def test_a_second_node_on_the_same_state_is_refused_and_told_whose_it_is(
    places: IvrPlaces, sections: IvrSections
) -> None:
    with (places.state / "ivr.lock").open("w") as first:
        first.write("4711")
        first.flush()
        fcntl.flock(first, fcntl.LOCK_EX)
        with pytest.raises(AlreadyRunning, match="process 4711"):
            await serve(sections, places, SECRETS, asyncio.Event())


@pytest.mark.fault("F10", "F14", "F20")
async def test_a_node_without_model_asterisk_and_tickets_starts_and_says_what_it_lacks(
    places: IvrPlaces, sections: IvrSections
) -> None:
    stop = asyncio.Event()
    listening: asyncio.Future[IvrPorts] = asyncio.get_running_loop().create_future()
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        tasks.create_task(serve(sections, places, SECRETS, stop, listening.set_result))
        ports = await listening
        try:
            async with aiohttp.ClientSession(f"http://127.0.0.1:{ports.control}") as client:
                async with client.get("/readyz") as answer:
                    body = await answer.json()
                async with client.get("/calls", headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
                    assert await answer.json() == {"calls": []}
                async with client.get("/metrics") as answer:
                    metrics = await answer.text()
        finally:
            stop.set()
    assert body["status"] == "degraded"
    assert "hotline models fetch" in body["parts"]["speech"]
    assert body["parts"]["ami"].startswith("degraded")
    assert "hotline_spool_pending 0.0" in metrics
    with pytest.raises(OSError, match="Connect"):
        await asyncio.open_connection("127.0.0.1", ports.agi)
