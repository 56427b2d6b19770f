"""A node whose model cannot be used starts all the same, and says which model, what is wrong and what to do."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from ivr.app import IvrPlaces, IvrPorts, IvrSecrets, IvrSections, serve
from ivr.settings import AmiSettings, IvrSettings
from speech.settings import SpeechSettings
from tests.speech.engines.test_suitable import KOREAN, sherpa_model, vosk_model, whisper_model

SECRETS = IvrSecrets(ami="x", control_token="a-long-control-token", tickets_token="y")  # noqa: S106 - of a test


def missing(_: Path) -> str:
    return "vosk-small-cn"


def broken_off(models: Path) -> str:
    whisper_model(models / "whisper-base", 51_865)
    return "whisper-base"


def of_another_language(models: Path) -> str:
    return vosk_model(models / "vosk-own", KOREAN).name


def english_only(models: Path) -> str:
    return whisper_model(models / "whisper-own", 51_864).name


def with_tokens_of_another_model(models: Path) -> str:
    # Chinese and all there, so only the worker that opens the networks finds out.
    folder = sherpa_model(models / "sherpa-own", ("我", "你", "的"))
    (folder / "decoder.onnx").write_bytes((folder / "decoder.onnx").read_bytes()[:100])
    return folder.name


@pytest.mark.fault("F10")
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (missing, "hotline models fetch"),
        (broken_off, "whisper-base is not whole: model.bin has 2 bytes"),
        (of_another_language, "is not for Chinese"),
        (english_only, "is not for Chinese"),
        (with_tokens_of_another_model, "decoder.onnx cannot be read as a network"),
    ],
)
async def test_the_node_starts_degraded_with_one_clear_message(
    tmp_path: Path, unused_tcp_port_factory: Callable[[], int], spoil: Callable[[Path], str], said: str
) -> None:
    folders = {name: tmp_path / name for name in ("models", "sounds", "recordings", "spool", "state")}
    for folder in folders.values():
        folder.mkdir()
    settings = IvrSettings(
        agi_port=0, audio_port=0, control_port=0, tickets_url=f"http://127.0.0.1:{unused_tcp_port_factory()}"
    )
    speech = SpeechSettings(model=spoil(folders["models"]))
    sections = IvrSections(settings, AmiSettings(port=unused_tcp_port_factory()), speech)
    stop = asyncio.Event()
    listening: asyncio.Future[IvrPorts] = asyncio.get_running_loop().create_future()
    async with asyncio.timeout(40), asyncio.TaskGroup() as tasks:
        tasks.create_task(serve(sections, IvrPlaces(**folders), SECRETS, stop, listening.set_result))
        ports = await listening
        try:
            async with aiohttp.ClientSession(f"http://127.0.0.1:{ports.control}") as client:
                speech_state = await settled(client)
                async with client.get("/metrics") as answer:
                    metrics = await answer.text()
        finally:
            stop.set()
    assert speech_state.startswith("degraded: ")
    assert said in speech_state
    assert "\n" not in speech_state
    assert "hotline_recognition_capacity 0.0" in metrics
    assert "hotline_recognition_refused 0.0" in metrics


async def settled(client: aiohttp.ClientSession) -> str:
    """What the node says of its recognition once it knows."""
    while True:
        async with client.get("/readyz") as answer:
            state = str((await answer.json())["parts"]["speech"])
        if state != "loading":
            return state
        await asyncio.sleep(0.05)
