"""The held-out sentences are what they claim to be: enough of them, well formed, and none a twin of another.

They judge the shipped model (`python -m routing.assess tests/routing/heldout`); no test here looks at its verdicts,
because a floor on them would invite tuning to them.
"""

import json
from collections import Counter
from itertools import chain
from pathlib import Path

import pytest

from routing.assess import SERVICES, Example, HeldOut, assess, main, read_held_out
from routing.decision import Category, Decision, Emergency, EmergencyLevel, RequestKind
from routing.errors import DataError
from routing.router import DATA_DIR
from routing.taxonomy import Taxonomy

FOLDER = Path(__file__).parent / "heldout"
TWINS = 0.6


@pytest.fixture(scope="module")
def taxonomy() -> Taxonomy:
    return Taxonomy.load(DATA_DIR)


@pytest.fixture(scope="module")
def held_out(taxonomy: Taxonomy) -> HeldOut:
    return read_held_out(FOLDER, taxonomy)


def bigrams(text: str) -> set[str]:
    said = "".join(filter(str.isalnum, text))
    return {said[start : start + 2] for start in range(len(said) - 1)} or {said}


def test_there_are_enough_sentences_and_situations_to_judge_by(held_out: HeldOut) -> None:
    assert len(held_out.emergencies) >= 420
    assert len({example.group for example in held_out.emergencies}) >= 140
    assert len(held_out.possible) >= 110
    assert len(held_out.traps) >= 620
    assert len(held_out.categories) >= 1200


def test_every_service_and_every_problem_type_is_asked_for(held_out: HeldOut, taxonomy: Taxonomy) -> None:
    assert {example.service for example in held_out.emergencies} == SERVICES
    counts = Counter(example.group for example in held_out.categories)
    assert counts.keys() == taxonomy.problems.keys()
    assert min(counts.values()) >= 15


def test_no_sentence_stands_in_two_places(held_out: HeldOut) -> None:
    sets = (held_out.emergencies, held_out.possible, held_out.traps, held_out.categories)
    counts = Counter(example.text for example in chain.from_iterable(sets))
    assert [text for text, times in counts.items() if times > 1] == []


@pytest.mark.parametrize("name", ["emergencies", "possible", "traps", "categories"])
def test_no_sentence_is_a_near_twin_of_another(held_out: HeldOut, name: str) -> None:
    examples: tuple[Example, ...] = getattr(held_out, name)
    seen = [bigrams(example.text) for example in examples]
    twins = [
        (examples[j].text, examples[i].text)
        for i, one in enumerate(seen)
        for j, other in enumerate(seen[:i])
        if len(one & other) > TWINS * len(one | other)
    ]
    assert twins == []


def test_sentences_are_as_long_as_callers_speak(held_out: HeldOut) -> None:
    assert all(4 <= len(example.text) <= 140 for example in held_out.emergencies)
    assert all(6 <= len(example.text) <= 140 for example in held_out.categories)


class FixedDecider:
    """Calls every text with 火 a certain fire, every text with 烟 a possible one, and everything garbage."""

    def decide(self, text: str) -> Decision:
        level = EmergencyLevel.CERTAIN if "火" in text else EmergencyLevel.POSSIBLE if "烟" in text else None
        found = Emergency(level, "fire", "119") if level else Emergency()
        garbage = Category("garbage", "城乡建设", "城市建设和市政管理", "小区垃圾清运")
        return Decision(text, found, RequestKind.HELP, garbage, (), 0.0, "", "", (), False, 2)


def test_the_report_counts_what_was_noticed_and_what_was_falsely_raised(taxonomy: Taxonomy) -> None:
    small = HeldOut(
        emergencies=(Example("a", "火", "119"), Example("b", "烟", "120"), Example("c", "水", "119")),
        possible=(Example("d", "烟"), Example("e", "水")),
        traps=(Example("f", "火锅"), Example("g", "烟草"), Example("h", "水"), Example("i", "风")),
        categories=(Example("garbage", "桶满了"), Example("street-light", "灯灭了"), Example("bus", "油烟")),
    )
    result = assess(FixedDecider(), small, taxonomy)
    emergencies, traps = result.figures["emergencies"], result.figures["traps"]
    assert (emergencies["recall"], emergencies["certain"], emergencies["service_accuracy"]) == (0.6667, 0.3333, 0.5)
    assert (traps["false_certain"], traps["false_possible"]) == (0.25, 0.25)
    assert result.figures["possible"]["noticed"] == 0.5
    assert (result.figures["categories"]["l1"], result.figures["categories"]["problem"]) == (0.6667, 0.3333)
    assert result.figures["categories"]["flagged_possible"] == 0.3333
    assert Counter(miss.set for miss in result.misses) == {"emergencies": 2, "possible": 1, "traps": 2, "categories": 2}


def test_unusable_files_are_refused_with_every_fault_by_line(tmp_path: Path, taxonomy: Taxonomy) -> None:
    (tmp_path / "emergencies.csv").write_text("situation,service,text\na,911,着了\n", encoding="utf-8")
    (tmp_path / "possible.csv").write_text("text\n着了\n", encoding="utf-8")
    (tmp_path / "categories.csv").write_text("problem,text\nno-such,灯灭了\ngarbage\n", encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_held_out(tmp_path, taxonomy)
    assert {(fault.file, fault.line) for fault in caught.value.faults} == {
        ("emergencies.csv", 2),
        ("possible.csv", 1),
        ("traps.csv", 0),
        ("categories.csv", 2),
        ("categories.csv", 3),
    }


def test_the_command_prints_one_json_report(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name, line in {
        "emergencies": "situation,service,text\na,119,楼下着火了\n",
        "possible": "situation,text\n",
        "traps": "situation,text\n",
        "categories": "problem,text\ngarbage,楼下的桶满了\n",
    }.items():
        (tmp_path / f"{name}.csv").write_text(line, encoding="utf-8")
    assert main([str(tmp_path), "--misses"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["emergencies"]["sentences"] == 1
    assert report["possible"]["noticed"] is None
    assert len(report["categories"]["curve"]) == 10


def test_the_command_refuses_a_folder_without_the_files(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main([str(tmp_path)]) == 2
    assert "emergencies.csv: expected a UTF-8 CSV file" in capsys.readouterr().err
