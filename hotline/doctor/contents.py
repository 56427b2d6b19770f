"""Checks of what the hotline works by: the calendar it reckons limits with, and data that is only a sample."""

import asyncio
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

from hotline.doctor.finding import Finding, failed, ok, warning
from hotline.settings import Settings
from routing.errors import DataError
from routing.knowledge import KnowledgeBase
from routing.places import Gazetteer
from routing.taxonomy import Taxonomy
from tickets.domain.errors import StoreUnavailable
from tickets.service.holidays import national_years
from tickets.settings import TicketSettings
from tickets.store.engine import parse_url, sqlite_path
from tickets.store.sql import StoreOptions, open_store

NOTICE_MONTH: Final = 11
"""The State Council's notice of the coming year appears around this month."""

SAMPLE_COUNTY: Final = ("county", "禾澄县")
"""The invented county that the shipped gazetteer is of."""


def calendar(settings: Settings, today: date) -> Iterator[Finding]:
    """Are the days off of this year known, and, once their notice should be out, of the coming one (F93)?"""
    years = {each.year for each in national_years()}
    try:
        years |= _imported(settings.tickets)
    except (StoreUnavailable, OSError, ValueError) as exc:
        yield warning("ticket database", str(exc), "`hotline db upgrade`, then `hotline db verify`")
    missing = [year for year in (today.year, today.year + 1) if year not in years]
    mend = (
        "update the package chinesecalendar, or PUT /api/v1/calendar with the notice of the State Council (docs/api.md)"
    )
    if today.year in missing:
        yield failed(
            "working calendar", f"the days off of {today.year} are not known: limits are reckoned by weekdays", mend
        )
    elif missing and today.month >= NOTICE_MONTH:
        yield warning(
            "working calendar",
            f"the days off of {missing[0]} are not known yet: limits that reach into it are estimated",
            mend,
        )
    else:
        yield ok("working calendar", f"days off known up to {max(years)}")


def samples(data: Path) -> Iterator[Finding]:
    """Are places and answers still those of the invented county? Said as a warning: callers would be told them."""
    try:
        gazetteer = Gazetteer.load(data / "places.csv", Taxonomy.load(data).units)
        knowledge = KnowledgeBase.load(data / "knowledge.toml")
    except DataError:
        return  # the check of the routing data names every fault of it
    found = []
    place, name = SAMPLE_COUNTY
    if place in gazetteer.entries and gazetteer.entries[place].name == name:
        found.append(("gazetteer", f"places.csv and units.csv are of the invented {name}"))
    if knowledge.sample:
        found.append(("knowledge", "knowledge.toml holds made-up answers (sample = true)"))
    for what, words in found:
        yield warning(f"sample {what}", words, f"put your own data into {data}, then `hotline prompts render`")
    if not found:
        yield ok("own data", f"gazetteer and knowledge in {data} are no samples")


def _imported(settings: TicketSettings) -> set[int]:
    """Years in the ticket database; none where there never was a database. Raises what the store raises."""
    database = sqlite_path(parse_url(settings.database_url))
    if database is not None and not database.exists():
        return set()

    async def read() -> set[int]:
        async with open_store(settings.database_url, StoreOptions(busy_timeout=1.0, write_timeout=1.0, readers=1)) as s:
            return {each.year for each in await s.years()}

    return asyncio.run(read())
