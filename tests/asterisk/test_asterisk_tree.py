"""Finding and fetching an Asterisk, with stand-in programs on the PATH."""

from pathlib import Path

import pytest

from hotline.asterisk.settings import AsteriskSettings
from hotline.asterisk.tree import TREE_NAME, AsteriskMissing, fetch, locate

SETTINGS = AsteriskSettings()


def a_script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def an_asterisk(prefix: Path, version: str) -> Path:
    (prefix / "lib/asterisk/modules").mkdir(parents=True)
    (prefix / "share/asterisk/documentation").mkdir(parents=True)
    return a_script(prefix / "sbin/asterisk", f"echo 'Asterisk {version}'")


def a_bootstrap(path: Path, *, expired_once: bool = False, fails: bool = False) -> None:
    """A mmdebstrap that packs the least that counts as a tree; the loader ignores its options and says a version."""
    expired = (
        'case "$*" in *Check-Valid-Until*) ;; *) echo "E: Release file for x is expired" >&2; exit 25;; esac'
        if expired_once
        else ""
    )
    failure = 'touch "$archive"; echo "E: no such mirror" >&2; exit 25' if fails else ""
    a_script(
        path / "mmdebstrap",
        f"""for archive; do :; done
target="$archive.d"
{failure}
{expired}
mkdir -p "$target/usr/lib64" "$target/usr/lib/some-arch/asterisk/modules"
mkdir -p "$target/usr/sbin" "$target/usr/share/asterisk"
printf '#!/bin/sh\\necho Asterisk 22.10.1\\n' > "$target/usr/lib64/ld-linux-some.so.2"
chmod 755 "$target/usr/lib64/ld-linux-some.so.2"
touch "$target/usr/sbin/asterisk"
tar -c -f "$archive" -C "$target" . && rm -r "$target"
""",
    )


def test_a_system_asterisk_of_version_20_or_later_is_preferred(tmp_path: Path) -> None:
    binary = an_asterisk(tmp_path / "usr", "20.5.0")
    found = locate(SETTINGS, tmp_path / "home", {"PATH": str(binary.parent)})
    assert found.argv == (str(binary),)
    assert (found.version, found.origin) == ("20.5.0", "system")
    assert found.modules == tmp_path / "usr/lib/asterisk/modules"


def test_an_older_system_asterisk_is_passed_over(tmp_path: Path) -> None:
    binary = an_asterisk(tmp_path / "usr", "18.26.2")
    with pytest.raises(AsteriskMissing, match="no Asterisk >= 20"):
        locate(SETTINGS, tmp_path / "home", {"PATH": str(binary.parent)})


def test_a_configured_binary_that_is_none_is_named_in_the_message(tmp_path: Path) -> None:
    settings = AsteriskSettings(binary=tmp_path / "nothing")
    with pytest.raises(AsteriskMissing, match=r"nothing.*correct asterisk\.binary"):
        locate(settings, tmp_path, {"PATH": ""})


def test_a_fetched_tree_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_bootstrap(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    said: list[str] = []
    fetched = fetch(tmp_path / "home", said.append)
    assert fetched.origin == "tree"
    assert locate(SETTINGS, tmp_path / "home", {"PATH": ""}, system=False) == fetched
    assert [path.name for path in (tmp_path / "home").iterdir()] == [TREE_NAME]
    assert "22.10.1" in said[-1]


def test_an_expired_release_file_is_forgiven_on_a_second_try_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_bootstrap(tmp_path / "bin", expired_once=True)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    said: list[str] = []
    assert fetch(tmp_path / "home", said.append).version == "22.10.1"
    assert [line for line in said if "expired" in line]


def test_a_failed_fetch_leaves_nothing_behind_and_tells_the_tools_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_bootstrap(tmp_path / "bin", fails=True)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    with pytest.raises(AsteriskMissing, match="no such mirror"):
        fetch(tmp_path / "home", lambda _: None)
    assert not list((tmp_path / "home").iterdir())


def test_without_the_fetching_tool_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AsteriskMissing, match="apt install mmdebstrap"):
        fetch(tmp_path / "home", lambda _: None)


def test_half_a_tree_is_refused(tmp_path: Path) -> None:
    (tmp_path / TREE_NAME / "usr/sbin").mkdir(parents=True)
    (tmp_path / TREE_NAME / "usr/sbin/asterisk").touch()
    with pytest.raises(AsteriskMissing, match="no complete Asterisk tree"):
        locate(SETTINGS, tmp_path, {"PATH": ""}, system=False)
