"""The bench of an archive, small: its year is loaded, every list and report is asked for."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hotline.errors import WrongUse
from hotline.main import app


@pytest.mark.timeout(120)
def test_the_bench_loads_a_year_and_asks_for_every_list_and_report(tmp_path: Path) -> None:
    size = ["--tickets", "300", "--units", "20", "--handlers", "40", "--requests", "2", "--runs", "1"]
    result = CliRunner().invoke(app, ["bench", "archive", "--folder", str(tmp_path), *size, "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    figures = {figure["name"]: figure for figure in report["figures"]}
    assert figures["SQLite: newest 50, p95"]["reference"]["name"] == "one ticket by its number"
    assert figures["SQLite: monthly ranking as a workbook (XLSX)"]["value"] > 0
    assert all(figure["value"] > 0 for figure in figures.values())
    assert len(figures) == 1 + 11 + 6
    assert list(tmp_path.iterdir()) == []


def test_fewer_people_than_units_are_refused_before_anything_is_made(tmp_path: Path) -> None:
    command = ["bench", "archive", "--folder", str(tmp_path), "--units", "20", "--handlers", "10"]
    result = CliRunner().invoke(app, command)
    assert isinstance(result.exception, WrongUse)
    assert list(tmp_path.iterdir()) == []
