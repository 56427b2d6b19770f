import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from hotline.cli import route_twins
from hotline.cli.common import Context
from hotline.errors import HotlineError, WrongUse
from hotline.twins import listening
from ivr import domain_terms
from routing.router import Router
from speech import engines
from speech.text.correction import Corrector
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


@pytest.fixture
def small_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Router, "load", lambda **_: None)
    monkeypatch.setattr(domain_terms, "domain_terms", lambda _: ["医保报销"])
    monkeypatch.setattr(domain_terms, "domain_corrector", lambda _: Corrector(["医保报销"]))


def corrected(command: typer.Typer, *words: str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(command, ["correction", *words], obj=Context(None), catch_exceptions=False)
    assert result.exit_code == 0
    decoder = json.JSONDecoder()
    found, at = [], 0
    while at < len(result.stdout.rstrip()):
        value, at = decoder.raw_decode(result.stdout, at)
        found.append(value)
        at += 1
    return found


@pytest.mark.usefixtures("small_domain")
def test_correction_prints_figures_for_each_value_of_a_column_and_the_changes(
    command: typer.Typer, tmp_path: Path
) -> None:
    file = tmp_path / "heard.csv"
    file.write_text(
        "text,terms,voice,heard,others\n我想问医保报销,医保报销,a,我想问以保暴消,\n你好,,b,你好,泥好\n",
        encoding="utf-8",
    )
    change, figures = corrected(command, str(file), "--by", "voice", "--changes")
    assert change["changes"] == [{"before": "以保暴消", "after": "医保报销", "score": 1.0, "at": 3}]
    assert figures["all"]["terms_wrong"] == {"before": 1, "after": 0}
    assert figures["voice"]["b"]["texts_changed"] == 0


@pytest.mark.usefixtures("small_domain")
def test_terms_are_found_in_the_text_where_the_file_does_not_name_them(command: typer.Typer, tmp_path: Path) -> None:
    file = tmp_path / "heard.csv"
    file.write_text("text,heard\n我想问医保报销,我想问以保暴消\n", encoding="utf-8")
    (figures,) = corrected(command, str(file))
    assert figures["all"]["terms"] == 1


def test_a_file_without_recognised_texts_is_wrong_use(command: typer.Typer, tmp_path: Path) -> None:
    file = tmp_path / "in.csv"
    file.write_text("text\n你好\n", encoding="utf-8")
    with pytest.raises(WrongUse, match="there is no heard"):
        corrected(command, str(file))
    with pytest.raises(WrongUse, match="expected a UTF-8 CSV"):
        corrected(command, str(tmp_path / "none.csv"))


def test_confusions_are_counted_as_the_corrector_reads_them(command: typer.Typer, tmp_path: Path) -> None:
    file, out = tmp_path / "heard.csv", tmp_path / "confusions.csv"
    file.write_text("text,part,heard\n家里停水了,a,家里听水了\n新买的车,b,新卖的车\n", encoding="utf-8")
    result = CliRunner().invoke(command, ["confusions", str(file), "--out", str(out), "--only", "part=a"])
    assert json.loads(result.stdout) == {"texts": 1, "kinds": 9, "syllables": 5}
    assert "initial,t,t,1" in out.read_text(encoding="utf-8").splitlines()
