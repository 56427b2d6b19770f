"""The units that routing dispatches to are those that a fresh ticket service knows."""

from pathlib import Path

import pytest

from hotline.directory_export import export_directory
from tickets.api.directory import DirectoryFileError, read_directory
from tickets.domain.directory import checked


def test_every_unit_of_the_routing_is_one_that_the_ticket_service_takes(tmp_path: Path) -> None:
    file = tmp_path / "directory.json"
    count = export_directory(file)
    units = checked(read_directory(file))
    assert len(units) == count > 0
    assert {unit.kind.value for unit in units} >= {"department", "town"}


@pytest.mark.parametrize("text", ["", "{}", '{"units": [{"id": "a b"}]}'])
def test_a_wrong_file_is_told_by_its_place_and_never_half_taken(tmp_path: Path, text: str) -> None:
    file = tmp_path / "directory.json"
    file.write_text(text)
    with pytest.raises(DirectoryFileError, match=r"directory\.json"):
        read_directory(file)
    with pytest.raises(DirectoryFileError, match="cannot be read"):
        read_directory(tmp_path / "none.json")
