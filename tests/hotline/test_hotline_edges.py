"""Small things at the edge of the command line: logs without people, ports, questions to running parts."""

import asyncio
import json
import socket
from pathlib import Path

import pytest
import structlog

from hotline.checks import file_there, http_ok, manager_greets, port_taken
from hotline.logs import drop_personal
from tests.fakes.asterisk import FakeAmi


@pytest.mark.fault("F88")
def test_fields_about_people_never_reach_a_log_line() -> None:
    lines: list[str] = []
    with structlog.testing.capture_logs(processors=[drop_personal]) as entries:
        structlog.get_logger().info("call_ended", call="1.1", pii_caller="13800001234", pii_text="我叫张三")
    lines = [json.dumps(entry, ensure_ascii=False) for entry in entries]
    assert entries[0]["call"] == "1.1"
    assert "138" not in lines[0]
    assert "张三" not in lines[0]


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_port_is_taken_while_somebody_listens(kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as somebody:
        somebody.bind(("127.0.0.1", 0))
        if kind is socket.SOCK_STREAM:
            somebody.listen()
        port = somebody.getsockname()[1]
        assert port_taken("127.0.0.1", port, datagram=kind is socket.SOCK_DGRAM)
    assert not port_taken("127.0.0.1", port, datagram=kind is socket.SOCK_DGRAM)


async def test_a_marker_file_is_there_or_not(tmp_path: Path) -> None:
    check = file_there(tmp_path / "booted")
    assert not await check()
    (tmp_path / "booted").touch()
    assert await check()


async def test_a_closed_port_is_no_page(unused_tcp_port: int) -> None:
    assert not await http_ok(f"http://127.0.0.1:{unused_tcp_port}/healthz")()


async def test_asterisks_manager_is_known_by_its_banner() -> None:
    async with FakeAmi() as ami:
        assert await manager_greets("127.0.0.1", ami.port)()


@pytest.mark.fault("F13")
async def test_a_frozen_asterisk_accepts_and_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotline.checks.ANSWER_SECONDS", 0.05)
    with socket.socket() as frozen:
        frozen.bind(("127.0.0.1", 0))
        frozen.listen()
        with pytest.raises(TimeoutError):
            await manager_greets("127.0.0.1", frozen.getsockname()[1])()


async def test_another_program_on_the_port_is_no_asterisk() -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    assert not await manager_greets("127.0.0.1", server.sockets[0].getsockname()[1])()
    server.close()
