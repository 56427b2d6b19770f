"""The prompt catalogue: which sounds exist, what each says and where it is used.

The fixed prompts are data (`speech/data/prompts.toml`). Those that follow from other data (names of categories, units
and places) are handed in by the caller as pairs of id and text. An id is also the file's path without its extension,
so it holds only letters, digits, `_` and `-`, with `/` between folders: no id can leave the sounds folder.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import Any, Final

_ID: Final = re.compile(r"[\w-]+(?:/[\w-]+)*")
_MAX_ID: Final = 120
_FIELDS: Final = {"id", "text", "used", "kind", "pace", "seconds", "hertz", "max_seconds", "tail_seconds", "isolated"}


class CatalogueError(Exception):
    """The catalogue is not well formed; the message names the entry and what is expected."""


class SoundKind(StrEnum):
    """How a sound comes about."""

    SPEECH = "speech"
    TONE = "tone"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class PromptEntry:
    """One sound. `pace` multiplies the voice's speed. `seconds` and `hertz` belong to tones and silence.

    `isolated` marks single words that are joined to others when played (digits): they are made evenly long.
    `tail_seconds` of silence end the file (for loops). `max_seconds` is the longest it may take.
    """

    id: str
    text: str
    used: str = ""
    kind: SoundKind = SoundKind.SPEECH
    pace: float = 1.0
    seconds: float = 0.0
    hertz: float = 0.0
    max_seconds: float | None = None
    tail_seconds: float = 0.0
    isolated: bool = False

    @property
    def text_sha256(self) -> str:
        """Hash of everything that decides how it sounds, the voice aside."""
        recipe = (self.text, self.kind.value, self.pace, self.seconds, self.hertz, self.tail_seconds, self.isolated)
        return hashlib.sha256(repr(recipe).encode()).hexdigest()


def valid_id(prompt_id: str) -> bool:
    """Whether `prompt_id` can be a file's path below the sounds folder."""
    return len(prompt_id) <= _MAX_ID and _ID.fullmatch(prompt_id) is not None


def fixed_entries() -> tuple[PromptEntry, ...]:
    """The prompts that ship with the project."""
    text = resources.files("speech").joinpath("data/prompts.toml").read_text(encoding="utf-8")
    return read_catalogue(text)


def dynamic_entries(pairs: Iterable[tuple[str, str]], used: str = "") -> tuple[PromptEntry, ...]:
    """Entries for names that other data supply, as `(id, text)`."""
    entries = tuple(PromptEntry(prompt_id, text, used) for prompt_id, text in pairs)
    _check_all(entries)
    return entries


def read_catalogue(text: str) -> tuple[PromptEntry, ...]:
    """Parse a TOML catalogue of `[[prompt]]` tables. Raises `CatalogueError`."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise CatalogueError(f"the prompt catalogue is not valid TOML: {exc}") from exc
    tables = document.get("prompt", [])
    if set(document) - {"prompt"} or not isinstance(tables, list):
        raise CatalogueError("the prompt catalogue holds [[prompt]] tables and nothing else")
    entries = tuple(_entry(table) for table in tables)
    _check_all(entries)
    return entries


def _entry(table: dict[str, Any]) -> PromptEntry:
    name = table.get("id", "?")
    if unknown := set(table) - _FIELDS:
        raise CatalogueError(
            f"prompt {name}: unknown key {sorted(unknown)[0]!r}; known are {', '.join(sorted(_FIELDS))}"
        )
    try:
        return PromptEntry(
            id=str(table["id"]),
            text=str(table.get("text", "")),
            used=str(table.get("used", "")),
            kind=SoundKind(table.get("kind", SoundKind.SPEECH)),
            pace=float(table.get("pace", 1.0)),
            seconds=float(table.get("seconds", 0.0)),
            hertz=float(table.get("hertz", 0.0)),
            max_seconds=float(table["max_seconds"]) if "max_seconds" in table else None,
            tail_seconds=float(table.get("tail_seconds", 0.0)),
            isolated=bool(table.get("isolated", False)),
        )
    except (KeyError, TypeError, ValueError) as exc:
        raise CatalogueError(f"prompt {name}: {exc!s} is missing or of the wrong kind") from exc


def _check_all(entries: tuple[PromptEntry, ...]) -> None:
    seen: set[str] = set()
    for entry in entries:
        if not valid_id(entry.id):
            raise CatalogueError(f"prompt id {entry.id!r}: expected letters, digits, - and _, with / between folders")
        if entry.id in seen:
            raise CatalogueError(f"prompt id {entry.id!r} is there twice")
        seen.add(entry.id)
        if entry.kind is SoundKind.SPEECH and not entry.text.strip():
            raise CatalogueError(f"prompt {entry.id}: has no text")
        if entry.kind is not SoundKind.SPEECH and not 0 < entry.seconds <= 60:
            raise CatalogueError(f"prompt {entry.id}: seconds must be above 0 and at most 60, got {entry.seconds:g}")
        if not 0.5 <= entry.pace <= 2.0:
            raise CatalogueError(f"prompt {entry.id}: pace must be from 0.5 to 2, got {entry.pace:g}")
