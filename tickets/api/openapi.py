"""The OpenAPI 3.1 document, made from the table of operations and the pydantic models, so that it cannot drift."""

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from tickets.api.answers import Problem
from tickets.api.operations import DIGEST, KEY, Operation
from tickets.api.problems import MEDIA_TYPE

_REF: Final = "#/components/schemas/{model}"
_PATH_FIELDS: Final[dict[str, dict[str, Any]]] = {
    "number": {"type": "string", "pattern": "^[0-9]{12}$"},
    "id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
    "code": {"type": "string", "pattern": "^[0-9A-Za-z-]{1,30}$"},
    "name": {"type": "string", "pattern": "^[a-z]{1,32}$"},
    "token": {"type": "string", "pattern": "^[0-9a-f]{16}$"},
}
_HEADERS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    KEY: (
        "Makes the request safe to repeat. For a call: its unique id and the request index.",
        {"type": "string", "pattern": "^[\\x21-\\x7e]{1,128}$"},
    ),
    DIGEST: ("SHA-256 of the body, hexadecimal.", {"type": "string", "pattern": "^[0-9a-fA-F]{64}$"}),
}
_NUMBER: Final = {"number": "$response.body#/number"}
_LINKS: Final[dict[str, dict[str, dict[str, str]]]] = {
    "createTicket": dict.fromkeys(("getTicket", "addEvent", "addAttachment"), _NUMBER),
    "addAttachment": {"getAttachment": {"number": "$request.path.number", "id": "$response.body#/id"}},
}
"""What leads from an answer to the next request: operation, linked operation, its parameters (OpenAPI 3.1, 4.8.20)."""

_Key = tuple[type[BaseModel], JsonSchemaMode]
_References = Mapping[Any, Any]
"""Model and mode to its `$ref`; pydantic types the keys more widely than they are used here."""


def openapi_document(operations: Iterable[Operation], version: str) -> dict[str, Any]:
    """The document as plain JSON values."""
    table = list(operations)
    keys = _models(table)
    references, definitions = models_json_schema(keys, ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for operation in table:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, references)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "12345 ticket service",
            "version": version,
            "description": "Takes requests of citizens and keeps their history. Errors are RFC 9457 problem details.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": definitions["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _models(operations: list[Operation]) -> list[_Key]:
    keys: list[_Key] = [(Problem, "serialization")]
    for operation in operations:
        if operation.body is not None:
            keys.append((operation.body, "validation"))
        keys.extend((model, "serialization") for model in operation.answers.values() if model is not None)
    return list(dict.fromkeys(keys))


def _operation(operation: Operation, references: _References) -> dict[str, Any]:
    value: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [*_path_parameters(operation), *_header_parameters(operation), *_query_parameters(operation)],
        "responses": _responses(operation, references),
    }
    if operation.permission is not None:
        value["security"] = [{"token": []}]
        value["description"] = f"Needs a token whose role has `{operation.permission.value}`."
    if operation.body is not None:
        schema = references[(operation.body, "validation")]
        value["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    if operation.raw:
        value["requestBody"] = {"required": True, "content": {media_type: {} for media_type in operation.raw}}
    return value


def _responses(operation: Operation, references: _References) -> dict[str, Any]:
    responses: dict[str, Any] = {}
    for status, model in operation.answers.items():
        schema = references[(model, "serialization")] if model is not None else {}
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": {
                media_type: {"schema": schema} if schema and media_type.endswith("json") else {}
                for media_type in operation.answer_types
            },
        }
        links = _links(operation, status)
        if links:
            responses[str(status)]["links"] = links
        if status in operation.located:
            responses[str(status)]["headers"] = {"Location": {"schema": {"type": "string"}}}
    for status in operation.bare:
        responses[str(status)] = {"description": HTTPStatus(status).phrase}
    problem = references[(Problem, "serialization")]
    guarded = (401, 403, 429, 503) if operation.permission is not None else ()
    for status in sorted({*operation.problems, *guarded, 500}):
        responses.setdefault(
            str(status),
            {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {"schema": problem}}},
        )
    return dict(sorted(responses.items()))


def _links(operation: Operation, status: int) -> dict[str, Any]:
    if status not in (200, 201):
        return {}
    return {
        name: {"operationId": name, "parameters": parameters}
        for name, parameters in _LINKS.get(operation.name, {}).items()
    }


def _path_parameters(operation: Operation) -> list[dict[str, Any]]:
    names = re.findall(r"{(\w+)}", operation.path)
    return [{"name": name, "in": "path", "required": True, "schema": _PATH_FIELDS[name]} for name in names]


def _header_parameters(operation: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "header", "required": True, "description": _HEADERS[name][0], "schema": _HEADERS[name][1]}
        for name in operation.headers
    ]


def _query_parameters(operation: Operation) -> list[dict[str, Any]]:
    if operation.query is None:
        return []
    schema = operation.query.model_json_schema(ref_template=_REF)
    definitions = schema.get("$defs", {})
    return [
        {"name": name, "in": "query", "required": False, "schema": _inlined(_no_null(field), definitions)}
        for name, field in schema["properties"].items()
    ]


def _no_null(field: dict[str, Any]) -> dict[str, Any]:
    """A query field is there or not; it is never the JSON null that its Python default stands for."""
    kept = {name: value for name, value in field.items() if name not in ("anyOf", "default", "title")}
    for option in field.get("anyOf", []):
        if option != {"type": "null"}:
            kept.update(option)
    if field.get("default") is not None:
        kept["default"] = field["default"]
    return kept


def _inlined(field: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    reference = field.get("$ref")
    if reference is None:
        return field
    rest = {name: value for name, value in field.items() if name != "$ref"}
    return {**definitions[reference.rsplit("/", 1)[1]], **rest}
