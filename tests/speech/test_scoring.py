import pytest

from speech.scoring import ErrorRate, character_errors, total


@pytest.mark.parametrize(
    ("reference", "heard", "errors", "characters"),
    [("设定三十度", "設定30度。", 0, 5), ("垃圾清理", "垃圾", 2, 4), ("你好", "", 2, 2), ("好", "好好好", 2, 1)],
)
def test_errors_are_counted_on_folded_characters(reference: str, heard: str, errors: int, characters: int) -> None:
    assert character_errors(reference, heard) == ErrorRate(1, characters, errors)


def test_a_total_pools_characters() -> None:
    pooled = total([ErrorRate(1, 10, 1), ErrorRate(1, 90, 9)])
    assert pooled.as_json() == {"files": 2, "characters": 100, "errors": 10, "cer": 0.1}
    assert total([]).rate == 0.0
