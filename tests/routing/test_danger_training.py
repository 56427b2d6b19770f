"""Whole situations are left out when the danger model is measured, and the data keep their size and shape."""

import csv
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from routing.danger_model import DANGER, GRAVITIES, HARMLESS, POSSIBLE, DangerModel
from routing.danger_samples import harmless_exemplars, learnt, make_samples, read_sentences
from routing.danger_training import Outcome, fit_danger, measure, thresholds
from routing.decision import EmergencyLevel
from routing.emergency import EmergencyDetector, courteous
from routing.errors import DataError
from routing.lexicon import SERVICES, Lexicon
from routing.router import DATA_DIR, MODEL_DIR
from routing.tables import sections
from routing.taxonomy import Taxonomy

HELDOUT = Path(__file__).parent / "heldout"


def outcome(gravity: str, any_: float, sure: float, evidence: int = 1) -> Outcome:
    service = "" if gravity == HARMLESS else "110"
    return Outcome(gravity, f"s-{gravity}", any_, sure, False, False, evidence, service, service, courteous("话"))


def copy_of(source: Path, target: Path) -> None:
    for path in source.rglob("*"):
        if path.is_file():
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())


def sentences(pattern: str) -> Iterator[tuple[str, str]]:
    for path in (DATA_DIR / "danger").glob(pattern):
        for _, heading, lines in sections(path, []):
            yield from ((heading.split()[0].rstrip("-0123456789"), line) for line in lines)


def test_no_emergency_is_also_called_harmless() -> None:
    danger = {line for _, line in sentences("emergencies*.txt")}
    harmless = {line for pattern in ("traps*.txt", "harmless*.txt") for _, line in sentences(pattern)}
    assert not danger & harmless


def test_there_are_thousands_of_sentences_over_hundreds_of_situations() -> None:
    danger = list(sentences("emergencies*.txt"))
    harmless = [*sentences("harmless*.txt"), *sentences("traps*.txt")]
    assert len({line for _, line in danger}) >= 3000
    assert len({situation for situation, _ in danger}) >= 200
    assert len({line for _, line in sentences("possible*.txt")}) >= 400
    assert len({line for _, line in harmless}) >= 5000


def test_half_of_the_harmless_sentences_carry_words_of_danger_or_its_signs() -> None:
    table = tomllib.loads((DATA_DIR / "danger" / "lexicon.toml").read_text(encoding="utf-8"))["class"]
    signs = {"kill", "sharp", "strike", "drop", "sight", "watery", "substance", "current", "beast", "silent", "sign"}
    signs |= {"unable", "hide", "noise"}
    words = {
        word
        for name, entry in table.items()
        if entry["role"] == "danger" or name in signs
        for word in (*entry.get("words", ()), *entry.get("heard", ()))
    }
    harmless = [line for pattern in ("harmless*.txt", "traps*.txt") for _, line in sentences(pattern)]
    assert sum(any(word in line for word in words) for line in harmless) >= len(harmless) / 2


def test_no_training_sentence_is_in_a_held_out_set() -> None:
    held_out = {
        row["text"]
        for path in HELDOUT.rglob("*.csv")
        for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())
        if "text" in row
    }
    written = {
        line
        for pattern in ("emergencies*.txt", "possible*.txt", "harmless*.txt")
        for _, line in sentences(pattern)
        if len(line) > 8
    }
    assert not written & held_out


def test_twins_follow_their_sentence_and_an_unknown_one_is_left_out(tmp_path: Path) -> None:
    copy_of(DATA_DIR, tmp_path)
    for twins in (tmp_path / "danger").glob("twins*.csv"):
        twins.unlink()
    (tmp_path / "danger" / "emergencies-now.txt").write_text(
        "[fire-x 119 fire]\n楼上往外蹿黑烟了快来\n", encoding="utf-8"
    )
    rows = "situation,label,service,text,heard\nfire-x,emergency,119,楼上往外蹿黑烟了快来,楼上往外穿黑烟了快来\n"
    (tmp_path / "danger" / "twins-a.csv").write_text(rows + "x,emergency,119,没有这一句,没有这一句\n", encoding="utf-8")
    read = read_sentences(tmp_path, Taxonomy.load(tmp_path))
    assert [one.heard for one in read if one.situation == "fire-x"] == [("楼上往外穿黑烟了快来",)]
    samples = make_samples(
        [one for one in read if one.situation == "fire-x"], Lexicon.load(tmp_path / "danger" / "lexicon.toml")
    )
    assert [sample.original for sample in samples] == [True] + [False] * (len(samples) - 1)
    assert {sample.situation for sample in samples} == {"fire-x"}
    assert "楼上往外穿黑烟了快来" in {sample.utterance.raw for sample in samples}


def test_an_exemplar_that_is_also_a_danger_is_learnt_as_one_only(tmp_path: Path) -> None:
    copy_of(DATA_DIR, tmp_path)
    taxonomy = Taxonomy.load(tmp_path)
    sparks, other = [text for text in taxonomy.problems["street-light"].exemplars if learnt(text)][:2]
    (tmp_path / "danger" / "possible-x.txt").write_text(f"[sparks-x 119 electric]\n{sparks}\n", encoding="utf-8")
    found = {one.text: one.gravity for one in read_sentences(tmp_path, taxonomy) if one.text in (sparks, other)}
    assert found == {sparks: POSSIBLE, other: HARMLESS}


def test_ordinary_complaints_that_were_not_learnt_rarely_bridge_and_are_seldom_asked_about() -> None:
    detector = EmergencyDetector.load(DATA_DIR, MODEL_DIR)
    grave = {line for pattern in ("emergencies*.txt", "possible*.txt") for _, line in sentences(pattern)}
    problems = Taxonomy.load(DATA_DIR).problems.values()
    unseen = [text for problem in problems for text in harmless_exemplars(problem, grave) if not learnt(text)]
    levels = [detector.check(text).level for text in unseen]
    assert len(unseen) >= 1000
    assert levels.count(EmergencyLevel.CERTAIN) <= len(levels) * 0.01
    assert levels.count(EmergencyLevel.POSSIBLE) <= len(levels) * 0.095


def test_twins_without_their_columns_are_refused_with_the_line(tmp_path: Path) -> None:
    copy_of(DATA_DIR, tmp_path)
    (tmp_path / "danger" / "twins-a.csv").write_text("text,said\n有人,有人\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"twins-a\.csv:2"):
        read_sentences(tmp_path, Taxonomy.load(tmp_path))


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
    copy_of(DATA_DIR, tmp_path)
    broken = tmp_path / "danger" / "emergencies-now.txt"
    broken.write_text("[only-a-name]\n有人\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"emergencies-now\.txt:1"):
        fit_danger(tmp_path, Taxonomy.load(tmp_path))
