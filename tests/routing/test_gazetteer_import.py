"""Places of an organisation or of OpenStreetMap come into the gazetteer whole or not at all."""

from pathlib import Path

import pytest

from routing.errors import DataError
from routing.gazetteer import Entry, load_entries, save_entries
from routing.gazetteer_import import import_places
from routing.places import Gazetteer
from routing.taxonomy import Unit
from routing.text import read

UNITS = {"tn-a": Unit("tn-a", "甲镇人民政府", "town", ())}
KNOWN = {
    "a": Entry("a", "甲镇", "area", "", "tn-a", ()),
    "rd": Entry("rd", "老街", "road", "a", "", ("旧街",)),
}
OVERPASS = "\t".join(
    ("@type", "@id", "@lat", "@lon", "name", "alt_name", "place", "highway", "amenity", "building", "landuse")
)


def table(folder: Path, *rows: str, head: str = OVERPASS) -> Path:
    path = folder / "osm.tsv"
    path.write_text("\n".join((head, *rows)) + "\n", encoding="utf-8")
    return path


def test_openstreetmap_names_become_places_of_a_town(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "way\t11\t30.0\t114.0\t迎春路\t\t\tresidential\t\t\t",
        "way\t12\t30.2\t114.2\t迎春路\t春路;老迎春路\t\ttertiary\t\t\t",
        "node\t13\t30.1\t114.1\t柳树屯\t\tvillage\t\t\t\t",
        "way\t14\t\t\t第五小学\t五小\t\t\tschool\t\t",
        "way\t15\t30.1\t114.1\t金色家园\t\t\t\t\t\tresidential",
        "node\t16\t30.1\t114.1\tStarbucks\t\t\t\tcafe\t\t",
        "node\t17\t30.1\t114.1\t某个没有用的东西\t\t\t\t\t\t",
        "node\t18\t30.1\t114.1\t一个名字长得谁也不会在电话里说完的地方\t\t\t\tschool\t\t",
    )
    taken = import_places(path, KNOWN, UNITS, "a")
    assert taken.added == ("osm-w11", "osm-n13", "osm-w14", "osm-w15")
    assert [taken.entries[name].kind for name in taken.added] == ["road", "community", "landmark", "community"]
    road = taken.entries["osm-w11"]
    assert road.aliases == ("春路", "老迎春路")
    assert road.at == pytest.approx((30.1, 114.1))
    assert taken.entries["osm-w14"].at is None
    assert sum(taken.skipped.values()) == 3
    gazetteer = Gazetteer(taken.entries)
    (place,) = gazetteer.find(read("我在迎春路三号"))
    assert gazetteer.unit_of(place) == "tn-a"


def test_openstreetmap_rows_need_a_place_around_them(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="parent 'nowhere' is no place"):
        import_places(table(tmp_path), KNOWN, UNITS, "nowhere")


def test_faulty_rows_are_all_named(tmp_path: Path) -> None:
    path = table(
        tmp_path, "way\tx1\t\t\t迎春路\t\t\tresidential\t\t\t", "way\t12\t30.2", "\t13\t\t\t东路\t\t\tpath\t\t\t"
    )
    with pytest.raises(DataError) as caught:
        import_places(path, KNOWN, UNITS, "a")
    assert [str(fault).split(": ")[0] for fault in caught.value.faults] == ["osm.tsv:2", "osm.tsv:3", "osm.tsv:4"]


def test_own_columns_may_build_on_known_places(tmp_path: Path) -> None:
    head = "id,name,kind,parent,unit,aliases"
    path = table(tmp_path, "rd,老街,road,a,,旧街|古街", "cm,新村,community,a,,", head=head)
    taken = import_places(path, KNOWN, UNITS)
    assert (taken.added, taken.changed) == (("cm",), ("rd",))
    assert taken.entries["rd"].aliases == ("旧街", "古街")
    with pytest.raises(DataError, match="parent 'a' is no place"):
        import_places(path, {}, UNITS)


def test_shared_names_are_told(tmp_path: Path) -> None:
    path = table(tmp_path, "rd2,老街,road,a,,", head="id,name,kind,parent,unit,aliases")
    assert import_places(path, KNOWN, UNITS).shared_names == {"老街": ("rd", "rd2")}


@pytest.mark.parametrize("at", [None, (30.5, 114.25)])
def test_a_saved_gazetteer_is_read_back_the_same(tmp_path: Path, at: tuple[float, float] | None) -> None:
    entries = {**KNOWN, "b": Entry("b", "乙村", "community", "a", "", (), at)}
    save_entries(tmp_path / "places.csv", entries)
    assert load_entries(tmp_path / "places.csv", UNITS) == entries


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        import_places(tmp_path / "none.csv", KNOWN, UNITS)
