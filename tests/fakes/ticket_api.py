"""The ticket service behind its port, in memory: keeps the idempotency promise, fails when told."""

from pathlib import Path
from typing import Any

from ivr.outbox.api import ApiRefused, ApiUnavailable


class FakeTicketApi:
    """`failures` are raised by the next calls, one each; `down` makes every call fail until it is cleared."""

    def __init__(self) -> None:
        self.down = False
        self.failures: list[ApiUnavailable | ApiRefused | OSError] = []
        self.tickets: dict[str, dict[str, Any]] = {}
        self.attached: dict[str, tuple[str, Path, str]] = {}
        self.events: dict[str, tuple[str, dict[str, Any]]] = {}
        self.asked: list[str] = []

    async def open_ticket(self, key: str, body: dict[str, Any]) -> dict[str, Any]:
        self._ask(key)
        self.tickets.setdefault(key, body)
        return {"number": body["number"], "state": "accepted"}

    async def act(self, key: str, number: str, event: dict[str, Any]) -> dict[str, Any]:
        self._ask(key)
        self.events.setdefault(key, (number, event))
        return {"id": key}

    async def attach(self, key: str, number: str, path: Path, kind: str) -> dict[str, Any]:
        _must_exist(path)
        self._ask(key)
        self.attached.setdefault(key, (number, path, kind))
        return {"id": key}

    def _ask(self, key: str) -> None:
        self.asked.append(key)
        if self.down:
            raise ApiUnavailable("the fake service is down")
        if self.failures:
            raise self.failures.pop(0)


def _must_exist(path: Path) -> None:
    if not path.exists():
        raise FileNotFoundError(2, "No such file or directory", str(path))
