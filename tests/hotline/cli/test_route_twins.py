import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from hotline.cli import route_twins
from hotline.cli.common import Context
from hotline.errors import HotlineError, WrongUse
from hotline.twins import listening
from speech import engines
from tests.fakes.ears import open_backwards

INPUT = "situation,text\nfire,楼下着火了\ngas,屋里有煤气味\nfall,人摔下来了\n"


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    app = typer.Typer()
    app.callback()(lambda: None)
    route_twins.add_to(app)
    choice = engines.EngineChoice("whisper", Path("none"), "a test needs none")
    monkeypatch.setattr(engines, "choose", lambda *_: choice)
    monkeypatch.setattr(listening, "ListenerSpec", lambda *_: open_backwards)
    return app


def run(command: typer.Typer, *words: str) -> dict[str, int]:
    result = CliRunner().invoke(command, ["twins", *words], obj=Context(None), catch_exceptions=False)
    assert result.exit_code == 0
    figures: dict[str, int] = json.loads(result.stdout)
    return figures


def test_sentences_get_their_twins_in_two_runs(command: typer.Typer, tmp_path: Path) -> None:
    given, out = tmp_path / "in.csv", tmp_path / "out.csv"
    given.write_text(INPUT, encoding="utf-8")
    assert run(command, str(given), "--out", str(out), "--limit", "2") == {
        "sentences": 3,
        "before": 0,
        "added": 2,
        "unchanged": 0,
    }
    assert run(command, str(given), "--out", str(out), "--resume")["before"] == 2
    assert out.read_text(encoding="utf-8").splitlines()[1:] == [
        "fire,楼下着火了,了火着下楼",
        "gas,屋里有煤气味,味气煤有里屋",
        "fall,人摔下来了,了来下摔人",
    ]


def test_a_voice_that_is_none_is_wrong_use(command: typer.Typer, tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="--voices takes"):
        run(command, "in.csv", "--out", "out.csv", "--voices", "jf_alpha,nobody")


def test_what_was_heard_before_a_process_died_is_kept(command: typer.Typer, tmp_path: Path) -> None:
    given, out = tmp_path / "in.csv", tmp_path / "out.csv"
    given.write_text("text\n着火了\n崩了\n", encoding="utf-8")
    with pytest.raises(HotlineError, match="died on the sentence"):
        run(command, str(given), "--out", str(out))
    assert out.read_text(encoding="utf-8") == "text,heard\n着火了,了火着\n"


def test_several_takes_are_numbered_and_a_cut_run_makes_up_the_missing_ones(
    command: typer.Typer, tmp_path: Path
) -> None:
    given, out = tmp_path / "in.csv", tmp_path / "out.csv"
    given.write_text("text\n着火了\n漏气了\n", encoding="utf-8")
    run(command, str(given), "--out", str(out), "--takes", "2", "--limit", "3")
    figures = run(command, str(given), "--out", str(out), "--takes", "2", "--resume")
    assert figures == {"sentences": 4, "before": 3, "added": 1, "unchanged": 0}
    assert out.read_text(encoding="utf-8").splitlines() == [
        "text,take,heard",
        "着火了,1,了火着",
        "着火了,2,了火着",
        "漏气了,1,了气漏",
        "漏气了,2,了气漏",
    ]


def test_every_voice_and_takes_exclude_each_other(command: typer.Typer) -> None:
    with pytest.raises(WrongUse, match="do not go together"):
        run(command, "in.csv", "--out", "out.csv", "--takes", "2", "--every-voice")
