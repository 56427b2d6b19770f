"""Places are found by name, alias and sound, and lead to the street or town in charge."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.errors import DataError
from routing.gazetteer import load_entries
from routing.places import Gazetteer
from routing.router import DATA_DIR, Router
from routing.taxonomy import Taxonomy, Unit
from routing.text import Utterance, read

HEAD = "id,name,kind,parent,unit,aliases\n"
UNITS = {"tn-a": Unit("tn-a", "甲镇人民政府", "town", ()), "tn-b": Unit("tn-b", "乙镇人民政府", "town", ())}


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return Gazetteer.load(DATA_DIR / "places.csv", Taxonomy.load(DATA_DIR).units)


def names(gazetteer: Gazetteer, text: str) -> list[str]:
    return [place.name for place in gazetteer.find(read(text))]


def written(folder: Path, *rows: str, head: str = HEAD) -> Path:
    path = folder / "places.csv"
    path.write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_name_alias_and_number_are_found(gazetteer: Gazetteer) -> None:
    assert names(gazetteer, "我在文昌路和学府路路口") == ["文昌路", "学府路"]
    assert names(gazetteer, "万禾那边") == ["万禾商场"]
    assert gazetteer.find(read("就在复兴路38号"))[0].text == "复兴路38号"


def test_router_finds_the_same_places(router: Router, gazetteer: Gazetteer) -> None:
    text = "石磨镇老街口和锦澜花园三栋"
    assert router.find_places(text) == gazetteer.find(read(text))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("在兴福里小区", "幸福里小区"),  # homophone
        ("金兰花园三号楼没有水", "锦澜花园"),  # in/ing and homophones
        ("我住在景兰花园", "锦澜花园"),  # ing for in
        ("在兰桥路那边", "南桥路"),  # l for n
        ("我说的是蓝桥农帽市场", "南桥农贸市场"),  # l for n, homophone
        ("肯定是四磨大街", "石磨大街"),  # s for sh
        ("在水岸心沉", "水岸新城"),  # en for eng
        ("那个临将花园", "临江花园"),
        ("在双塔化公厂", "双塔化工厂"),
    ],
)
def test_misheard_name_is_found_by_its_sound(gazetteer: Gazetteer, text: str, name: str) -> None:
    (place,) = gazetteer.find(read(text))
    assert place.name == name
    assert place.score < 1.0


def test_one_syllable_may_be_near_in_a_long_name_only(gazetteer: Gazetteer) -> None:
    (place,) = gazetteer.find(read("就是南桥农贸思场那里"))
    assert place.name == "南桥农贸市场"
    (place,) = gazetteer.find(read("就是南桥农么市场那里"))
    assert (place.name, place.score) == ("南桥农贸市场", 0.6)
    assert names(gazetteer, "北桥农贸市场") == []


@pytest.mark.parametrize(
    "text",
    ["我要投诉物业", "楼上天天半夜吵", "你们管不管", "公司拖欠工资三个月了", "请问身份证怎么补办", "", "嗯"],
)
def test_no_place_is_found_where_none_was_said(gazetteer: Gazetteer, text: str) -> None:
    assert names(gazetteer, text) == []


@pytest.mark.parametrize(
    ("text", "said", "number", "relation"),
    [
        ("建设路 128 号", "建设路 128 号", "128号", ""),
        ("建设路一百二十八号", "建设路一百二十八号", "128号", ""),
        ("建设路幺二八号", "建设路幺二八号", "128号", ""),
        ("建设路１２８号", "建设路１２８号", "128号", ""),
        ("锦澜花园3栋2单元501没水", "锦澜花园3栋2单元501", "3栋2单元501", ""),
        ("锦澜花园三栋二单元五零一一直没水", "锦澜花园三栋二单元五零一", "3栋2单元501", ""),
        ("锦澜花园三栋二单元五零一室", "锦澜花园三栋二单元五零一室", "3栋2单元501室", ""),
        ("北苑新城的三号楼楼道", "北苑新城的三号楼", "3号楼", ""),
        ("东坡村三组的路", "东坡村三组", "3组", ""),
        ("复兴路38号附3号", "复兴路38号附3号", "38号附3号", ""),
        ("县人民医院对面", "县人民医院对面", "", "对面"),
        ("建设路12号门口井盖没了", "建设路12号", "12号", "门口"),
        ("建设路12号对面的井盖", "建设路12号对面", "12号", "对面"),
        ("万禾商场旁边的饭店", "万禾商场旁边", "", "旁边"),
        ("南桥大桥往东走两百米", "南桥大桥往东走两百米", "", "往东走两百米"),
        ("建设路一共三千人", "建设路", "", ""),
        ("锦澜花园三十个人", "锦澜花园", "", ""),
        ("文昌路一直堵", "文昌路", "", ""),
    ],
)
def test_house_number_and_relation_belong_to_the_place(
    gazetteer: Gazetteer, text: str, said: str, number: str, relation: str
) -> None:
    place = gazetteer.find(read(text))[0]
    assert (place.text, place.number, place.relation) == (said, number, relation)


@pytest.mark.parametrize("text", ["文昌路和建设路交叉口", "文昌路与建设路的十字路口", "就在文昌路建设路路口那儿"])
def test_two_roads_and_a_corner_are_a_crossing(gazetteer: Gazetteer, text: str) -> None:
    first, second = gazetteer.find(read(text))
    assert (first.name, second.name) == ("文昌路", "建设路")
    assert (first.crossing, second.crossing) == (second.id, first.id)
    assert first.text.startswith("文昌路")
    assert first.text.endswith("口")


def test_two_roads_without_a_corner_are_no_crossing(gazetteer: Gazetteer) -> None:
    assert [place.crossing for place in gazetteer.find(read("文昌路和建设路都停水了"))] == ["", ""]


def test_a_name_of_several_towns_is_asked(gazetteer: Gazetteer) -> None:
    places = gazetteer.find(read("人民路的路灯坏了"))
    question = gazetteer.question(places)
    assert question is not None
    assert question.name == "人民路"
    assert [option.within for option in question.options] == ["柳浦镇", "青槐镇", "古渡镇"]
    assert places[0].score <= 0.5
    assert gazetteer.unit_of(places[0]) == ""
    assert gazetteer.units_of(places) == ()


@pytest.mark.parametrize(
    ("answer", "parent"),
    [("古渡镇的", "gudu"), ("青槐那个", "qinghuai"), ("在古杜镇", "gudu"), ("挨着柳浦中学", None), ("不知道", None)],
)
def test_the_answer_settles_which_one(gazetteer: Gazetteer, answer: str, parent: str | None) -> None:
    question = gazetteer.question(gazetteer.find(read("人民路的路灯坏了")))
    assert question is not None
    place = gazetteer.settle(question, read(answer))
    assert (place and gazetteer.entries[place.id].parent) == parent


@pytest.mark.parametrize("text", ["古渡镇人民路", "人民路，就是古渡镇政府那条", "古渡社区门口的人民路"])
def test_a_town_or_neighbour_said_with_it_settles_it_without_a_question(gazetteer: Gazetteer, text: str) -> None:
    places = gazetteer.find(read(text))
    (road,) = [place for place in places if place.kind == "road"]
    assert gazetteer.question(places) is None
    assert gazetteer.unit_of(road) == "tn-gudu"


def test_the_narrow_place_names_the_unit_before_the_wide_one(gazetteer: Gazetteer) -> None:
    places = gazetteer.find(read("我是石磨镇的，在建设路看见井盖没了"))
    assert gazetteer.units_of(places) == ("st-donglan", "tn-shimo")


def test_sample_county_is_complete(gazetteer: Gazetteer) -> None:
    kinds = [entry.kind for entry in gazetteer.entries.values()]
    assert kinds.count("area") >= 13
    assert kinds.count("road") >= 120
    assert kinds.count("community") >= 150
    assert kinds.count("landmark") >= 150


def test_every_place_belongs_to_a_street_or_town_except_the_county_wide_ones(gazetteer: Gazetteer) -> None:
    homeless = {name for name in gazetteer.entries if not gazetteer._units[name]}
    assert homeless == {"county", "rd-huancheng", "lm-river"}


def test_every_place_of_the_county_is_found_by_its_own_name(gazetteer: Gazetteer) -> None:
    for entry in gazetteer.entries.values():
        (place,) = gazetteer.find(read(f"我要反映{entry.name}"))
        assert place.name == entry.name
        assert entry.id in (place.candidates or (place.id,))


def test_coordinates_are_read_where_there_are_some(tmp_path: Path) -> None:
    head = HEAD.replace("aliases", "aliases,lat,lon")
    path = written(tmp_path, "a,甲镇,area,,tn-a,,30.5,114.25", "b,西街,road,a,,,,", head=head)
    entries = load_entries(path, UNITS)
    assert entries["a"].at == (30.5, 114.25)
    assert entries["b"].at is None


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("a,甲镇,area,,tn-a,,120,200", "lat must be -90 to 90"),
        ("a,甲镇,area,,tn-a,,north,1", "must be degrees"),
        ("a,甲镇,area,,tn-a,,1,", "must be degrees"),
    ],
)
def test_wrong_coordinates_are_refused(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load_entries(written(tmp_path, row, head=HEAD.replace("aliases", "aliases,lat,lon")), UNITS)


def test_every_fault_of_a_bad_file_is_listed_by_line(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        *("a,甲镇,area,c,tn-a,", "b,西街,street,a,,", "c,丙村,community,a,,", "a,又一个,area,,,"),
        *("d,丁,road,nowhere,,", "e,戊路,road,a,tn-x,一", "f,短,六列,太,少"),
    )
    with pytest.raises(DataError) as caught:
        load_entries(path, UNITS)
    faults = [str(fault) for fault in caught.value.faults]
    assert {fault.split(":")[1] for fault in faults} == {"2", "3", "4", "5", "6", "7", "8"}
    for expected in (
        *("places.csv:2: 'a' is its own parent", "places.csv:4: 'c' is its own parent"),
        *("places.csv:3: kind 'street'", "places.csv:5: id 'a' again; first on line 2"),
        *("places.csv:6: parent 'nowhere' is no place", "places.csv:7: unit 'tn-x' is not in units.csv"),
        *("places.csv:6: needs an id and a name", "places.csv:7: alias '一'", "places.csv:8: expected 6 cells"),
    ):
        assert any(fault.startswith(expected) for fault in faults), expected


def test_an_empty_gazetteer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no places below the heading"):
        load_entries(written(tmp_path), UNITS)


@given(st.text(max_size=300))
def test_any_text_gives_places_inside_it(gazetteer: Gazetteer, text: str) -> None:
    for place in gazetteer.find(read(text)):
        assert place.text in text
        assert 0 < place.score <= 1


@pytest.mark.parametrize(
    "piece", ["禾澄", "农贸市场", "幸福里小区", "和平路", "建设路一百二十八号", "a\U0001f600", "中心"]
)
def test_a_long_text_costs_little_even_when_it_is_all_names(gazetteer: Gazetteer, piece: str) -> None:
    utterance = read((piece * 20_000)[:20_000])
    best = min(_seconds(gazetteer, utterance) for _ in range(3))
    assert best < 0.1  # 5 to 14 ms on an idle core; the margin is for a busy one


def _seconds(gazetteer: Gazetteer, utterance: Utterance) -> float:
    begin = time.process_time()
    gazetteer.find(utterance)
    return time.process_time() - begin
