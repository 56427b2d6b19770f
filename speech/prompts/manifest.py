"""What was rendered: for each sound its recipe's hash, the voice, the file's hash, length and loudness.

The manifest lies beside the audio (`manifest.json`) and is written by replacing it as a whole, so that a rendering
that is cut short leaves a true one.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

MANIFEST_NAME: Final = "manifest.json"
_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Rendered:
    """One file as it was rendered. `lufs` is its integrated loudness (None for silence), `peak_dbfs` its peak."""

    text_sha256: str
    voice: str
    sha256: str
    seconds: float
    lufs: float | None
    peak_dbfs: float | None


@dataclass(frozen=True, slots=True)
class Manifest:
    """The manifest of one sounds folder, by prompt id."""

    entries: dict[str, Rendered]

    @classmethod
    def read(cls, sounds_dir: Path) -> "Manifest":
        """The manifest of a folder; empty when there is none or it cannot be understood (all then counts as stale)."""
        try:
            document = json.loads((sounds_dir / MANIFEST_NAME).read_text(encoding="utf-8"))
            if document["version"] != _VERSION:
                return cls({})
            return cls({str(key): Rendered(**value) for key, value in document["sounds"].items()})
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls({})

    def write(self, sounds_dir: Path) -> None:
        """Replace the folder's manifest."""
        document = {
            "version": _VERSION,
            "format": "WAV, 8000 Hz, mono, signed 16 bit",
            "loudness": "ITU-R BS.1770-4 integrated, LUFS; shorter than 0.4 s: one block over the whole clip",
            "sounds": {key: asdict(self.entries[key]) for key in sorted(self.entries)},
        }
        fresh = sounds_dir / f".{MANIFEST_NAME}.{os.getpid()}"
        fresh.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        fresh.replace(sounds_dir / MANIFEST_NAME)
