"""Prompt audio by id, for the live call: an organisation's own recordings first, then those that ship.

Audio is read once and kept. A file in the override folder that Asterisk could not play is passed over with a warning,
so that a bad recording costs its voice, not the prompt. `preload` reads everything ahead, off the event loop, so that
`pcm` never touches the disk during a call.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import structlog

from speech.prompts.catalogue import valid_id
from speech.prompts.wav import WrongFormat, pcm_of

_log = structlog.get_logger()

_BYTES_PER_SECOND: Final = 16_000
_MAX_BYTES: Final = 300 * _BYTES_PER_SECOND


class PromptMissing(Exception):
    """No folder holds a playable file of this id; the call goes on with the next best sound (F97)."""

    def __init__(self, prompt_id: str) -> None:
        super().__init__(f"there is no audio for the prompt {prompt_id!r}; `hotline prompts render` makes it")
        self.prompt_id = prompt_id


class PromptLibrary:
    """Sounds of `sounds_dirs`, the first folder that has one winning."""

    def __init__(self, sounds_dirs: Sequence[Path]) -> None:
        self._dirs = tuple(sounds_dirs)
        self._audio: dict[str, bytes] = {}

    def pcm(self, prompt_id: str) -> bytes:
        """PCM16 little-endian mono 8 kHz. Raises `PromptMissing`."""
        audio = self._audio.get(prompt_id)
        if audio is None:
            audio = self._audio[prompt_id] = self._read(prompt_id)
        return audio

    def seconds(self, prompt_id: str) -> float:
        """Length of the sound. Raises `PromptMissing`."""
        return len(self.pcm(prompt_id)) / _BYTES_PER_SECOND

    def has(self, prompt_id: str) -> bool:
        """Whether there is a playable sound of this id."""
        try:
            self.pcm(prompt_id)
        except PromptMissing:
            return False
        return True

    def preload(self, prompt_ids: Iterable[str]) -> list[str]:
        """Read these sounds now; gives the ids that are missing. Blocks: call it before calls come in."""
        return [prompt_id for prompt_id in prompt_ids if not self.has(prompt_id)]

    def _read(self, prompt_id: str) -> bytes:
        if valid_id(prompt_id):
            for folder in self._dirs:
                path = folder / f"{prompt_id}.wav"
                try:
                    if path.stat().st_size > _MAX_BYTES:
                        raise WrongFormat(f"longer than {_MAX_BYTES // _BYTES_PER_SECOND} s")
                    if audio := pcm_of(path.read_bytes()):
                        return audio
                    raise WrongFormat("no audio in it")
                except FileNotFoundError:
                    continue
                except (OSError, WrongFormat) as exc:
                    _log.warning("prompt_file_passed_over", prompt=prompt_id, folder=folder.name, reason=str(exc))
        raise PromptMissing(prompt_id)
