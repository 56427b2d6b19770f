"""Places are found by name, alias and sound, and lead to the street or town in charge."""

from pathlib import Path

from routing.places import Gazetteer
from routing.router import DATA_DIR, Router
from routing.taxonomy import Taxonomy
from routing.text import read


def names(router: Router, text: str) -> list[str]:
    return [place.name for place in router.find_places(text)]


def test_name_alias_and_number_are_found(router: Router) -> None:
    assert names(router, "我在文昌路和学府路路口") == ["文昌路", "学府路"]
    assert names(router, "万禾那边") == ["万禾商场"]
    assert router.find_places("就在复兴路38号")[0].text == "复兴路38号"


def test_misheard_name_is_found_by_its_sound(router: Router) -> None:
    (place,) = router.find_places("在兴福里小区")
    assert place.name == "幸福里小区"
    assert place.score < 1.0


def test_no_place_is_found_where_none_was_said(router: Router) -> None:
    assert names(router, "我要投诉物业") == []


def test_every_place_belongs_to_a_street_or_town_except_the_county_wide_ones() -> None:
    taxonomy = Taxonomy.load(Path(DATA_DIR))
    gazetteer = Gazetteer.load(DATA_DIR / "places.csv", taxonomy.units)
    homeless = set()
    for entry in gazetteer.entries.values():
        (place, *_) = gazetteer.find(read(entry.name))
        if not gazetteer.unit_of(place):
            homeless.add(entry.id)
    assert homeless == {"county", "rd-huancheng", "lm-river"}
    assert len(gazetteer.entries) >= 80
