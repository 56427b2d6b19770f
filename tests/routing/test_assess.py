"""What the assessment counts, and what it refuses to count."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from routing.assess import assess
from routing.decision import Category, Decision, Emergency, EmergencyLevel, RequestKind
from routing.errors import DataError
from routing.heldout import Example, HeldOut, read_held_out, read_recognised
from routing.router import DATA_DIR
from routing.taxonomy import Taxonomy


@pytest.fixture(scope="module")
def taxonomy() -> Taxonomy:
    return Taxonomy.load(DATA_DIR)


class FixedDecider:
    """Calls every text with 火 a certain fire, every text with 烟 a possible one, and everything garbage."""

    def decide(self, text: str, alternatives: Sequence[str] = (), *, heard: str = "") -> Decision:
        level = EmergencyLevel.CERTAIN if "火" in text else EmergencyLevel.POSSIBLE if "烟" in text else None
        if level is None and any("火" in other for other in alternatives):
            level = EmergencyLevel.POSSIBLE
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
    figures = result.figures
    emergencies, traps = figures["emergencies"], figures["traps"]
    assert emergencies["recall"] == {"share": 0.6667, "count": 2, "of": 3}
    assert emergencies["certain"] == {"share": 0.3333, "count": 1, "of": 3}
    assert emergencies["service_accuracy"] == {"share": 0.5, "count": 1, "of": 2}
    assert emergencies["recall_by_service"]["119"] == {"share": 0.5, "count": 1, "of": 2}
    assert (traps["false_certain"]["share"], traps["false_possible"]["share"]) == (0.25, 0.25)
    assert figures["needless"]["questions"] == {"share": 0.2857, "count": 2, "of": 7}
    assert figures["needless"]["bridged"] == {"share": 0.1429, "count": 1, "of": 7}
    assert figures["possible"]["noticed"]["share"] == 0.5
    assert (figures["categories"]["l1"]["share"], figures["categories"]["problem"]["share"]) == (0.6667, 0.3333)
    assert figures["categories"]["flagged_possible"]["share"] == 0.3333
    assert Counter(miss.set for miss in result.misses) == {"emergencies": 2, "possible": 1, "traps": 2, "categories": 2}


def test_a_recognised_sentence_is_decided_with_its_lower_readings(taxonomy: Taxonomy) -> None:
    heard = HeldOut((Example("a", "活", "119", ("火",), said="着火"),), (), (), ())
    result = assess(FixedDecider(), heard, taxonomy)
    assert result.figures["emergencies"]["recall"]["count"] == 1
    assert result.figures["possible"]["noticed"] == {"share": None, "count": 0, "of": 0}
    assert heard.plain().emergencies == (Example("a", "着火", "119"),)


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


SMALL = {
    "emergencies": "situation,service,text\na,119,楼下着火了\n",
    "possible": "situation,text\n",
    "traps": "situation,text\n",
    "categories": "problem,text\ngarbage,楼下的桶满了\n",
}


def put(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}.csv").write_text(content, encoding="utf-8")
    return folder


def test_twins_are_read_beside_their_sentences(tmp_path: Path, taxonomy: Taxonomy) -> None:
    plain = read_held_out(put(tmp_path, SMALL), taxonomy)
    assert read_recognised(tmp_path, plain) is None
    put(tmp_path / "recognised", {"emergencies": "situation,service,text,heard,others\na,119,楼下着火了,,落下|楼下\n"})
    recognised = read_recognised(tmp_path, plain)
    assert recognised == HeldOut((Example("a", "", "119", ("落下", "楼下"), "楼下着火了"),), (), (), ())


def test_twins_of_other_sentences_are_refused(tmp_path: Path, taxonomy: Taxonomy) -> None:
    plain = read_held_out(put(tmp_path, SMALL), taxonomy)
    put(
        tmp_path / "recognised",
        {
            "emergencies": "situation,service,text,heard,others\na,119,楼上着火了,落上,\n",
            "categories": "problem,text,heard\n",
        },
    )
    with pytest.raises(DataError) as caught:
        read_recognised(tmp_path, plain)
    assert {(fault.file, fault.line) for fault in caught.value.faults} == {
        ("recognised/emergencies.csv", 2),
        ("categories.csv", 1),
    }
