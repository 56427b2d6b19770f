"""What routing tells apart becomes what civic apps can ask for."""

from pathlib import Path

from hotline.taxonomy_export import export_taxonomy
from tickets.edges import read_taxonomy


def test_every_problem_type_becomes_a_service_that_the_ticket_service_reads(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "taxonomy.json"
    count = export_taxonomy(file)
    services = read_taxonomy(file)
    assert len(services) == count > 50
    assert len({each.code for each in services}) == count
    assert all(each.description and 1 <= each.level <= 4 for each in services)


def test_a_matter_of_the_place_names_no_unit_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "taxonomy.json"
    export_taxonomy(file)
    services = {each.code: each for each in read_taxonomy(file)}
    assert services["garbage"].unit_id is None
    assert services["street-light"].unit_id == "urban-management"
