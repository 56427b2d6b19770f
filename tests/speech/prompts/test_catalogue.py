"""The prompt catalogue: the shipped one, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speech.prompts.catalogue import CatalogueError, SoundKind, dynamic_entries, fixed_entries, read_catalogue, valid_id


def test_the_shipped_catalogue_has_what_the_dialogue_and_the_dialplan_play() -> None:
    ids = {entry.id for entry in fixed_entries()}
    assert {f"digit-{digit}" for digit in range(10)} <= ids
    assert {"greeting", "confirm", "ticket-number", "beep", "silence-1", "fallback-menu"} <= ids
    assert {"emergency", "emergency-119", "emergency-operator", "hold-110/emergency-hold"} <= ids


def test_shipped_texts_hold_no_digits_that_a_voice_would_read_as_it_likes() -> None:
    for entry in fixed_entries():
        assert not any(character.isdigit() and character.isascii() for character in entry.text), entry.id
        assert entry.used


def test_names_from_other_data_become_entries() -> None:
    (entry,) = dynamic_entries([("category/城乡建设", "城乡建设")], "read-back")
    assert entry.kind is SoundKind.SPEECH
    assert entry.used == "read-back"


@pytest.mark.parametrize("prompt_id", ["../x", "/x", "a//b", "a/", "a.b", "", "a b", "a\n", "x" * 121])
def test_ids_that_could_leave_the_folder_or_break_a_path_are_refused(prompt_id: str) -> None:
    assert not valid_id(prompt_id)
    with pytest.raises(CatalogueError, match="prompt id"):
        dynamic_entries([(prompt_id, "文")])


@given(st.text(max_size=30))
def test_no_valid_id_holds_a_dot_or_an_empty_folder(prompt_id: str) -> None:
    if valid_id(prompt_id):
        assert "." not in prompt_id
        assert all(prompt_id.split("/"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[prompt]\n", "not valid TOML"),
        ("[other]\n", r"\[\[prompt\]\] tables and nothing else"),
        ('[[prompt]]\nid = "a"\ntext = "文"\ntxet = "x"\n', "unknown key 'txet'"),
        ('[[prompt]]\ntext = "文"\n', "'id' is missing"),
        ('[[prompt]]\nid = "a"\n', "has no text"),
        ('[[prompt]]\nid = "a"\ntext = "文"\nkind = "song"\n', "prompt a"),
        ('[[prompt]]\nid = "a"\nkind = "tone"\n', "seconds must be above 0"),
        ('[[prompt]]\nid = "a"\ntext = "文"\npace = 9\n', "pace must be"),
        ('[[prompt]]\nid = "a"\ntext = "文"\n[[prompt]]\nid = "a"\ntext = "字"\n', "there twice"),
    ],
)
def test_a_malformed_catalogue_is_refused_with_the_entry_named(text: str, message: str) -> None:
    with pytest.raises(CatalogueError, match=message):
        read_catalogue(text)


def test_the_hash_follows_everything_that_changes_the_sound() -> None:
    plain, faster, other = read_catalogue(
        '[[prompt]]\nid = "a"\ntext = "文"\n'
        '[[prompt]]\nid = "b"\ntext = "文"\npace = 1.1\n'
        '[[prompt]]\nid = "c"\ntext = "字"\n'
    )
    assert len({plain.text_sha256, faster.text_sha256, other.text_sha256}) == 3
    assert plain.text_sha256 == dynamic_entries([("z", "文")])[0].text_sha256
