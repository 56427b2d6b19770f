"""The shipped configuration: every hardening value, and that dialplan and application mean the same names."""

import re
from pathlib import Path

import pytest

from hotline.asterisk.settings import AsteriskSettings
from ivr import names
from tests.e2e.asterisk_fixture import PROMPTS

CONF = Path(__file__).resolve().parents[2] / "asterisk/conf"
FORBIDDEN_MODULES = (
    "app_system", "func_shell", "func_curl", "func_env", "app_originate", "app_disa", "pbx_dundi", "chan_iax2",
    "res_xmpp", "res_phoneprov", "res_http_", "res_ari", "pbx_spool", "res_pjsip_refer", "res_pjsip_messaging",
    "res_pjsip_endpoint_identifier_anonymous", "res_clioriginate", "func_realtime", "app_externalivr",
)  # fmt: skip
FORBIDDEN_APPLICATIONS = ("System", "TrySystem", "Originate", "DISA", "Macro", "ExternalIVR", "SHELL", "CURL", "ENV")


def sections(name: str) -> dict[str, dict[str, str]]:
    """A file's sections with their values; a repeated section is merged, comments and includes are left out."""
    found: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    for raw in (CONF / name).read_text("utf-8").splitlines():
        line = raw.split(";", 1)[0].strip()
        if line.startswith("["):
            current = found.setdefault(line[1 : line.index("]")], {})
        elif "=" in line:
            key, value = re.split(r"\s*=>?\s*", line, maxsplit=1)
            current[key] = value
    return found


def dialplan() -> str:
    """extensions.conf without its comments."""
    lines = (CONF / "extensions.conf").read_text("utf-8").splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith(";"))


def all_files() -> list[Path]:
    return sorted(path for path in CONF.rglob("*") if path.is_file())


def test_asterisk_conf_holds_the_hardening_values() -> None:
    options = sections("asterisk.conf")["options"]
    assert options["live_dangerously"] == "no"
    assert options["disable_remote_console_shell"] == "yes"
    assert options["runuser"] == options["rungroup"] == "asterisk"
    assert 0 < int(options["maxcalls"]) <= 1000
    assert float(options["maxload"]) > 0
    assert options["transmit_silence"] == "yes"


def test_only_named_modules_load_and_dangerous_ones_are_not_among_them() -> None:
    text = (CONF / "modules.conf").read_text("utf-8")
    modules = re.findall(r"(?m)^load\s*=\s*(\S+)\.so$", text)
    assert sections("modules.conf")["modules"]["autoload"] == "no"
    assert len(modules) == len(set(modules)) < 70
    assert not [module for module in modules for bad in FORBIDDEN_MODULES if module.startswith(bad)]


@pytest.mark.fault("F32")
def test_the_manager_listens_on_loopback_only_and_grants_little() -> None:
    general = sections("manager.conf")["general"]
    assert general["bindaddr"] == "127.0.0.1"
    assert general["webenabled"] == "no"
    assert general["authtimeout"] == general["authlimit"] == "5"
    assert general["allowmultiplelogin"] == "no"
    assert sections("http.conf")["general"]["enabled"] == "no"


def test_the_wildcard_address_appears_only_where_it_denies() -> None:
    lines = [line for path in all_files() for line in path.read_text("utf-8").splitlines() if "0.0.0.0" in line]  # noqa: S104 - looked for
    assert lines
    assert all(re.match(r";?deny = 0\.0\.0\.0/0\.0\.0\.0$", line) for line in lines)


@pytest.mark.fault("F40")
def test_endpoints_refuse_transfers_subscriptions_and_foreign_identities() -> None:
    pjsip = sections("pjsip.conf")
    common = pjsip["endpoint-common"]
    assert common["allow"] == "!all,alaw,ulaw"
    assert common["dtmf_mode"] == "rfc4733"
    for key in ("direct_media", "allow_transfer", "allow_subscribe", "trust_id_inbound", "allow_overlap"):
        assert common[key] == "no"
    assert common["rtp_timeout"] == "30"
    assert common["language"] == "zh"
    assert "anonymous" not in pjsip["global"]["endpoint_identifier_order"]
    assert not [name for name in pjsip if "anonymous" in name]


def test_phones_and_trunks_reach_only_their_own_contexts() -> None:
    pjsip = sections("pjsip.conf")
    assert pjsip["endpoint-softphone"]["context"] == "hotline-softphones"
    assert pjsip["endpoint-agent"]["context"] == "hotline-operators"
    assert pjsip["endpoint-trunk"]["context"] == "hotline-nowhere"
    assert pjsip["caller"]["context"] == names.CONTEXT_INCOMING
    assert pjsip["caller"]["identify_by"] == "auth_username"


def test_secrets_are_nowhere_in_the_shipped_files() -> None:
    pattern = re.compile(r"^(?!\s*;)\s*(?:secret|password)\s*=", re.MULTILINE)
    assert not [path.name for path in all_files() if pattern.search(path.read_text("utf-8"))]


def test_nothing_can_run_a_command_or_dial_what_a_caller_typed() -> None:
    text = dialplan()
    assert not [name for name in FORBIDDEN_APPLICATIONS if re.search(rf"\b{name}\(", text)]
    assert not re.search(r"exten => _[.!]|exten => _X[.!]", text)
    assert "AGIEXECFULL" not in text
    dials = re.findall(r"\bDial\(([^,]+),", text)
    assert set(dials) == {"${HOTLINE_TRUNK}", "${HOTLINE_SPECIAL}"}
    assert not re.search(r"#exec", "".join(path.read_text("utf-8") for path in all_files()))


@pytest.mark.fault("F30")
def test_the_first_step_of_every_number_filters_the_caller_number() -> None:
    wanted = "Set(CALLERID(num)=${FILTER(0-9+,${CALLERID(num)})})"
    numbers = (CONF / "hotline.d/numbers.conf").read_text("utf-8")
    incoming = dialplan().split("[hotline-incoming]")[1].split("[hotline-dialog]")[0]
    first_steps = re.findall(r"exten => (\w+),1,(.*)", incoming + numbers)
    assert {number for number, _ in first_steps} == {"12345", *AsteriskSettings().merged_numbers}
    assert all(step == wanted for _, step in first_steps)


@pytest.mark.fault("F30")
def test_the_steps_before_the_application_come_in_the_safe_order() -> None:
    text = dialplan()
    order = [
        "CALLERID(num)=", "CALLERID(name)=", "CALLERID(ANI-num)=", "CALLERID(dnid)=", "CALLERID(rdnis)=",
        "hangup_handler_push", "Answer()", "MixMonitor", "HOTLINE_DONE=0", "AGIEXITONHANGUP=yes", "AGISIGHUP=yes",
        "TIMEOUT(absolute)=${HOTLINE_DEADMAN}", "AGI(agi://${HOTLINE_AGI}/hotline/${HOTLINE_CALL})",
        "TIMEOUT(absolute)=0", '"${HOTLINE_DONE}" != "1"',
    ]  # fmt: skip
    position = text.index("[hotline-incoming]")
    for step in order:
        position = text.index(step, position)


def test_every_action_of_the_application_has_a_context_of_its_own() -> None:
    text = dialplan()
    for action in names.Action:
        assert f"[hotline-{action}]" in text
        if action is not names.Action.FALLBACK:
            assert f'"${{HOTLINE_ACTION}}" = "{action}"]?hotline-{action},s,1' in text


def test_the_contexts_and_variables_the_application_knows_are_in_the_dialplan() -> None:
    text = dialplan()
    constants = {key: value for key, value in vars(names).items() if key.startswith(("VAR_", "CONTEXT_"))}
    for key, value in constants.items():
        if key.startswith("CONTEXT_"):
            assert f"[{value}]" in text, key
        elif key != "VAR_NOTE":  # read by the fallback script, not by the dialplan
            assert value in text, key


def test_every_goto_and_gosub_leads_to_a_context_that_exists() -> None:
    text = dialplan()
    contexts = set(re.findall(r"(?m)^\[([\w-]+)\]", text))
    targets = set(re.findall(r"\b((?:hotline|sub-hotline)-[a-z0-9-]+),\w+,\w+", text))
    assert targets <= contexts
    assert {"hotline-hangup", "hotline-nowhere", "hotline-softphones", "hotline-operators"} <= contexts


def test_every_prompt_of_the_dialplan_is_known() -> None:
    played = set(re.findall(r"(?:Playback|Background)\(hotline/([\w-]+)\)", dialplan()))
    assert played <= set(PROMPTS)


def test_hold_classes_of_the_dialplan_exist() -> None:
    classes = sections("hotline.d/hold-classes.conf")
    used = {"hold-110", "hold-119", "hold-120", "hold-122", "hold-retry", "hold-special", "hold-operator"}
    assert used <= set(classes)


def test_no_log_holds_dialplan_steps_or_caller_numbers() -> None:
    logs = sections("logger.conf")["logfiles"]
    assert not [name for name, levels in logs.items() if "verbose" in levels or "debug" in levels]
    records = (CONF / "cdr_custom.conf").read_text("utf-8") + (CONF / "cel_custom.conf").read_text("utf-8")
    assert not re.search(r"(?im)^[^;]*=>.*(clid|src\)|callerid|\bani\b)", records)


def test_the_star_takes_a_call_back_and_no_other_feature_code_exists() -> None:
    features = sections("features.conf")
    assert features["featuremap"] == {"disconnect": "*"}


def test_the_emergency_room_keeps_the_others_when_one_leaves() -> None:
    rooms = sections("confbridge.conf")
    assert rooms["hotline-caller"]["end_marked"] == "yes"
    assert rooms["hotline-service"]["marked"] == rooms["hotline-operator"]["marked"] == "yes"
    assert "end_marked" not in rooms["hotline-service"]
    assert "end_marked" not in rooms["hotline-operator"]
    assert rooms["hotline-operator"]["admin"] == "yes"
    assert all(
        rooms[name]["quiet"] == "yes"
        for name in rooms
        if name.startswith(("hotline-c", "hotline-s"))
        if rooms[name].get("type") == "user"
    )
