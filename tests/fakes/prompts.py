"""Prompts that last one frame, so that a dialogue over a real leg takes no time; each can be told by its sound."""

from speech.prompts import PromptMissing


class FakePrompts:
    """`missing` are ids without audio; `asked` is everything that was to be said, in order."""

    def __init__(self, missing: frozenset[str] = frozenset(), frames: int = 1) -> None:
        self._missing = missing
        self._frames = frames
        self.asked: list[str] = []

    def pcm(self, prompt_id: str) -> bytes:
        self.asked.append(prompt_id)
        if prompt_id in self._missing:
            raise PromptMissing(prompt_id)
        return b"\x01\x02" * (160 * self._frames)
