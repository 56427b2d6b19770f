"""The configuration as a whole: every fault at once, in words that mend it."""

import json
import os
from pathlib import Path

import pytest

from hotline.errors import HotlineError, WrongUse
from hotline.secret_files import asterisk_secrets, control_token
from hotline.settings import Settings, dump, load


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("HOTLINE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOTLINE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "site.toml"
    path.write_text(text)
    return path


def fault_of(path: Path) -> str:
    with pytest.raises(WrongUse) as caught:
        load(path)
    return str(caught.value)


def test_without_any_file_there_is_a_whole_configuration(tmp_path: Path) -> None:
    settings = load()
    assert settings.paths.home == tmp_path / "home"
    assert settings.ivr.agi_port == 4573
    assert settings.tickets.database_url.endswith(f"{tmp_path}/home/state/tickets/tickets.db")


def test_a_file_changes_what_it_names(tmp_path: Path) -> None:
    settings = load(
        written(tmp_path, '[ivr]\nnode = 7\n[ivr.dialogue]\nno_input_seconds = 8\n[speech]\nvad = "energy"\n')
    )
    assert (settings.ivr.node, settings.ivr.dialogue.no_input_seconds, settings.speech.vad) == (7, 8.0, "energy")


def test_hotline_toml_in_the_working_folder_is_found(tmp_path: Path) -> None:
    (tmp_path / "hotline.toml").write_text("[ivr]\nnode = 9\n")
    assert load().ivr.node == 9


def test_a_file_named_by_the_environment_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_CONFIG", str(written(tmp_path, "[ivr]\nnode = 5\n")))
    assert load().ivr.node == 5


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_IVR__NODE", "8")
    monkeypatch.setenv("HOTLINE_IVR__DIALOGUE__CORRECTIONS", "5")
    settings = load(written(tmp_path, "[ivr]\nnode = 7\n"))
    assert (settings.ivr.node, settings.ivr.dialogue.corrections) == (8, 5)


def test_the_command_line_wins_over_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_RUN__STANDINS", "true")
    settings = load(written(tmp_path, "[run]\nstandins = true\n"), {"run": {"standins": False}})
    assert settings.run.standins is False


@pytest.mark.fault("F96")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[ivr]\nagi_prot = 4573\n", "ivr.agi_prot: no such setting; did you mean 'agi_port'?"),
        ("[speach]\nvad = 'auto'\n", "speach: no such setting; did you mean 'speech'?"),
        ("[ivr.dialogue]\nno_inputs_seconds = 3\n", "did you mean 'no_input_seconds'?"),
        ("[ivr]\nzzz = 1\n", "ivr.zzz: no such setting; known here: "),
        ("[ivr]\nnode = 100\n", "ivr.node: Input should be less than or equal to 99, but it is 100"),
        ("[ivr]\nagi_port = 70000\n", "ivr.agi_port: "),
        ("[ivr]\nagi_port = 'many'\n", "ivr.agi_port: "),
        ("[run]\nlog_level = 'loud'\n", "run.log_level: "),
        ("[asterisk]\nbind = '0.0.0.0'\n", "asterisk.bind: "),
        ("[asterisk]\nrtp_start = 10400\nrtp_end = 10400\n", "asterisk: "),
        ("[speech.endpoint]\npause = 3.0\npause_open = 1.0\n", "speech.endpoint: "),
        ("ivr = 5\n", "ivr: "),
    ],
)
def test_a_fault_is_named_by_its_place_with_what_was_expected(tmp_path: Path, text: str, words: str) -> None:
    assert words in fault_of(written(tmp_path, text))


@pytest.mark.fault("F96")
def test_several_faults_are_told_in_one_message(tmp_path: Path) -> None:
    path = written(tmp_path, "[ivr]\nnode = 100\nagi_prot = 1\n[run]\nstop_seconds = -1\n[asterisk]\nsip_port = 0\n")
    message = fault_of(path)
    assert message.splitlines()[0] == f"the configuration in {path} is not right:"
    assert len(message.splitlines()) == 5
    for place in ("ivr.node", "ivr.agi_prot", "run.stop_seconds", "asterisk.sip_port"):
        assert f"  {place}: " in message


@pytest.mark.fault("F96")
def test_a_fault_in_the_environment_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_IVR__NODE", "many")
    with pytest.raises(WrongUse, match=r"configuration in the environment is not right:\n  ivr.node: "):
        load()


@pytest.mark.fault("F96")
@pytest.mark.parametrize("order", [1, -1])
def test_a_section_and_a_value_at_one_place_of_the_environment_is_a_fault(
    monkeypatch: pytest.MonkeyPatch, order: int
) -> None:
    names = ["HOTLINE_IVR__DIALOGUE", "HOTLINE_IVR__DIALOGUE__CORRECTIONS"][::order]
    for name in names:
        monkeypatch.setenv(name, "3")
    with pytest.raises(WrongUse, match=r"(?i)dialogue"):
        load()


@pytest.mark.fault("F96")
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[ivr\nnode = 1", "is not valid TOML: "),
        (b"[ivr]\nnode = \n", "is not valid TOML: "),
        (b"\xff\xfe\x00", "is not valid TOML: "),
        (b"[ivr]\nnode = 1\nnode = 2\n", "is not valid TOML: "),
    ],
)
def test_a_broken_file_is_told_with_its_place(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "site.toml"
    path.write_bytes(content)
    assert f"the configuration file {path} {words}" in fault_of(path)


@pytest.mark.fault("F96")
@pytest.mark.parametrize("content", ["[]", "5", '"x"', "null", "{"])
def test_a_json_file_that_is_no_object_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    monkeypatch.setenv("HOTLINE_IVR__NODE", "8")
    path = tmp_path / "settings.json"
    path.write_text(content)
    fault_of(path)


@pytest.mark.fault("F96")
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    assert f"cannot read the configuration file {tmp_path}/none.toml: No such file" in fault_of(tmp_path / "none.toml")
    assert "cannot read" in fault_of(tmp_path)


def test_what_a_child_process_reads_is_what_the_supervisor_had(tmp_path: Path) -> None:
    settings = load(written(tmp_path, "[ivr]\nnode = 7\n[run]\nstandins = false\n"))
    dump(settings, tmp_path / "run" / "settings.json")
    assert load(tmp_path / "run" / "settings.json") == settings


@pytest.mark.fault("F98")
def test_what_a_child_process_reads_holds_no_secret(tmp_path: Path) -> None:
    settings = load()
    secrets = [control_token(settings), *json.loads(Path(asterisk_json(settings)).read_text()).values()]
    dump(settings, tmp_path / "settings.json")
    text = (tmp_path / "settings.json").read_text()
    assert all(str(secret) not in text for secret in secrets)


def asterisk_json(settings: Settings) -> Path:
    asterisk_secrets(settings)
    return settings.paths.secrets / "asterisk.json"


@pytest.mark.fault("F98")
def test_secrets_are_made_once_and_for_their_owner_only() -> None:
    settings = load()
    token = control_token(settings)
    assert len(token) >= 32
    assert control_token(settings) == token
    path = settings.paths.secrets / "control.token"
    assert path.stat().st_mode & 0o777 == 0o600
    assert asterisk_json(settings).stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.fault("F98")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
@pytest.mark.parametrize("name", ["control.token", "asterisk.json"])
def test_a_secret_that_others_can_read_is_refused_with_the_mend(name: str, mode: int) -> None:
    settings = load()
    control_token(settings)
    asterisk_json(settings)
    path = settings.paths.secrets / name
    path.chmod(mode)
    with pytest.raises(HotlineError, match=f"chmod 600 {path}"):
        control_token(settings) if name == "control.token" else asterisk_secrets(settings)


@pytest.mark.fault("F98")
@pytest.mark.parametrize("content", ["", "short", "\n"])
def test_a_token_too_short_to_be_one_is_refused(content: str) -> None:
    settings = load()
    control_token(settings)
    (settings.paths.secrets / "control.token").write_text(content)
    with pytest.raises(HotlineError, match="at least 16 characters"):
        control_token(settings)
