"""`hotline db`: what it prints, what it refuses, and that a whole round of saving and bringing back works."""

import json
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hotline import logs
from hotline.main import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    (tmp_path / "hotline.toml").write_text(f'[paths]\nstate = "{tmp_path}/state"\n', "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(logs, "configure", lambda part, level: None)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["hotline", "db", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        printed, words = capsys.readouterr()
        assert "Traceback" not in printed + words
        assert isinstance(ended.value.code, int | None)
        return ended.value.code or 0, printed, words

    return run


def events_of(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(folder / "state" / "tickets" / "tickets.db")


def test_a_round_of_saving_and_bringing_back(run: Run, tmp_path: Path) -> None:
    code, printed, _ = run("sample", "--tickets", "30", "--units", "12", "--handlers", "20", "--json")
    assert (code, json.loads(printed)["tickets"]) == (0, 30)
    code, printed, _ = run("backup", "saved.tar.gz", "--json")
    assert (code, json.loads(printed)["tables"]["tickets"]) == (0, 30)
    code, _, words = run("restore", "saved.tar.gz")
    assert (code, "--force" in words) == (1, True)
    code, _, words = run("restore", "saved.tar.gz", "--force")
    assert (code, "30 tickets" in words) == (0, True)
    code, printed, _ = run("verify", "--files", "--json")
    verdict = json.loads(printed)
    assert (code, verdict["tickets"], verdict["findings"]) == (0, 30, [])
    code, printed, _ = run("retention", "--json")
    assert (code, set(json.loads(printed.splitlines()[-1]))) == (
        0,
        {"recordings", "documents", "callers", "words", "files", "lines"},
    )


@pytest.mark.fault("F83")
def test_verify_finds_an_event_that_was_changed_by_hand(run: Run, tmp_path: Path) -> None:
    run("sample", "--tickets", "10", "--units", "12", "--handlers", "20")
    with events_of(tmp_path) as database:
        database.execute(
            "UPDATE events SET actor = 'nobody' WHERE seq = 1 AND ticket_id = (SELECT max(id) FROM tickets)"
        )
    database.close()
    code, _, words = run("verify")
    assert code == 1
    assert "1 findings" in words
    assert "event 1 does not fit the chain" in words


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["restore", "nothing.tar.gz"], 1, "there is no archive nothing.tar.gz"),
        (["restore", "hotline.toml"], 1, "is no whole archive"),
        (["backup", "hotline.toml"], 2, "is there already"),
        (["retention", "--hold", "261122010001"], 2, "--reason"),
        (["retention", "--hold", "261122010001", "--reason", "x"], 1, "there is no ticket 261122010001"),
        (["sample", "--units", "50", "--handlers", "20"], 2, "handler for each unit"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_message(run: Run, arguments: list[str], code: int, words: str) -> None:
    run("upgrade")
    got, _, said = run(*arguments)
    assert (got, words in said) == (code, True), said
