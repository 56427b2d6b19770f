"""The doctor on the calendar and on sample data."""

import shutil
import sqlite3
from datetime import date
from pathlib import Path

import pytest

from hotline.doctor import Status, contents
from hotline.settings import Settings, load
from routing.router import DATA_DIR
from tickets.domain.calendar import CalendarYear
from tickets.service import holidays
from tickets.store.engine import parse_url, sqlite_path
from tickets.store.migrate import upgrade


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    return load(None, {"paths": {"home": tmp_path / "home"}})


@pytest.fixture(autouse=True)
def _package_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package as it is in autumn 2026, whatever version is installed."""
    years = [CalendarYear(year, holidays.SOURCE, ()) for year in range(2020, 2027)]
    monkeypatch.setattr(contents, "national_years", lambda: years)


@pytest.mark.fault("F93")
@pytest.mark.parametrize(
    ("today", "status", "words"),
    [
        (date(2026, 3, 1), Status.OK, "up to 2026"),
        (date(2026, 11, 22), Status.WARNING, "2027 are not known yet"),
        (date(2027, 1, 2), Status.FAILED, "days off of 2027 are not known"),
    ],
)
def test_the_coming_year_is_asked_for_once_its_notice_should_be_out(
    settings: Settings, today: date, status: Status, words: str
) -> None:
    (found,) = contents.calendar(settings, today)
    assert (found.status, words in found.found) == (status, True)
    assert bool(found.mend) == (status is not Status.OK)


@pytest.mark.fault("F93")
def test_a_year_that_was_imported_over_the_api_counts(settings: Settings) -> None:
    url = settings.tickets.database_url
    database = sqlite_path(parse_url(url))
    assert database is not None
    database.parent.mkdir(parents=True)
    upgrade(url)
    with sqlite3.connect(database) as connection:
        connection.execute("INSERT INTO calendar_years VALUES (2027, 'notice', '2026-11-10 00:00:00.000000')")
    connection.close()
    (found,) = contents.calendar(settings, date(2026, 11, 22))
    assert (found.status, found.found) == (Status.OK, "days off known up to 2027")


def test_a_ticket_database_that_cannot_be_read_is_a_finding_of_its_own(settings: Settings) -> None:
    database = sqlite_path(parse_url(settings.tickets.database_url))
    assert database is not None
    database.parent.mkdir(parents=True)
    database.write_bytes(b"no database" * 500)
    first, second = contents.calendar(settings, date(2026, 3, 1))
    assert (first.name, first.status) == ("ticket database", Status.WARNING)
    assert "hotline db" in first.mend
    assert second.status is Status.OK


def test_the_shipped_county_and_its_answers_are_called_samples(settings: Settings) -> None:
    found = list(contents.samples(DATA_DIR))
    assert [each.name for each in found] == ["sample gazetteer", "sample knowledge"]
    assert {each.status for each in found} == {Status.WARNING}
    assert all("hotline prompts render" in each.mend for each in found)


def test_own_data_is_no_sample(tmp_path: Path) -> None:
    for path in DATA_DIR.glob("*.*"):
        shutil.copy(path, tmp_path)
    places, knowledge = tmp_path / "places.csv", tmp_path / "knowledge.toml"
    places.write_text(places.read_text().replace("county,禾澄县,", "county,清溪县,"))
    knowledge.write_text(knowledge.read_text().replace("sample = true", "sample = false"))
    (found,) = contents.samples(tmp_path)
    assert found.status is Status.OK


def test_broken_data_is_left_to_the_check_that_names_its_faults(tmp_path: Path) -> None:
    assert list(contents.samples(tmp_path)) == []
