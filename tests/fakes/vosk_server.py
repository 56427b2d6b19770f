"""A server that speaks vosk-server's websocket protocol around the real Vosk library, with the ways it can go wrong.

As the original: the configuration is not answered, every other message is answered once, the end mark is compared
letter by letter, and the answer to it is the last.
"""

import asyncio
import json
from typing import Any

import vosk
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer

__all__ = ["VoskServer"]

_END = '{"eof" : 1}'


class VoskServer:
    """`close_after` and `silent_after` count audio messages over all connections; `says` replaces every answer."""

    def __init__(self, model: Any, *, close_after: int = -1, silent_after: int = -1, says: str | None = None) -> None:
        self._model = model
        self._close_after = close_after
        self._silent_after = silent_after
        self._says = says
        self._server: TestServer | None = None
        self.connections = 0
        self.audio_messages = 0
        self.configs: list[dict[str, Any]] = []

    async def start(self) -> str:
        """Listens on a port of its own choice; gives the address for the settings."""
        app = web.Application()
        app.router.add_get("/", self._talk)
        self._server = TestServer(app)
        await self._server.start_server()
        return str(self._server.make_url("/")).replace("http", "ws", 1)

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.close()

    async def _talk(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.connections += 1
        wanted: dict[str, Any] = {}
        recogniser: Any = None
        async for message in socket:
            if message.type is WSMsgType.TEXT and "config" in message.data:
                wanted = json.loads(message.data)["config"]
                self.configs.append(wanted)
                continue
            if recogniser is None:
                recogniser = await asyncio.to_thread(self._make, wanted)
            if message.type is WSMsgType.BINARY:
                self.audio_messages += 1
                if self.audio_messages == self._close_after:
                    break
                if self.audio_messages == self._silent_after:
                    continue
            answer, last = await asyncio.to_thread(_process, recogniser, message.data)
            await socket.send_str(self._says if self._says is not None else answer)
            if last:
                break
        return socket

    def _make(self, wanted: dict[str, Any]) -> Any:
        phrases = wanted.get("phrase_list")
        words = [json.dumps(phrases, ensure_ascii=False)] if phrases else []
        recogniser = vosk.KaldiRecognizer(self._model, float(wanted["sample_rate"]), *words)
        recogniser.SetMaxAlternatives(int(wanted["max_alternatives"]))
        return recogniser


def _process(recogniser: Any, message: str | bytes) -> tuple[str, bool]:
    if message == _END:
        return str(recogniser.FinalResult()), True
    if recogniser.AcceptWaveform(message):
        return str(recogniser.Result()), False
    return str(recogniser.PartialResult()), False
