"""`hotline report`: what is printed, what is written, and what is refused with one message and exit status 2."""

import io
import json
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

from hotline import logs
from hotline.cli.common import Context
from hotline.cli.report import register
from hotline.errors import HotlineError, WrongUse
from tickets.sample import load
from tickets.store.migrate import upgrade


@pytest.fixture
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(logs, "configure", lambda part, level: None)
    url = f"sqlite:///{tmp_path}/tickets.db"
    path = tmp_path / "hotline.toml"
    path.write_text(f'[paths]\nhome = "{tmp_path}"\n[tickets]\ndatabase_url = "{url}"\n')
    return path


@pytest.fixture
def database(configuration: Path) -> Path:
    url = f"sqlite:///{configuration.parent}/tickets.db"
    upgrade(url)
    load(url, tickets=60, units=8, handlers=20)
    return configuration


class Run:
    """The command in this process."""

    def __init__(self, configuration: Path) -> None:
        import typer

        self._app = typer.Typer()
        self._app.callback()(lambda: None)
        register(self._app)
        self._context = Context(configuration)

    def __call__(self, *arguments: str) -> bytes:
        result = CliRunner().invoke(self._app, ["report", *arguments], obj=self._context, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout_bytes


def test_a_report_is_printed_as_a_page_or_as_json(database: Path) -> None:
    run = Run(database)
    assert run("monthly").startswith(b"<!doctype html>")
    assert json.loads(run("ranking", "--json"))["name"] == "ranking"
    value = json.loads(run("topic", "--from", "2026-01-01", "--to", "2026-01-31", "--word", "噪音", "--format", "json"))
    assert (value["from"], value["to"]) == ("2026-01-01", "2026-01-31")
    assert run("daily", "--format", "csv").startswith("\ufeff".encode())


def test_a_report_is_written_in_the_form_that_the_file_name_says(database: Path, tmp_path: Path) -> None:
    out = tmp_path / "month.xlsx"
    assert Run(database)("monthly", "--out", str(out)) == b""
    assert openpyxl.load_workbook(io.BytesIO(out.read_bytes())).sheetnames[0] == "封面"


WRONG = [
    (["nonsense"], "there is no report nonsense"),
    (["daily", "--date", "tomorrow"], "YYYY-MM-DD"),
    (["daily", "--date", "0001-01-01"], "from 2001-01-01"),
    (["daily", "--from", "2026-01-01"], "both from and to"),
    (["daily", "--format", "pdf"], "html, xlsx, csv, json"),
    (["daily", "--out", "report.doc"], "add --format"),
    (["rates", "--by", "colour"], "--by is one of"),
    (["notice"], "unit="),
    (["notice", "--all-units"], "--out FOLDER"),
    (["daily", "--all-units", "--out", "."], "--out FOLDER"),
    (["topic"], "name the topic"),
]


@pytest.mark.requirement("SU-4")
def test_the_notices_of_all_units_are_written_to_a_folder(database: Path, tmp_path: Path) -> None:
    folder = tmp_path / "notices"
    Run(database)("notice", "--all-units", "--date", "2026-10-15", "--out", str(folder))
    ranked = json.loads(Run(database)("rates", "--date", "2026-10-15", "--json"))["sections"][0]["table"]["rows"]
    assert len(list(folder.glob("notice-*-u*.html"))) == len(ranked) - 1


def test_wrong_use_is_told_in_one_message(database: Path) -> None:
    run = Run(database)
    for arguments, words in WRONG:
        with pytest.raises(WrongUse, match=words):
            run(*arguments)


def test_a_missing_database_is_told_in_one_message(configuration: Path) -> None:
    with pytest.raises(HotlineError, match="database"):
        Run(configuration)("daily")


def test_a_file_that_cannot_be_written_is_told_in_one_message(database: Path, tmp_path: Path) -> None:
    with pytest.raises(HotlineError, match="cannot write"):
        Run(database)("daily", "--out", str(tmp_path / "no" / "such" / "folder.html"))
