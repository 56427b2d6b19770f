"""The OpenAPI document against the service: whatever the document allows, and much that it does not, is sent to every
route by every role, and every answer is one that the document promised. No answer is a fault of the service.

`HOTLINE_FUZZ=200` sends that many requests to each route.
"""

import asyncio
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.fakes.tickets import a_body
from tickets.app import serve
from tickets.domain.roles import GRANTS, Role
from tickets.service.tokens import new_token
from tickets.settings import TicketSettings

REQUESTS = int(os.environ.get("HOTLINE_FUZZ", "4"))
SHARDS = 4
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
QUIET: dict[str, Any] = {
    "deadline": None,
    "database": None,
    "suppress_health_check": list(HealthCheck),
    "phases": (Phase.generate,),
}


@dataclass(frozen=True, slots=True)
class Target:
    """A running service, a token of every role, and its document."""

    url: str
    tokens: dict[str, str]
    schema: Any
    number: str
    seen: Counter[tuple[str, int]] = field(default_factory=Counter)
    """Answers by route and status."""

    def headers(self, role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[role]}"}


def in_a_thread(settings: TicketSettings) -> tuple[threading.Thread, int, Callable[[], None]]:
    """Serves from a thread of its own; the port, and what ends it."""
    ready = threading.Event()
    seen: dict[str, Any] = {}

    async def run() -> None:
        stop = asyncio.Event()
        seen["stop"] = (asyncio.get_running_loop(), stop)

        def listening(port: int) -> None:
            seen["port"] = port
            ready.set()

        await serve(settings, listening, stop=stop)

    def end() -> None:
        loop, stop = seen["stop"]
        loop.call_soon_threadsafe(stop.set)

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="service", daemon=True)
    thread.start()
    assert ready.wait(30)
    return thread, seen["port"], end


@pytest.fixture(scope="module")
def target(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("fuzz")
    for each in sqlite_template.parent.glob(f"{sqlite_template.name}*"):
        (folder / each.name).write_bytes(each.read_bytes())
    files = {role: folder / f"{role}.token" for role in Role}
    for path in files.values():
        path.write_text(new_token())
        path.chmod(0o600)
    thread, port, end = in_a_thread(
        TicketSettings(
            port=0,
            database_url=f"sqlite:///{folder / sqlite_template.name}",
            attachments_dir=folder / "attachments",
            token_files=files,
            auth_failures_per_minute=1000,
        )
    )
    try:
        url = f"http://127.0.0.1:{port}"
        tokens = {role.value: path.read_text() for role, path in files.items()} | {"nobody": "hlt_"}
        yield prepared(url, tokens)
    finally:
        end()
        thread.join(30)
        assert not thread.is_alive()


def prepared(url: str, tokens: dict[str, str]) -> Target:
    admin = {"Authorization": f"Bearer {tokens['admin']}"}
    mine = requests.post(
        f"{url}/api/v1/tokens", json={"name": "clerk", "role": "unit", "unit_id": "u-7"}, headers=admin, timeout=10
    )
    if mine.status_code == 201:
        tokens = tokens | {"unit of its own": mine.json()["token"]}
    made = requests.post(
        f"{url}/api/v1/tickets",
        json=a_body("261122010001", "1.1"),
        headers={**admin, "Idempotency-Key": "first"},
        timeout=10,
    )
    assert made.status_code == 201
    schema = schemathesis.openapi.from_url(f"{url}/api/v1/openapi.json")
    schema.config.base_url = url
    return Target(url, tokens, schema, made.json()["number"])


@pytest.mark.fault("F86")
@pytest.mark.parametrize("shard", range(SHARDS))
def test_every_route_answers_every_role_as_the_document_says(target: Target, shard: int) -> None:
    operations = [each.ok() for each in target.schema.get_all_operations()]
    assert len(operations) >= 20
    for operation in operations[shard::SHARDS]:
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            fuzz(target, operation, mode)
        assert any(label == operation.label for label, _ in target.seen)
    print(sorted(Counter(status for _, status in target.seen.elements()).items()))


def fuzz(target: Target, operation: Any, mode: GenerationMode) -> None:
    @settings(max_examples=REQUESTS, **QUIET)
    @given(
        case=operation.as_strategy(generation_mode=mode),
        role=st.one_of(st.just("admin"), st.sampled_from(sorted(target.tokens))),
        known=st.booleans(),
    )
    def run(case: Any, role: str, known: bool) -> None:
        if known and "number" in (case.path_parameters or {}):
            case.path_parameters["number"] = target.number
        answer = case.call_and_validate(headers=target.headers(role), checks=CHECKS, timeout=20)
        target.seen[operation.label, answer.status_code] += 1

    try:
        run()
    except schemathesis.errors.InvalidSchema:
        raise
    except Exception as exc:
        if type(exc).__name__ == "Unsatisfiable" and mode is GenerationMode.NEGATIVE:
            return  # nothing about this route can be wrong
        raise


@pytest.mark.fault("F80")
def test_requests_that_follow_from_one_another_are_answered_as_the_document_says(target: Target) -> None:
    # Who revokes the token that all requests are sent with is answered 401 from then on, and learns no more.
    base = target.schema.exclude(method="DELETE", path="/api/v1/tokens/{token}").as_state_machine()

    class Clients(base):  # type: ignore[misc, valid-type]  # made by the library at run time
        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": target.headers("admin"), "timeout": 20}

        def validate_response(self, response: Any, case: Any, additional_checks: Any = (), **options: Any) -> None:
            case.validate_response(response, checks=CHECKS, headers=target.headers("admin"))
            target.seen[case.operation.label, response.status_code] += 1

    run_state_machine_as_test(Clients, settings=settings(max_examples=max(4, REQUESTS), stateful_step_count=8, **QUIET))
    print(sorted(target.seen.items()))


def test_every_guarded_route_refuses_who_has_no_token_and_who_has_no_permission(target: Target) -> None:
    """Every route and role, without luck: a role gets 403 exactly where the document says that it lacks permission."""
    document = requests.get(f"{target.url}/api/v1/openapi.json", timeout=10).json()
    guarded = 0
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if "security" not in operation:
                continue
            guarded += 1
            permission = operation["description"].split("`")[1]
            url = target.url + path.replace("{number}", "000000000000").replace("{id}", "0" * 32)
            url = url.replace("{token}", "0" * 16).replace("{name}", "x").replace("{code}", "x")
            assert requests.request(method, url, timeout=10).status_code in (401, 429)
            for role in Role:
                if permission in {each.value for each in GRANTS[role]}:
                    continue
                answer = requests.request(method, url, headers=target.headers(role.value), timeout=10)
                assert answer.status_code == 403, (method, path, role, answer.text)
                assert answer.json()["code"] == "forbidden"
    assert guarded >= 15
