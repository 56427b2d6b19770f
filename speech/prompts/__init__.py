"""Everything the caller hears: the catalogue, its rendering with a voice, its checking, and the audio by id.

In the live path only `PromptLibrary` is used. Rendering and checking are for administrators and need a voice.
"""

from speech.prompts.catalogue import (
    CatalogueError,
    PromptEntry,
    SoundKind,
    dynamic_entries,
    fixed_entries,
    read_catalogue,
)
from speech.prompts.check import Finding, FindingKind, check, check_own
from speech.prompts.library import PromptLibrary, PromptMissing
from speech.prompts.manifest import Manifest, Rendered
from speech.prompts.render import RenderError, RenderReport, render

__all__ = [
    "CatalogueError",
    "Finding",
    "FindingKind",
    "Manifest",
    "PromptEntry",
    "PromptLibrary",
    "PromptMissing",
    "RenderError",
    "RenderReport",
    "Rendered",
    "SoundKind",
    "check",
    "check_own",
    "dynamic_entries",
    "fixed_entries",
    "read_catalogue",
    "render",
]
