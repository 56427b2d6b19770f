"""Settings, secrets, generated files and the rendered folder."""

import json
import stat
import wave
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hotline.asterisk import generate
from hotline.asterisk.render import Assets, Endpoints, Secrets, render
from hotline.asterisk.settings import AsteriskSettings
from hotline.asterisk.tree import AsteriskProgram

SETTINGS = AsteriskSettings(sip_port=24060, ami_port=24038, rtp_start=24100, rtp_end=24300)
ENDPOINTS = Endpoints("127.0.0.1:4573", Path("/srv/recordings"), Path("/srv/spool"))


def a_program(tmp_path: Path) -> AsteriskProgram:
    (tmp_path / "share/documentation").mkdir(parents=True)
    return AsteriskProgram(("/usr/sbin/asterisk",), tmp_path / "modules", tmp_path / "share", "22.10.1", "system")


def rendered(tmp_path: Path) -> Path:
    state = tmp_path / "s"
    secrets = Secrets.load_or_create(state / "secrets.json", SETTINGS)
    endpoints = Endpoints("127.0.0.1:4573", state / "recordings", state / "spool")
    return render(SETTINGS, a_program(tmp_path), state, secrets, endpoints, Assets.find())


@pytest.mark.fault("F96")
@pytest.mark.parametrize(
    "wrong",
    [
        {"bind": "0.0.0.0"},  # noqa: S104 - the very value that must be refused
        {"sip_prot": 5060},
        {"sip_port": 0},
        {"rtp_start": 20000, "rtp_end": 20001},
        {"sip_port": 5038},
        {"trunk_110": "sip:110@127.0.0.1:5070\n[evil]"},
        {"trunk_110": "sip:110@127.0.0.1;x"},
        {"backup_110": "Local/1@x&PJSIP/2"},
        {"operators": ["Operator 1"]},
        {"merged_numbers": ["_X."]},
        {"deadman_seconds": 2},
    ],
)
def test_settings_refuse_what_a_configuration_file_must_not_hold(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        AsteriskSettings.model_validate(wrong)


@given(st.text(max_size=60))
def test_no_text_gets_a_new_line_or_comment_into_a_trunk(text: str) -> None:
    try:
        settings = AsteriskSettings(trunk_110=text)
    except ValidationError:
        return
    assert generate.trunks_conf(settings).count("\n") == generate.trunks_conf(SETTINGS).count("\n")
    assert ";" not in settings.trunk_110


@given(st.text(max_size=60))
def test_no_folder_name_can_break_the_dialplan_globals(text: str) -> None:
    try:
        endpoints = Endpoints("127.0.0.1:1", Path("/" + text), Path("/spool"))
    except ValueError:
        return
    assert generate.globals_conf(SETTINGS, endpoints).count("\n") == generate.globals_conf(SETTINGS, ENDPOINTS).count(
        "\n"
    )


def test_secrets_are_made_once_and_only_the_owner_can_read_them(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    first = Secrets.load_or_create(path, SETTINGS)
    assert Secrets.load_or_create(path, SETTINGS) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(first.accounts) == {"caller", *SETTINGS.testers, *SETTINGS.operators}
    assert len({first.ami, *first.accounts.values()}) == len(first.accounts) + 1
    assert all(len(secret) >= 20 for secret in first.accounts.values())


def test_a_new_account_gets_a_secret_and_the_old_ones_keep_theirs(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    before = Secrets.load_or_create(path, SETTINGS)
    after = Secrets.load_or_create(path, SETTINGS.model_copy(update={"testers": ("tester1", "tester9")}))
    assert after.accounts["tester1"] == before.accounts["tester1"]
    assert "tester9" in after.accounts
    assert "tester2" in json.loads(path.read_text())


def test_the_manager_account_is_confined_to_loopback_and_few_classes() -> None:
    text = generate.manager_user_conf("x" * 24)
    assert "deny = 0.0.0.0/0.0.0.0" in text
    assert "permit = 127.0.0.1/255.255.255.255" in text
    assert "read = call,user,agent,reporting\n" in text
    assert "write = call,originate,reporting\n" in text
    for event in ("Newchannel", "Newstate", "Newexten", "VarSet"):
        assert f"eventfilter(action(exclude),name({event}))" in text


def test_every_generated_file_replaces_a_shipped_one_of_the_same_name(tmp_path: Path) -> None:
    etc = rendered(tmp_path)
    shipped = {path.relative_to(Assets.find().root / "conf") for path in (Assets.find().root / "conf").rglob("*.conf")}
    assert {path.relative_to(etc) for path in etc.rglob("*.conf")} == shipped
    generated = [path for path in etc.rglob("*.conf") if path.read_text().startswith("; Generated")]
    assert len(generated) == 11


def test_a_shipped_default_and_its_generated_counterpart_agree() -> None:
    conf = Assets.find().root / "conf"
    defaults = AsteriskSettings()
    pairs = {
        "pjsip.d/accounts.conf": generate.accounts_conf(defaults),
        "pjsip.d/trunks.conf": generate.trunks_conf(defaults),
        "pjsip.d/transport.conf": generate.transport_conf(defaults),
        "hotline.d/numbers.conf": generate.numbers_conf(defaults),
        "hotline.d/operators.conf": generate.operators_conf(defaults),
        "hotline.d/hold-classes.conf": generate.hold_classes_conf(Path("/var/lib/asterisk/moh")),
    }
    for name, text in pairs.items():
        assert _statements((conf / name).read_text("utf-8")) == _statements(text), name
    own = Endpoints("127.0.0.1:4573", Path("/var/lib/hotline/recordings"), Path("/var/lib/hotline/spool"))
    assert _statements((conf / "hotline.d/globals.conf").read_text("utf-8")) == _statements(
        generate.globals_conf(defaults, own)
    )


def _statements(text: str) -> list[str]:
    lines = (line.split(";", 1)[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


@pytest.mark.fault("F98")
def test_files_with_secrets_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    etc = rendered(tmp_path)
    for name in ("hotline.d/manager-user.conf", "pjsip.d/auth.conf"):
        assert stat.S_IMODE((etc / name).stat().st_mode) == 0o600
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o007 == 0 for path in etc.rglob("*.conf"))


def test_asterisk_writes_below_its_state_folder_only(tmp_path: Path) -> None:
    etc = rendered(tmp_path)
    text = (etc / "asterisk.conf").read_text()
    written = [line.split(" => ")[1] for line in text.splitlines() if " => " in line and not line.startswith("astmod")]
    assert all(path.startswith(str(tmp_path)) for path in written if not path.startswith("/usr/sbin"))
    assert ";runuser" in text
    assert "live_dangerously = no" in text


def test_rendering_again_changes_nothing_and_copies_no_prompt_twice(tmp_path: Path) -> None:
    etc = rendered(tmp_path)
    sounds = sorted((etc.parent / "data/sounds").rglob("*.wav"))
    before = {path: path.stat().st_ino for path in sounds}
    texts = {path: path.read_text() for path in etc.rglob("*.conf")}
    secrets = Secrets.load_or_create(tmp_path / "s/secrets.json", SETTINGS)
    endpoints = Endpoints("127.0.0.1:4573", tmp_path / "s/recordings", tmp_path / "s/spool")
    program = AsteriskProgram(("/usr/sbin/asterisk",), tmp_path / "modules", tmp_path / "share", "22.10.1", "system")
    render(SETTINGS, program, tmp_path / "s", secrets, endpoints, Assets.find())
    assert {path: path.stat().st_ino for path in sounds} == before
    assert {path: path.read_text() for path in etc.rglob("*.conf")} == texts


def test_hold_music_never_pauses_for_three_seconds(tmp_path: Path) -> None:
    etc = rendered(tmp_path)
    for path in (etc.parent / "moh").rglob("*ringback.wav"):
        with wave.open(str(path)) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
            frames = file.readframes(file.getnframes())
        assert _longest_zero_run(frames) / 16000 < 3.0


def _longest_zero_run(frames: bytes) -> int:
    longest = run = 0
    for index in range(0, len(frames), 2):
        run = run + 2 if frames[index : index + 2] == b"\0\0" else 0
        longest = max(longest, run)
    return longest


def test_the_fallback_script_gets_its_libraries(tmp_path: Path) -> None:
    etc = rendered(tmp_path)
    lib = etc.parent / "agi-bin/lib"
    assert (lib / "asterisk/agi.py").is_file()
    assert (lib / "six.py").is_file()


def test_a_state_path_too_long_for_the_control_socket_is_refused(tmp_path: Path) -> None:
    state = tmp_path / ("x" * 90)
    secrets = Secrets("a", {})
    with pytest.raises(ValueError, match="too long for Asterisk's control socket"):
        render(SETTINGS, a_program(tmp_path), state, secrets, ENDPOINTS, Assets.find())
