"""`hotline route` as an operator uses it: places and learning; the decision itself is tested with routing."""

import json
import sys
from pathlib import Path

import pytest

from hotline import logs
from hotline.cli.route_assess import as_in_a_call
from hotline.main import main
from routing.heldout import Example, HeldOut
from speech.text.correction import Corrector

TICKETS = [
    *(
        ("路面有坑", "市政"),
        ("马路塌陷了", "市政"),
        ("人行道地砖坏了", "市政"),
        ("修路没修完", "市政"),
        ("路沿石坏了", "市政"),
    ),
    *(
        ("拖欠工资", "劳动"),
        ("老板不发工钱", "劳动"),
        ("工资没给", "劳动"),
        ("包工头欠薪", "劳动"),
        ("公司扣工资", "劳动"),
    ),
]


class Command:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        self.words = ""

    def run(self, *arguments: object) -> tuple[int, str]:
        self._monkeypatch.setattr(sys, "argv", ["hotline", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed, self.words = self._capsys.readouterr()
        code = ended.value.code
        return (code if isinstance(code, int) else 0), printed


@pytest.fixture
def hotline(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    monkeypatch.setenv("HOTLINE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(logs, "configure", lambda part, level: None)
    monkeypatch.chdir(tmp_path)
    return Command(monkeypatch, capsys)


@pytest.fixture
def tickets(tmp_path: Path) -> Path:
    path = tmp_path / "tickets.csv"
    path.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in TICKETS), encoding="utf-8")
    return path


def test_training_writes_model_and_card_and_evaluating_uses_them(hotline: Command, tickets: Path) -> None:
    code, printed = hotline.run("route", "train", tickets)
    assert code == 0
    assert json.loads(printed)["sentences"] == len(TICKETS)
    folder = Path("home/routing-model").absolute()
    assert {path.name for path in folder.iterdir()} == {"classifier.npz", "modelcard.json", "MODELCARD.md"}
    code, printed = hotline.run("route", "evaluate", tickets, "--model", folder)
    report = json.loads(printed)
    assert code == 0
    assert set(report) >= {"accuracy", "macro_f1", "confusion"}
    assert "macro-F1" in hotline.words


def test_a_model_of_ones_own_decides_once_the_settings_name_it(hotline: Command, tickets: Path, tmp_path: Path) -> None:
    hotline.run("route", "train", tickets)
    settings = tmp_path / "own.toml"
    settings.write_text(f'[ivr]\nclassifier = "{tmp_path}/home/routing-model/classifier.npz"\n', encoding="utf-8")
    code, printed = hotline.run("--config", settings, "route", "包工头拖欠工资不发")
    assert code == 0
    assert json.loads(printed)["category"]["problem"] in ("劳动", None)
    code, printed = hotline.run("route", "包工头拖欠工资不发")
    assert json.loads(printed)["category"]["problem"] == "拖欠工资"


def test_a_worse_model_is_refused_with_status_one(hotline: Command, tickets: Path, tmp_path: Path) -> None:
    hotline.run("route", "train", tickets, "--out", tmp_path / "model")
    rows = [(text, "劳动" if i % 3 == 0 else label) for i, (text, label) in enumerate(TICKETS)]
    rows += [("马路不平", "市政"), ("桥坏了", "市政"), ("路太窄", "市政"), ("没有路", "市政")]
    bad = tmp_path / "bad.csv"
    bad.write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows), encoding="utf-8")
    code, _ = hotline.run("route", "train", bad, "--out", tmp_path / "model")
    assert code == 1
    assert "--force" in hotline.words
    code, _ = hotline.run("route", "train", bad, "--out", tmp_path / "model", "--force")
    assert code == 0


def test_places_are_checked_and_written(hotline: Command, tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text("id,name,kind,parent,unit,aliases\nrd-new,迎春路,road,shimo,,\n", encoding="utf-8")
    code, printed = hotline.run("route", "places", "import", own, "--check", "--json")
    found = json.loads(printed)
    assert (code, found["added"], found["changed"]) == (0, 1, 0)
    assert "人民路" in found["shared_names"]
    code, printed = hotline.run("route", "places", "import", own, "--out", tmp_path / "all.csv")
    assert code == 0
    assert "1 new places" in printed
    assert "迎春路" in (tmp_path / "all.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("rd-x,甲路,road,rd-y,,\nrd-y,乙路,road,rd-x,,\n", ["own.csv:2", "own.csv:3", "is its own parent"]),
        ("rd-x,甲路,road,nowhere,,\n", ["own.csv:2", "parent 'nowhere' is no place"]),
    ],
)
def test_bad_places_are_wrong_use_naming_every_line(
    hotline: Command, tmp_path: Path, rows: str, words: list[str]
) -> None:
    own = tmp_path / "own.csv"
    own.write_text("id,name,kind,parent,unit,aliases\n" + rows, encoding="utf-8")
    code, printed = hotline.run("route", "places", "import", own, "--check")
    assert (code, printed) == (2, "")
    assert all(word in hotline.words for word in words)


def test_an_import_must_be_told_where_to_go(hotline: Command, tmp_path: Path) -> None:
    assert hotline.run("route", "places", "import", tmp_path / "own.csv")[0] == 2
    assert "--out" in hotline.words


HELD_OUT = {
    "emergencies": "situation,service,text\na,119,楼下着火了\n",
    "possible": "situation,text\n",
    "traps": "situation,text\n",
    "categories": "problem,text\ngarbage,楼下的桶满了\n",
}
TWIN = {"emergencies": "situation,service,text,heard,others\na,119,楼下着火了,落下着火,\n"}


def held_out(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}.csv").write_text(content, encoding="utf-8")
    return folder


def test_assessing_prints_figures_of_the_sentences_as_said_and_as_a_call_hears_them(
    hotline: Command, tmp_path: Path
) -> None:
    held_out(tmp_path / "sets", HELD_OUT)
    held_out(tmp_path / "sets" / "recognised", TWIN)
    code, printed = hotline.run("route", "assess", "sets", "--misses")
    report = json.loads(printed)
    assert code == 0
    assert report["emergencies"]["sentences"] == report["recognised"]["emergencies"]["sentences"] == 1
    assert report["recognised_as_plain"]["emergencies"]["recall"] == report["emergencies"]["recall"]
    assert report["possible"]["noticed"]["share"] is None
    assert len(report["categories"]["curve"]) == 10


def test_sealed_sets_are_assessed_only_when_they_are_asked_for(hotline: Command, tmp_path: Path) -> None:
    held_out(tmp_path / "sets" / "final", HELD_OUT)
    assert hotline.run("route", "assess", "sets")[0] == 2
    assert "emergencies.csv: expected a UTF-8 CSV file" in hotline.words
    code, printed = hotline.run("route", "assess", "sets", "--final")
    assert code == 0
    assert json.loads(printed)["emergencies"]["sentences"] == 1


def test_a_recognised_sentence_is_assessed_as_a_call_decides_it() -> None:
    heard = Example("garbage", "拉及清运没人管", alternatives=("垃及清云",), said="垃圾清运没人管")
    sets = as_in_a_call(HeldOut((), (), (), (heard,)), Corrector(("垃圾清运",)))
    (decided,) = sets.categories
    assert (decided.text, decided.heard) == ("垃圾清运没人管", "拉及清运没人管")
    assert decided.alternatives == ("拉及清运没人管", "垃及清云")
