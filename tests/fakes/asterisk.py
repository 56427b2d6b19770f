"""Asterisk's side of the three wires, scripted: AGI client and audio socket of one call, and a management server.

Behaviour follows Asterisk 22.10 where the product depends on it: words in quotes with backslash escapes, `HANGUP` in
band after the reply, AGIEXITONHANGUP, silence frames while a caller says nothing, an audio socket that ends on 0x00.
"""

import asyncio
import re
from collections import deque
from types import TracebackType
from typing import Self
from uuid import UUID

FRAME = 320


def parse_line(line: str) -> list[str]:
    """Words of an AGI command, as `parse_args` in `res/res_agi.c` reads them."""
    words: list[str] = []
    word, quoted, escaped, begun = "", False, False, False
    for char in line:
        if escaped:
            word, escaped = word + char, False
        elif char == "\\":
            escaped = begun = True
        elif char == '"':
            quoted, begun = not quoted, True
        elif char in " \t" and not quoted:
            if begun:
                words.append(word)
            word, begun = "", False
        else:
            word, begun = word + char, True
    return [*words, word] if begun else words


def environment(
    call_id: str, *, caller: str = "13800001234", dialled: str = "12345", channel: str = "PJSIP/caller-00000001"
) -> bytes:
    """A whole environment block, ending in its blank line. What stands in `caller` is written as it is."""
    lines = {
        "agi_network": "yes",
        "agi_network_script": f"hotline/{call_id}",
        "agi_request": f"agi://127.0.0.1:4573/hotline/{call_id}",
        "agi_channel": channel,
        "agi_language": "zh",
        "agi_type": "PJSIP",
        "agi_uniqueid": call_id,
        "agi_version": "22.10.1",
        "agi_callerid": caller,
        "agi_calleridname": "unknown",
        "agi_callingpres": "0",
        "agi_dnid": dialled,
        "agi_rdnis": "unknown",
        "agi_context": "hotline-incoming",
        "agi_extension": dialled,
        "agi_priority": "9",
        "agi_enhanced": "0.0",
        "agi_accountcode": "",
        "agi_threadid": "140000000000000",
    }
    return "".join(f"{key}: {value}\n" for key, value in lines.items()).encode() + b"\n"


class FakeAsterisk:
    """One call: `await call.run()` in a task; the caller's acts are `say`, `press`, `hang_up`.

    `commands` are the AGI lines received, `variables` the channel's, `heard` the audio sent to the caller, `wire` every
    byte of the audio socket; `in_audio` is set while EXEC AudioSocket runs, `done` when the AGI link has ended.
    """

    def __init__(
        self,
        agi_port: int,
        *,
        call_id: str = "1795312345.1",
        caller: str = "13800001234",
        dialled: str = "12345",
        variables: dict[str, str] | None = None,
        frame_seconds: float = 0.02,
    ) -> None:
        self.call_id = call_id
        self.channel = "PJSIP/caller-00000001"
        self.variables = dict(variables or {})
        self.commands: list[str] = []
        self.applications: list[tuple[str, str]] = []
        self.heard = bytearray()
        self.wire = bytearray()
        self.in_audio = asyncio.Event()
        self.done = asyncio.Event()
        self._agi_port = agi_port
        self._environment = environment(call_id, caller=caller, dialled=dialled, channel=self.channel)
        self._frame_seconds = frame_seconds
        self._hung_up = asyncio.Event()
        self._outgoing: deque[bytes] = deque()
        self._said = asyncio.Event()

    async def run(self) -> None:
        """From the AGI connection to its end, by the application's return or the caller's hang-up."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._agi_port)
        try:
            writer.write(self._environment)
            await self._session(reader, writer)
        except ConnectionError:
            pass
        finally:
            self.done.set()
            writer.close()

    async def say(self, pcm: bytes) -> None:
        """Speak audio at the call's pace; returns when the last frame was sent."""
        self._said.clear()
        self._outgoing.extend(
            b"\x10\x01\x40" + pcm[at : at + FRAME].ljust(FRAME, b"\0") for at in range(0, len(pcm), FRAME)
        )
        await self._said.wait()

    def press(self, digits: str) -> None:
        """Press keys, each sent as its own frame."""
        self._outgoing.extend(b"\x03\x00\x01" + digit.encode() for digit in digits)

    def send(self, frame: bytes) -> None:
        """Put a frame of any kind, header included, between the audio."""
        self._outgoing.append(frame)

    def hang_up(self) -> None:
        """The caller puts the receiver down."""
        self._hung_up.set()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not self._hung_up.is_set():
            line = await self._line_or_hangup(reader)
            if line is None:
                break
            if not line:
                return
            text = line.decode().removesuffix("\n")
            self.commands.append(text)
            writer.write((await self._answer(parse_line(text)) + "\n").encode())
        writer.write(b"HANGUP\n")
        await writer.drain()

    async def _line_or_hangup(self, reader: asyncio.StreamReader) -> bytes | None:
        read = asyncio.ensure_future(reader.readline())
        gone = asyncio.ensure_future(self._hung_up.wait())
        try:
            await asyncio.wait({read, gone}, return_when=asyncio.FIRST_COMPLETED)
            return read.result() if read.done() else None
        finally:
            for task in (read, gone):
                task.cancel()
            await asyncio.wait({read, gone})

    async def _answer(self, words: list[str]) -> str:
        match [word.upper() for word in words[:2]]:
            case ["GET", "VARIABLE"]:
                return self._value(self.variables.get(words[2]))
            case ["GET", "FULL"]:
                known = {"${UNIQUEID}": self.call_id, "${CHANNEL(name)}": self.channel}
                expression = words[3]
                return self._value(known.get(expression, self.variables.get(expression[2:-1])))
            case ["SET", "VARIABLE"]:
                self.variables[words[2]] = words[3]
                return "200 result=1"
            case ["EXEC", _]:
                return f"200 result={await self._execute(words[1], words[2])}"
            case _:
                return "510 Invalid or unknown command"

    @staticmethod
    def _value(value: str | None) -> str:
        return "200 result=0" if value is None else f"200 result=1 ({value})"

    async def _execute(self, application: str, arguments: str) -> int:
        self.applications.append((application, arguments))
        if application.lower() != "audiosocket":
            return 0
        uuid, _, address = arguments.partition(",")
        host, _, port = address.rpartition(":")
        try:
            reader, writer = await asyncio.open_connection(host, int(port))
        except OSError:
            return -1
        try:
            return await self._media(UUID(uuid), reader, writer)
        finally:
            self.in_audio.clear()
            self._said.set()
            writer.close()

    async def _media(self, uuid: UUID, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
        writer.write(b"\x01\x00\x10" + uuid.bytes)
        self.in_audio.set()
        tasks = {
            asyncio.ensure_future(self._listen(reader)),
            asyncio.ensure_future(self._speak(writer)),
            asyncio.ensure_future(self._hung_up.wait()),
        }
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return -1 if self._hung_up.is_set() else 0

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        """Until the server ends the socket; anything but audio or hang-up from it is a failure, as in Asterisk."""
        while True:
            try:
                header = await reader.readexactly(3)
                payload = await reader.readexactly(int.from_bytes(header[1:], "big"))
            except (asyncio.IncompleteReadError, ConnectionError):
                return
            self.wire += header + payload
            if header[0] == 0x00:
                return
            assert header == b"\x10\x01\x40", "only audio of 320 bytes may be sent to Asterisk"
            self.heard += payload

    async def _speak(self, writer: asyncio.StreamWriter) -> None:
        """A caller's telephone never stops sending: silence between the words."""
        while True:
            while self._outgoing and self._outgoing[0][0] == 0x03:
                writer.write(self._outgoing.popleft())
            if self._outgoing:
                writer.write(self._outgoing.popleft())
            else:
                self._said.set()
                writer.write(b"\x10\x01\x40" + bytes(FRAME))
            try:
                await writer.drain()
            except ConnectionError:
                return
            await asyncio.sleep(self._frame_seconds)


class FakeAmi:
    """A management server. `actions` are all that came, in order; the flags say how it misbehaves.

    `channels` are the rows of CoreShowChannels by channel name; a row may be raw text with forged lines in it.
    """

    def __init__(self, user: str = "hotline", secret: str = "right") -> None:  # noqa: S107 - a fake's secret
        self.user = user
        self.secret = secret
        self.port = 0
        self.actions: list[dict[str, str]] = []
        self.channels: dict[str, str] = {}
        self.variables: dict[tuple[str, str], str] = {}
        self.mute: set[str] = set()
        """Actions, in lower case, that get no answer."""
        self.segment = 0
        """When above 0, replies leave in pieces of so many bytes."""
        self.connections = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def listen(self) -> None:
        """Begin, or begin again on the same port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.drop()

    def drop(self) -> None:
        """Cut every connection."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    def add_channel(self, channel: str, unique_id: str, caller: str = "13800001234") -> None:
        """A channel in Asterisk's list; `caller` is written as it is."""
        self.channels[channel] = (
            f"Channel: {channel}\r\nChannelState: 6\r\nChannelStateDesc: Up\r\nCallerIDNum: {caller}\r\n"
            f"CallerIDName: <unknown>\r\nContext: hotline-incoming\r\nExten: 12345\r\nPriority: 9\r\n"
            f"Uniqueid: {unique_id}\r\nLinkedid: {unique_id}\r\nApplication: AGI\r\nDuration: 00:01:05\r\n"
        )

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            writer.write(b"Asterisk Call Manager/11.0.0\r\n")
            while block := await reader.readuntil(b"\r\n\r\n"):
                action = dict(re.findall(r"(\S+): (.*)\r\n", block.decode()))
                self.actions.append(action)
                if action["Action"].lower() not in self.mute:
                    await self._send(writer, self._reply(action))
                if action["Action"] == "Login" and action["Secret"] != self.secret:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _send(self, writer: asyncio.StreamWriter, text: str) -> None:
        data = text.encode()
        step = self.segment or len(data)
        for at in range(0, len(data), step):
            writer.write(data[at : at + step])
            await writer.drain()
            if self.segment:
                await asyncio.sleep(0)

    def _reply(self, action: dict[str, str]) -> str:
        tail = f"ActionID: {action['ActionID']}\r\n"
        name = action["Action"]
        if name == "Login":
            good = (action["Username"], action["Secret"]) == (self.user, self.secret)
            return _response(good, tail, "Authentication accepted" if good else "Authentication failed")
        if name == "Setvar":
            if action["Channel"] not in self.channels:
                return _response(False, tail, "No such channel")
            self.variables[action["Channel"], action["Variable"]] = action["Value"]
            return _response(True, tail, "Variable Set")
        if name == "CoreShowChannels":
            rows = "".join(f"Event: CoreShowChannel\r\n{tail}{row}\r\n" for row in self.channels.values())
            start = f"Response: Success\r\n{tail}EventList: start\r\nMessage: Channels will follow\r\n\r\n"
            end = f"Event: CoreShowChannelsComplete\r\n{tail}EventList: Complete\r\nListItems: {len(self.channels)}\r\n"
            return f"{start}{rows}{end}\r\n"
        if name == "Ping":
            return f"Response: Success\r\n{tail}Ping: Pong\r\nTimestamp: 1.0\r\n\r\n"
        if name == "Originate":
            return _response(True, tail, "Originate successfully queued")
        return _response(False, tail, "Invalid/unknown command")


def _response(success: bool, tail: str, message: str) -> str:
    return f"Response: {'Success' if success else 'Error'}\r\n{tail}Message: {message}\r\n\r\n"
