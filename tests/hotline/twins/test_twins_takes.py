from hypothesis import given
from hypothesis import strategies as st

from hotline.twins.takes import MIXED_VOICES, plain_take, take_for, takes_for


@given(st.text(), st.integers())
def test_the_same_sentence_is_always_said_the_same_way(text: str, seed: int) -> None:
    assert take_for(text, MIXED_VOICES, seed) == take_for(text, MIXED_VOICES, seed)


def test_sentences_are_shared_among_the_voices_at_different_paces() -> None:
    takes = [take_for(f"第{number}句", MIXED_VOICES, 0) for number in range(100)]
    assert {take.voice for take in takes} == set(MIXED_VOICES)
    assert len({take.speed for take in takes}) > 50
    assert all(0.9 <= take.speed <= 1.4 and take.snr_db >= 15 for take in takes)


def test_another_seed_gives_another_take() -> None:
    assert take_for("楼下着火了", MIXED_VOICES, 0) != take_for("楼下着火了", MIXED_VOICES, 1)


def test_further_takes_are_the_same_rendering_in_other_noise_and_the_first_is_the_usual_one() -> None:
    takes = takes_for("楼下着火了", MIXED_VOICES, 0, 4)
    assert takes[0] == take_for("楼下着火了", MIXED_VOICES, 0)
    assert len({(take.voice, take.speed) for take in takes}) == 1
    assert len({take.seed for take in takes}) == 4
    assert all(take.stretch != 1.0 and 0.85 < take.stretch < 1.2 for take in takes[1:])


def test_a_plain_take_is_the_voice_itself_in_a_quiet_room() -> None:
    take = plain_take("楼下着火了", "jm_kumo")
    assert (take.voice, take.speed, take.stretch, take.snr_db) == ("jm_kumo", 1.0, 1.0, 30.0)
