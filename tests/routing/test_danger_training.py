"""Whole situations are left out when the danger model is measured, and the data keep their size and shape."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from routing.danger_model import DANGER, GRAVITIES, HARMLESS, POSSIBLE, DangerModel
from routing.danger_training import Outcome, fit_danger, measure, thresholds
from routing.emergency import courteous
from routing.errors import DataError
from routing.lexicon import SERVICES
from routing.router import DATA_DIR, MODEL_DIR
from routing.tables import sections
from routing.taxonomy import Taxonomy


def outcome(gravity: str, any_: float, sure: float, evidence: int = 1) -> Outcome:
    service = "" if gravity == HARMLESS else "110"
    return Outcome(gravity, f"s-{gravity}", any_, sure, False, False, evidence, service, service, courteous("话"))


def sentences(pattern: str) -> Iterator[tuple[str, str]]:
    for path in (DATA_DIR / "danger").glob(pattern):
        for _, heading, lines in sections(path, []):
            yield from ((heading.split()[0].rstrip("-0123456789"), line) for line in lines)


def test_no_emergency_is_also_called_harmless() -> None:
    danger = {line for _, line in sentences("emergencies*.txt")}
    harmless = {line for pattern in ("traps*.txt", "harmless*.txt") for _, line in sentences(pattern)}
    assert not danger & harmless


def test_there_are_at_least_two_hundred_situations_of_danger() -> None:
    assert len({situation for situation, _ in sentences("emergencies*.txt")}) >= 200


def test_thresholds_keep_false_certains_and_misses_rare() -> None:
    outcomes = [outcome(HARMLESS, i / 1000, i / 1000) for i in range(1000)]
    outcomes += [outcome(DANGER, 0.5 + i / 2000, 0.5 + i / 2000) for i in range(1000)]
    outcomes.append(outcome(POSSIBLE, 0.6, 0.2))
    chosen = thresholds(outcomes)
    figures = measure(outcomes, chosen)
    assert figures["false_certain"] <= 0.01
    assert figures["recall"] >= 0.95
    assert [row["recall"] for row in figures["curve"]] == sorted((r["recall"] for r in figures["curve"]), reverse=True)


def test_the_shipped_model_carries_its_figures_of_situations_left_out() -> None:
    model = DangerModel.load(MODEL_DIR / "emergency.npz")
    assert (model.gravity.labels, model.service.labels) == (GRAVITIES, SERVICES)
    assert model.notes["cv"]["recall"] >= 0.92
    assert model.notes["cv"]["false_certain"] <= 0.01


def test_a_heading_without_service_is_refused_with_its_line(tmp_path: Path) -> None:
    for path in DATA_DIR.rglob("*"):
        if path.is_file():
            copy = tmp_path / path.relative_to(DATA_DIR)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    broken = tmp_path / "danger" / "emergencies-now.txt"
    broken.write_text("[only-a-name]\n有人\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"emergencies-now\.txt:1"):
        fit_danger(tmp_path, Taxonomy.load(tmp_path))
