"""One value, two spellings: JSON by the specification's "Spark" mapping, and XML without schema or namespace.

A list is an element whose children all have one name; JSON drops the outer name. What XML cannot hold (control
characters) is left out of both, so that the two say the same.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias
from xml.sax.saxutils import escape

Scalar = str | int | float | bool | None
Value: TypeAlias = "Scalar | Mapping[str, Value] | Children"

_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Format(StrEnum):
    JSON = "json"
    XML = "xml"

    @property
    def media_type(self) -> str:
        return "application/json" if self is Format.JSON else "text/xml"


@dataclass(frozen=True, slots=True)
class Children:
    """A list whose XML elements are called `name`."""

    name: str
    items: Sequence[Value]


def render(root: str, value: Value, format_: Format) -> str:
    """The document. `root` names the outermost XML element; JSON has no such name."""
    if format_ is Format.JSON:
        return json.dumps(_json(value), ensure_ascii=False)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{_xml(root, value)}\n'


def _json(value: Value) -> object:
    if isinstance(value, Children):
        return [_json(each) for each in value.items]
    if isinstance(value, Mapping):
        return {name: _json(each) for name, each in value.items()}
    return _clean(value) if isinstance(value, str) else value


def _xml(name: str, value: Value) -> str:
    if value is None:
        return f"<{name}/>"
    if isinstance(value, Children):
        inner = "".join(_xml(value.name, each) for each in value.items)
    elif isinstance(value, Mapping):
        inner = "".join(_xml(each, item) for each, item in value.items())
    elif isinstance(value, bool):
        inner = "true" if value else "false"
    else:
        inner = escape(_clean(str(value)), {'"': "&quot;"})
    return f"<{name}>{inner}</{name}>" if inner else f"<{name}/>"


def _clean(text: str) -> str:
    return _NOT_XML.sub("", text)
