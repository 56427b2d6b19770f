"""The bench of the ticket service, small: its services start, its load arrives, its report is whole."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hotline.bench.databases import databases
from hotline.errors import HotlineError
from hotline.main import app


@pytest.mark.timeout(120)
def test_the_bench_measures_ours_beside_raw_commits_and_the_naive_service(tmp_path: Path) -> None:
    command = ["bench", "tickets", "--folder", str(tmp_path), "--requests", "100", "--runs", "1", "--connections", "4"]
    result = CliRunner().invoke(app, [*command, "--json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    figures = {figure["name"]: figure for figure in report["figures"]}
    ours = figures["ticket service over HTTP, SQLite FULL"]
    assert ours["value"] > 0
    assert ours["reference"]["name"] == "raw commits, SQLite FULL"
    assert ours["ratio"] == pytest.approx(ours["value"] / ours["reference"]["value"], rel=0.01)
    assert report["machine"]["load_average"]
    assert report["conditions"]["connections"] == 4
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_not_there_is_told_in_one_sentence(tmp_path: Path) -> None:
    server = f"postgresql://nobody@/none?host={tmp_path}"
    with pytest.raises(HotlineError, match="PostgreSQL server could not be used"), databases(server, "raw"):
        pytest.fail("there is no server")
