"""Whether a model's folder can serve callers who speak Chinese over a telephone, told from its files in well under a
second and before a worker is started: the files are whole, the vocabulary is Chinese, and the rate can be had.

Language. A Vosk model and a sherpa-onnx model list the words they can write, so everyday Chinese words are looked for
there; a byte-level vocabulary (`bbpe.model`) shows no characters and is taken on trust. Whisper models differ only in
whether they know more than English, which the size of the vocabulary tells (`Whisper::is_multilingual`, CTranslate2 4).

Rate. Nearly every open model wants 16,000 Hz where a telephone has 8,000. That is no reason to refuse one: Kaldi
raises the rate itself where `conf/mfcc.conf` allows it, everything else gets audio from our own resampler. It is said,
because a model made for the telephone hears better than one whose upper half of the spectrum stays empty.
"""

import json
import mmap
import re
from pathlib import Path
from typing import Final

from speech.engines import sherpa, vosk, whisper
from speech.engines.choice import EngineChoice
from speech.errors import ModelError
from speech.frames import RATE
from speech.models import MODELS, state_of

__all__ = ["inspect"]

_EVERYDAY: Final = ("我", "你", "的")
"""No Chinese vocabulary lacks one of them, and no Japanese or Korean one has all three."""

_ENGLISH_ONLY: Final = 51_864
"""Entries of a Whisper vocabulary that knows English only; one with more knows Chinese, one with fewer broke off."""

_WORDS_IN_GRAPH: Final = ("Gr.fst", "HCLG.fst")


def inspect(choice: EngineChoice) -> str:
    """How audio reaches the model's rate, in one sentence; empty for an engine whose model is elsewhere.

    Raises `ModelError`, one message for each thing that can be wrong: missing, truncated, of another language.
    """
    if choice.model is None:
        return ""
    folder = choice.model
    _whole(folder)
    match choice.name:
        case "vosk":
            vosk.check_folder(folder)
            _speaks(_vosk_speaks_chinese(folder), folder, "Vosk")
            return _vosk_rate(folder)
        case "sherpa-onnx":
            sherpa.check_folder(folder)
            _speaks(_sherpa_speaks_chinese(folder), folder, "sherpa-onnx")
        case _:
            whisper.check_folder(folder)
            _speaks(_whisper_vocabulary(folder) > _ENGLISH_ONLY, folder, "Whisper")
    return f"it works at 16000 Hz: telephone audio is resampled from {RATE} Hz, its upper half stays empty"


def _whole(folder: Path) -> None:
    """Models that this project knows have known sizes; a copy that broke off is named before it crashes a worker."""
    if not folder.is_dir():
        raise ModelError(f"no recognition model in {folder}; run `hotline models fetch {folder.name}`")
    known = MODELS.get(folder.name)
    if known is None:
        return
    state = state_of(known, folder.parent, hashes=False)
    if not state.usable:
        raise ModelError(f"the model {folder.name} is not whole: {state.detail}")


def _speaks(chinese: bool, folder: Path, kind: str) -> None:
    if not chinese:
        raise ModelError(
            f"the {kind} model in {folder} is not for Chinese: everyday words ({'、'.join(_EVERYDAY)}) are not in its "
            "vocabulary; put a Chinese model there, or run `hotline models fetch`"
        )


def _vosk_speaks_chinese(folder: Path) -> bool:
    """From `words.txt`, or, in small models, from the table of words that OpenFst keeps inside the graph: for each
    word its length in four bytes, the word, its number."""
    listed = folder / "graph" / "words.txt"
    if listed.is_file():
        return _lists(listed)
    graph = next((path for name in _WORDS_IN_GRAPH if (path := folder / "graph" / name).is_file()), None)
    if graph is None or graph.stat().st_size == 0:
        raise ModelError(
            f"Vosk model in {folder}: graph/words.txt and graph/Gr.fst are missing; fetch the model again with "
            f"`hotline models fetch {folder.name}` or unpack a Vosk model there"
        )
    with graph.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        entries = [word.encode() for word in _EVERYDAY]
        return all(view.find(len(entry).to_bytes(4, "little") + entry) >= 0 for entry in entries)


def _sherpa_speaks_chinese(folder: Path) -> bool:
    return (folder / "bbpe.model").is_file() or _lists(folder / "tokens.txt")


def _lists(words: Path) -> bool:
    """Whether the first column has every everyday word, with or without the mark of a word's beginning."""
    text = words.read_text(encoding="utf-8", errors="replace")
    return all(re.search(rf"^▁?{word}[ \t]", text, re.MULTILINE) for word in _EVERYDAY)


def _whisper_vocabulary(folder: Path) -> int:
    """Entries of a vocabulary that is whole."""
    mend = f"fetch the model again with `hotline models fetch {folder.name}`"
    try:
        json.loads((folder / "tokenizer.json").read_bytes())
    except ValueError as exc:
        raise ModelError(f"Whisper model in {folder}: tokenizer.json is not JSON or broke off; {mend}") from exc
    with (folder / "vocabulary.txt").open("rb") as file:
        entries = sum(1 for _ in file)
    if entries < _ENGLISH_ONLY:
        raise ModelError(f"Whisper model in {folder}: vocabulary.txt broke off after {entries} entries; {mend}")
    return entries


def _vosk_rate(folder: Path) -> str:
    rate, raises = vosk.model_rates(folder)
    if rate == RATE:
        return f"it is made for the telephone's {RATE} Hz"
    who = "Kaldi raises the rate" if raises and rate > RATE else "telephone audio is resampled"
    return f"it works at {rate} Hz: {who} from {RATE} Hz, its upper half stays empty"
