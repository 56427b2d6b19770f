import json
import shutil
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from hotline.cli import speech as cli
from hotline.cli.common import Context
from hotline.errors import HotlineError
from hotline.layout import shipped_sounds


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    for name in ("ask-place", "record"):
        shutil.copy(shipped_sounds() / f"{name}.wav", tmp_path)
    path = tmp_path / "manifest.csv"
    path.write_text("file,transcript\nask-place.wav,请问\nrecord.wav,请\n", encoding="utf-8")
    return path


def evaluated(*words: str) -> dict[str, object]:
    app = typer.Typer()
    cli.register(app)
    result = CliRunner().invoke(app, ["speech", "evaluate", *words], obj=Context(None), catch_exceptions=False)
    report = json.loads(result.stdout)
    assert isinstance(report, dict)
    return report


def test_the_trade_of_endpointing_needs_no_engine_and_can_be_sampled(manifest: Path) -> None:
    report = evaluated(str(manifest), "--pauses", "--no-words")
    assert (report["recordings"], report["engine"], report["pauses"]) == (2, "", [0.0, 0.3, 0.5, 0.7, 1.0, 1.5])
    rows = report["rows"]
    assert isinstance(rows, list)
    assert rows[0]["pause"] == 1.1
    assert rows[0]["cut_off_upto_1.0"] == 0.0
    assert {row["words"] for row in rows} == {"none"}
    assert evaluated(str(manifest), "--pauses", "--no-words", "--every", "2")["recordings"] == 1


def test_a_manifest_that_is_not_there_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(HotlineError, match="no such file"):
        evaluated(str(tmp_path / "absent.csv"), "--pauses", "--no-words")
