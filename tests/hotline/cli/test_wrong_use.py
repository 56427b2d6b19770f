"""Wrong use of every command: exit 2, one message that says what to do, nothing started, never a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hotline import logs
from hotline.main import COMMANDS, main


class Command:
    """The `hotline` command in this process; `words` is what it said on standard error."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.words = ""
        self.printed = ""

    def run(self, *arguments: str) -> int:
        self._monkeypatch.setattr(sys, "argv", ["hotline", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        self.printed, self.words = self._capsys.readouterr()
        assert "Traceback" not in self.printed + self.words
        code = ended.value.code
        assert code is None or isinstance(code, int), f"ended with {code!r}"
        return code or 0


@pytest.fixture
def hotline(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    for name in [name for name in os.environ if name.startswith("HOTLINE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOTLINE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(logs, "configure", lambda part, level: None)
    monkeypatch.chdir(tmp_path)
    return Command(monkeypatch, capsys)


WRONG = [
    (["nonsense"], "nonsense"),
    (["--nonsense"], "--nonsense"),
    (["call"], "--say"),
    (["call", "--say", "a", "--silent"], "--say"),
    (["call", "--say", "a", "--wav", "b.wav"], "--say"),
    (["call", "--say", "  "], "--say takes"),
    (["call", "--say", "长" * 401], "--say takes"),
    (["call", "--digits", "9x"], "--digits takes"),
    (["call", "--silent", "--from", "sip:me"], "--from takes"),
    (["call", "--silent", "--seconds", "1"], "--seconds"),
    (["call", "--silent", "--stay", "many"], "--stay"),
    (["call", "--wav", "none.wav"], "none.wav"),
    (["call", "--say", "你好", "--voice", "nobody"], "nobody"),
    (["route"], "--jsonl"),
    (["route", ""], "empty"),
    (["route", "长" * 20_001], "20000"),
    (["route", "--jsonl", "none.jsonl"], "none.jsonl"),
    (["route", "--jsonl", "bad.txt"], "line 1"),
    (["route", "--jsonl", "latin.txt"], "UTF-8"),
    (["route", "train"], "FILE"),
    (["route", "train", "none.csv"], "none.csv"),
    (["route", "train", "bad.txt"], "bad.txt"),
    (["route", "evaluate", "none.csv"], "none.csv"),
    (["route", "evaluate", "bad.txt"], "bad.txt"),
    (["transcribe"], "FILES"),
    (["transcribe", "none.wav"], "none.wav"),
    (["transcribe", "bad.txt", "--engine", "ear"], "ear"),
    (["transcribe", "bad.txt", "--band", "deep"], "deep"),
    (["speech", "nonsense"], "nonsense"),
    (["speech", "evaluate"], "MANIFEST"),
    (["speech", "engines", "more"], "more"),
    (["models", "nonsense"], "nonsense"),
    (["models", "list", "more"], "more"),
    (["models", "fetch", "nonsense"], "nonsense"),
    (["prompts", "nonsense"], "nonsense"),
    (["prompts", "render", "--jobs", "0"], "--jobs"),
    (["prompts", "render", "--voice", "nobody"], "nobody"),
    (["prompts", "list", "more"], "more"),
    (["run", "--bind", "everywhere"], "--bind"),
    (["run", "--bind", "0.0.0.0"], "asterisk.bind"),  # noqa: S104 - refused, which is what is tested
    (["run", "more"], "more"),
    (["fetch", "more"], "more"),
    (["doctor", "more"], "more"),
    (["report"], "NAME"),
    (["bench", "nonsense"], "nonsense"),
    (["db", "nonsense"], "nonsense"),
    (["db", "restore"], "ARCHIVE"),
    (["asterisk", "more"], "more"),
    (["ivr", "more"], "more"),
    (["tickets", "more"], "more"),
    (["standins", "more"], "more"),
    (["speech-worker", "more"], "more"),
]


@pytest.mark.fault("F96")
@pytest.mark.parametrize(
    ("arguments", "word"), WRONG, ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else ""
)
def test_wrong_use_is_told_in_one_message(hotline: Command, tmp_path: Path, arguments: list[str], word: str) -> None:
    (tmp_path / "bad.txt").write_text("neither\nJSON nor a table\n")
    (tmp_path / "latin.txt").write_bytes(b"\xe4\xf6")
    assert hotline.run(*arguments) == 2
    assert word.lower() in hotline.words.lower()
    assert hotline.printed == "", "data only on standard output"
    assert not (tmp_path / "home" / "state").exists(), "nothing was started"


def test_every_command_is_used_wrongly_above() -> None:
    assert {arguments[0] for arguments, _ in WRONG} >= set(COMMANDS)


READS_SETTINGS = [
    *(["run"], ["fetch"], ["call", "--silent"], ["speech", "engines"], ["models", "list"], ["models", "fetch"]),
    *(["doctor"], ["asterisk"], ["ivr"], ["tickets"], ["standins"], ["route", "train", "x.csv"]),
]


@pytest.mark.fault("F96")
@pytest.mark.parametrize("arguments", READS_SETTINGS, ids=" ".join)
def test_a_broken_configuration_starts_nothing(hotline: Command, tmp_path: Path, arguments: list[str]) -> None:
    config = tmp_path / "site.toml"
    config.write_text("[ivr]\nagi_prot = 4573\nnode = 100\n")
    assert hotline.run("--config", str(config), *arguments) == 2
    assert hotline.words == (
        f"hotline: the configuration in {config} is not right:\n"
        "  ivr.node: Input should be less than or equal to 99, but it is 100\n"
        "  ivr.agi_prot: no such setting; did you mean 'agi_port'?\n"
    )
    assert hotline.printed == ""
    assert not (tmp_path / "home").exists(), "nothing was started"


@pytest.mark.fault("F96")
def test_a_configuration_that_is_not_there_is_told(hotline: Command) -> None:
    assert hotline.run("--config", "none.toml", "doctor") == 2
    assert hotline.words == "hotline: cannot read the configuration file none.toml: No such file or directory\n"


@pytest.mark.parametrize(
    "command", [[], *([name] for name in COMMANDS), ["models", "fetch"], ["route", "train"]], ids=" ".join
)
def test_help_is_to_be_had_everywhere(hotline: Command, command: list[str]) -> None:
    assert hotline.run(*command, "--help") == 0
    assert hotline.printed.strip()
    assert hotline.words == ""


def test_help_of_the_whole_names_every_command(hotline: Command) -> None:
    hotline.run("--help")
    assert all(name in hotline.printed for name in COMMANDS)


def test_what_is_missing_is_a_failure_and_no_wrong_use(hotline: Command) -> None:
    assert hotline.run("speech", "engines") == 1
    assert "hotline models fetch" in hotline.words


def test_the_module_answers_as_the_command_does(tmp_path: Path) -> None:
    """Once for real, as a user starts it."""
    done = subprocess.run(
        [sys.executable, "-m", "hotline", "call", "--digits", "x"],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        env={**os.environ, "HOTLINE_HOME": str(tmp_path)},
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "hotline: --digits takes keys 0-9, * and #, not 'x'\n"
