import json
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from hotline.cli import prompts as cli
from hotline.cli.common import Context
from hotline.errors import HotlineError, WrongUse
from hotline.layout import shipped_sounds
from speech.prompts.wav import wav_bytes
from speech.voices import audio

PLACES = "id,name,kind,parent,unit,aliases\ntown,新安镇,area,,urban-management,新安\nbridge,石拱桥,landmark,town,,\n"


def command() -> typer.Typer:
    app = typer.Typer()
    cli.register(app)
    return app


def listed(*words: str) -> dict[str, str]:
    result = CliRunner().invoke(
        command(), ["prompts", "list", "--json", *words], obj=Context(None), catch_exceptions=False
    )
    return {entry["id"]: entry["text"] for entry in json.loads(result.stdout)}


def test_places_of_an_organisations_own_file_take_the_place_of_the_shipped_ones(tmp_path: Path) -> None:
    (tmp_path / "places.csv").write_text(PLACES, encoding="utf-8")
    own = listed("--data", str(tmp_path))
    assert {id_: text for id_, text in own.items() if id_.startswith("place/")} == {
        "place/town": "新安镇",
        "place/bridge": "石拱桥",
    }
    shipped = listed()
    assert {id_ for id_ in own if not id_.startswith("place/")} == {
        id_ for id_ in shipped if not id_.startswith("place/")
    }


def test_a_faulty_data_file_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "places.csv").write_text("id,name,kind,parent,unit,aliases\ntown,新安镇,planet,,,\n", encoding="utf-8")
    with pytest.raises(WrongUse, match=r"places\.csv"):
        listed("--data", str(tmp_path))
    with pytest.raises(WrongUse, match="--data takes a folder"):
        listed("--data", str(tmp_path / "none"))


def test_own_recordings_that_no_call_would_play_are_found_by_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(8_000) / 8_000).astype(np.float32)
    good = wav_bytes(audio.pcm16(audio.levelled(tone)))
    (tmp_path / "greeting.wav").write_bytes(good)
    (tmp_path / "greting.wav").write_bytes(good)
    (tmp_path / "goodbye.wav").write_bytes(b"an MP3 by another name")
    (tmp_path / "clarify.wav").write_bytes(wav_bytes(audio.pcm16(tone * 0.001)))
    monkeypatch.setenv("HOTLINE_IVR__PROMPT_OVERRIDES", str(tmp_path))
    result = CliRunner().invoke(
        command(), ["prompts", "check", "--json", "--sounds", str(shipped_sounds())], obj=Context(None)
    )
    assert isinstance(result.exception, HotlineError)
    found = {(each["id"], each["kind"]) for each in json.loads(result.stdout)}
    assert {("greting", "orphan"), ("goodbye", "wrong_format"), ("clarify", "too_quiet")} <= found
    assert "greeting" not in {id_ for id_, _ in found}
