import asyncio
import hashlib
import itertools
import json
from pathlib import Path
from typing import Any

import aiohttp
import jsonschema  # type: ignore[import-untyped]  # has no annotations of its own
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate
from yarl import URL

from tests.fakes.tickets import a_body
from tests.tickets.conftest import Serving, run_service
from tickets.settings import TicketSettings
from tickets.store.migrate import upgrade

TICKETS = "/api/v1/tickets"
WAV = b"RIFF\x24\0\0\0WAVEfmt " + bytes(2000)


class Checked:
    """Sends requests and holds every answer against the service's own OpenAPI document."""

    def __init__(self, client: aiohttp.ClientSession, document: dict[str, Any]) -> None:
        self.client = client
        self.document = document

    @classmethod
    async def of(cls, client: aiohttp.ClientSession) -> "Checked":
        async with client.get("/api/v1/openapi.json") as response:
            return cls(client, await response.json())

    async def __call__(self, method: str, path: str, template: str | None = None, **options: Any) -> tuple[int, Any]:
        async with self.client.request(method, path, **options) as response:
            raw = await response.read()
            operation = self.document["paths"][template or path.split("?")[0]][method.lower()]
            declared = operation["responses"][str(response.status)]
            content = declared["content"][response.content_type]
            body = json.loads(raw) if response.content_type.endswith("json") else raw
            if "schema" in content:
                schema = {**content["schema"], "components": self.document["components"]}
                jsonschema.Draft202012Validator(schema).validate(body)
            assert all(name in response.headers for name in declared.get("headers", {}))
            return response.status, body

    async def create(self, body: Any, key: str | None = "k", **options: Any) -> tuple[int, Any]:
        headers = {"Idempotency-Key": key} if key is not None else {}
        return await self("POST", TICKETS, json=body, headers=headers, **options)

    async def on(self, number: str, what: str, method: str = "POST", **options: Any) -> tuple[int, Any]:
        return await self(method, f"{TICKETS}/{number}{what}", f"{TICKETS}/{{number}}{what.split('?')[0]}", **options)


def attachment_headers(data: bytes, key: str = "a", media_type: str = "audio/wav") -> dict[str, str]:
    return {
        "Idempotency-Key": key,
        "X-Content-SHA256": hashlib.sha256(data).hexdigest(),
        "Content-Type": media_type,
    }


async def test_the_openapi_document_is_valid_and_open(serving: Serving) -> None:
    async with serving() as client, client.get("/api/v1/openapi.json", headers={"Authorization": "none"}) as response:
        document = await response.json()
    validate(document)
    assert document["openapi"].startswith("3.1")


@pytest.mark.fault("F21", "F23")
async def test_a_request_is_taken_once_repeated_safely_and_shown(serving: Serving) -> None:
    async with serving() as client:
        call = await Checked.of(client)
        status, made = await call.create(a_body("261122010001", "1.1"))
        assert (status, made["number"], made["state"]) == (201, "261122010001", "dispatched")
        assert {name: made[name] for name in a_body() if name not in ("number", "call")} == {
            name: value for name, value in a_body().items() if name not in ("number", "call")
        }
        assert await call.create(a_body("261122010001", "1.1")) == (200, made)
        status, problem = await call.create(a_body("261122010001", "1.1", level=1))
        assert (status, problem["code"], problem["number"]) == (409, "idempotency_key_reused", made["number"])
        assert await call.on(made["number"], "", "GET") == (200, made)
        assert (await call.create(a_body("261122010001", "1.2"), "k2"))[1]["code"] == "number_taken"
        assert (await call.create(a_body("261122010002", "1.1"), "k3"))[1]["code"] == "call_request_taken"


@pytest.mark.parametrize("change", [{"number": None}, {"call": None}, {"emergency": None}, {"category": None}])
async def test_what_may_be_missing_may_be_missing(serving: Serving, change: dict[str, Any]) -> None:
    change = {"category": {"l1": None, "l2": None, "problem": None}} if "category" in change else change
    async with serving() as client:
        call = await Checked.of(client)
        assert (await call.create({**a_body("261122010001", "1.1"), **change}))[0] == 201


@pytest.mark.parametrize(
    "change",
    [
        {"unknown": 1},
        {"level": 5},
        {"level": "3"},
        {"number": "26112201000"},
        {"number": "269922010001"},
        {"confidence": 1.5},
        {"summary": "a\0b"},
        {"channel": "pigeon"},
        {"caller": None},
        {"request_index": 0},
        {"call": {"id": "1", "linkedid": None, "started_at": "2026-11-22T12:00:00", "node": 1}},
    ],
)
async def test_a_wrong_field_is_named_and_its_value_is_not_repeated(serving: Serving, change: dict[str, Any]) -> None:
    async with serving() as client:
        call = await Checked.of(client)
        status, problem = await call.create({**a_body("261122010001", "1.1"), **change})
        assert status == 422
        assert problem["code"] in ("invalid_body", "invalid_value")
        assert "13800000000" not in json.dumps(problem)
        assert (await call("GET", TICKETS))[1]["items"] == []


@pytest.mark.fault("F87")
async def test_bodies_outside_the_limits_are_refused_in_kind(serving: Serving) -> None:
    async with serving(body_timeout=0.2) as client:
        call = await Checked.of(client)

        async def post(data: Any, **headers: str) -> tuple[int, str]:
            sent = {"Idempotency-Key": "k", "Content-Type": "application/json", **headers}
            status, problem = await call("POST", TICKETS, data=data, headers=sent)
            return status, problem["code"]

        async def pieces() -> Any:
            for _ in range(100):
                yield b" " * 1024

        async def never_ending() -> Any:
            yield b"{"
            await asyncio.Event().wait()

        assert await post(b"{") == (400, "malformed_json")
        assert await post(b"\xff\xfe") == (400, "malformed_json")
        assert await post(b"[]") == (422, "invalid_body")
        assert await post(b"[" * 5000) == (400, "malformed_json")
        assert await post(b"{}", **{"Content-Type": "text/plain"}) == (415, "unsupported_media_type")
        assert await post(b"{}", **{"Content-Encoding": "gzip"}) == (415, "unsupported_media_type")
        assert await post(b" " * (64 * 1024 + 1)) == (413, "body_too_large")
        assert await post(pieces()) == (413, "body_too_large")
        assert await post(never_ending()) == (408, "body_too_slow")
        assert (await call.create(a_body(), None))[1]["code"] == "header_missing"
        assert (await call.create(a_body(), "x" * 129))[1]["code"] == "header_missing"


@pytest.mark.fault("F87")
async def test_headers_beyond_the_limit_are_refused(serving: Serving) -> None:
    async with serving() as client:
        for headers in ({f"X-{n}": "1" for n in range(300)}, {"X-Long": "x" * 20_000}):
            async with client.get("/healthz", headers=headers) as response:
                assert response.status == 400


@pytest.mark.fault("F80")
async def test_without_a_valid_token_nothing_is_answered_and_guessing_is_braked(serving: Serving) -> None:
    async with serving(auth_failures_per_minute=5) as client:
        call = await Checked.of(client)
        wrong = f"Bearer hlt_{'0' * 16}_{'a' * 43}"
        answers = [
            await call("GET", TICKETS, headers={"Authorization": value})
            for value in ("", "Bearer", wrong, "Basic YTpi", "Bearer ünïcode")
        ]
        assert {status for status, _ in answers} == {401}
        assert len({json.dumps(problem) for _, problem in answers}) == 1
        assert (await call("GET", TICKETS, headers={"Authorization": wrong}))[0] == 429
        assert (await call("GET", TICKETS))[0] == 200
        for path, code in (("/healthz", 200), ("/readyz", 200), ("/metrics", 429)):
            assert (await call("GET", path, headers={"Authorization": wrong}))[0] == code


async def test_unknown_routes_and_methods_are_problems_too(serving: Serving) -> None:
    async with serving() as client:
        async with client.get("/api/v1/nothing") as response:
            assert (response.status, (await response.json())["code"]) == (404, "not_found")
        async with client.delete(TICKETS) as response:
            assert (response.status, (await response.json())["code"]) == (405, "method_not_allowed")
            assert "POST" in response.headers["Allow"]


async def test_lists_filter_page_and_refuse_what_they_do_not_know(serving: Serving) -> None:
    async with serving() as client:
        call = await Checked.of(client)
        for n in range(1, 6):
            await call.create(a_body(f"26112201{n:04d}", f"1.{n}", unit="甲" if n % 2 else "乙"), f"k{n}")
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            _, page = await call("GET", f"{TICKETS}?limit=2" + (f"&cursor={cursor}" if cursor else ""))
            seen += [line["number"] for line in page["items"]]
            cursor = page["next"]
        assert seen == [f"26112201{n:04d}" for n in range(5, 0, -1)]
        _, page = await call("GET", f"{TICKETS}?unit=乙&state=dispatched&category=城乡建设&caller_tail=0000")
        assert [line["number"][-1] for line in page["items"]] == ["4", "2"]
        _, page = await call("GET", f"{TICKETS}?created_from=2030-01-01T00:00:00%2B08:00")
        assert page["items"] == []
        for query in (
            "limit=0",
            "colour=red",
            "state=lost",
            "cursor=!!",
            "cursor=YQ",
            "limit=1&limit=2",
            "created_to=now",
        ):
            assert (await call("GET", f"{TICKETS}?{query}"))[0] == 422


async def test_notes_extend_the_history(serving: Serving) -> None:
    async with serving() as client:
        call = await Checked.of(client)
        _, made = await call.create(a_body("261122010001"))
        note: dict[str, Any] = {"json": {"verb": "note", "text": "已回电"}, "headers": {"Idempotency-Key": "n"}}
        status, event = await call.on(made["number"], "/events", **note)
        assert (status, event["seq"], event["data"]) == (201, 3, {"note": "已回电"})
        assert event["previous"] == made["history"][-1]["hash"]
        assert await call.on(made["number"], "/events", **note) == (200, event)
        note["json"] = {"verb": "close", "text": "x"}
        assert (await call.on(made["number"], "/events", **note))[0] == 422
        note["json"] = {"verb": "note", "text": "x"}
        assert (await call.on("261122019999", "/events", **note))[0] == 404


async def test_recordings_are_kept_once_checked_and_given_back(serving: Serving) -> None:
    async with serving() as client:
        call = await Checked.of(client)
        _, made = await call.create(a_body("261122010001"))
        number, template = made["number"], f"{TICKETS}/{{number}}/attachments/{{id}}"
        status, kept = await call.on(number, "/attachments", data=WAV, headers=attachment_headers(WAV))
        assert (status, kept["kind"], kept["bytes"]) == (201, "recording", len(WAV))
        assert await call.on(number, "/attachments", data=WAV, headers=attachment_headers(WAV)) == (200, kept)
        assert (await call.on(number, "/attachments", data=b"x", headers=attachment_headers(b"x")))[0] == 409
        assert await call("GET", kept["url"], template) == (200, WAV)
        assert await call("GET", kept["url"], template, headers={"Range": "bytes=0-3"}) == (206, b"RIFF")
        lying = {**attachment_headers(WAV, "b"), "X-Content-SHA256": "0" * 64}
        assert (await call.on(number, "/attachments", data=WAV, headers=lying))[1]["code"] == "digest_mismatch"
        big = bytes(64 * 1024 + 1)
        assert (await call.on(number, "/attachments", data=big, headers=attachment_headers(big, "c")))[0] == 413
        html = attachment_headers(WAV, "d", "text/html")
        assert (await call.on(number, "/attachments", data=WAV, headers=html))[0] == 415
        _, shown = await call.on(number, "", "GET")
        assert shown["attachments"] == [kept]
        assert [event["verb"] for event in shown["history"]] == ["accept", "dispatch", "attach"]


@pytest.mark.fault("F82", "F83")
async def test_only_ids_of_the_ticket_lead_to_files_and_altered_files_are_never_given(
    serving: Serving, tmp_path: Path
) -> None:
    async with serving() as client:
        call = await Checked.of(client)
        _, one = await call.create(a_body("261122010001"), "k1")
        _, two = await call.create(a_body("261122010002"), "k2")
        _, kept = await call.on(one["number"], "/attachments", data=WAV, headers=attachment_headers(WAV))
        template = f"{TICKETS}/{{number}}/attachments/{{id}}"
        base = f"{TICKETS}/{two['number']}/attachments/"
        for name in (kept["id"], kept["sha256"], "..%2f..%2ftickets.db", "%2e%2e", "a%00b", "%2fetc%2fpasswd"):
            async with client.get(URL(base + name, encoded=True)) as response:
                assert response.status == 404
        file = tmp_path / "attachments" / kept["sha256"][:2] / kept["sha256"]
        assert file.read_bytes() == WAV
        file.write_bytes(WAV[:-1] + b"\1")
        status, problem = await call("GET", kept["url"], template)
        assert (status, problem["code"]) == (409, "attachment_altered")
        file.unlink()
        (tmp_path / "elsewhere").write_bytes(WAV)
        file.symlink_to(tmp_path / "elsewhere")
        assert (await call("GET", kept["url"], template))[0] == 404
        assert list((tmp_path / "attachments" / "incoming").iterdir()) == []


async def test_metrics_count_by_operation_and_name_nobody(serving: Serving) -> None:
    async with serving() as client:
        call = await Checked.of(client)
        await call.create(a_body("261122010001", "1.1"))
        _, text = await call("GET", "/metrics")
        assert b'tickets_http_requests_total{operation="createTicket",status="201"} 1.0' in text
        assert b"13800000000" not in text
        assert b"261122010001" not in text


@pytest.mark.fault("F22")
@settings(max_examples=15, deadline=None)
@given(plan=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 2)), min_size=2, max_size=12))
def test_whatever_arrives_at_once_each_key_has_exactly_one_ticket(
    plan: list[tuple[int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """`plan` holds (key, level): requests with one key and different levels are different bodies."""
    asyncio.run(_play(plan, tmp_path_factory.mktemp("play")))


async def _play(plan: list[tuple[int, int]], folder: Path) -> None:
    changed = TicketSettings(
        port=0,
        database_url=f"sqlite:///{folder}/tickets.db",
        attachments_dir=folder / "attachments",
        token_files={"machine": folder / "token"},  # type: ignore[dict-item]  # as a settings file has it
    )
    await asyncio.to_thread(upgrade, changed.database_url)
    async with run_service(changed) as client:

        async def post(key: int, level: int) -> tuple[int, int, int, str]:
            body = a_body(None, f"1.{key}", level=level)
            async with client.post(TICKETS, json=body, headers={"Idempotency-Key": f"k{key}"}) as response:
                return key, level, response.status, (await response.json())["number"]

        answers = await asyncio.gather(*(post(key, level) for key, level in plan))
        for _, group in itertools.groupby(sorted(answers), key=lambda answer: answer[0]):
            mine = list(group)
            (winner,) = [answer for answer in mine if answer[2] == 201]
            assert {answer[3] for answer in mine} == {winner[3]}
            assert all(answer[2] == (200 if answer[1] == winner[1] else 409) for answer in mine if answer != winner)
