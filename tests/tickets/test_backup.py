"""Saving and bringing back: everything, in one archive, into either database; what is damaged is refused untouched."""

import hashlib
import io
import tarfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.fakes.tickets import FakeClock
from tests.tickets.test_retention import ended
from tickets.domain.units import Unit, UnitKind, UnitLevel
from tickets.service.clock import Ids
from tickets.service.reference import Reference
from tickets.service.tickets import TicketService
from tickets.store.archive import BackupError, Manifest, read_manifest
from tickets.store.backup import NotEmptyError, backup, restore, tables
from tickets.store.files import AttachmentFiles
from tickets.store.migrate import upgrade
from tickets.store.models import Base, TicketRow
from tickets.store.sql import StoreOptions, open_store
from tickets.store.verify import verify

AT = datetime(2026, 11, 22, tzinfo=UTC)
UNITS = (
    Unit("street-1", "和平街道", UnitLevel.TOWN, UnitKind.STREET, parent_id="a-county"),
    Unit("a-county", "某县", UnitLevel.COUNTY, UnitKind.DEPARTMENT, parent_id="zz-city"),
    Unit("zz-city", "某市", UnitLevel.CITY, UnitKind.OFFICE),
)


def quiet(_what: str, _done: int, _whole: int) -> None:
    return None


@pytest.fixture
async def saved(database_url: str, tmp_path: Path) -> tuple[Path, Manifest]:
    """An archive of a database with two tickets, a file and three units."""
    clock = FakeClock()
    with ThreadPoolExecutor(1) as executor:
        files = AttachmentFiles(tmp_path / "attachments", executor)
        async with open_store(database_url, StoreOptions()) as store:
            reference = Reference(store, clock, 60)
            await reference.put_units(UNITS, replace=False)
            service = TicketService(store, files, clock, Ids(clock), reference)
            await ended(service, "a", ("recording", b"voice"))
            await ended(service, "b")
            archive = tmp_path / "saved.tar.gz"
            manifest = await backup(database_url, tmp_path / "attachments", archive, AT, quiet)
    return archive, manifest


async def tickets_in(url: str) -> int:
    async with open_store(url, StoreOptions()) as store, store.read() as connection:
        return int((await connection.execute(select(func.count()).select_from(TicketRow))).scalar_one())


def test_every_table_is_saved_but_the_database_s_own_name() -> None:
    assert {table.name for table in tables()} == set(Base.metadata.tables) - {"identity"}


async def test_an_archive_is_for_its_owner_alone_and_names_every_digest(saved: tuple[Path, Manifest]) -> None:
    archive, manifest = saved
    assert archive.stat().st_mode & 0o777 == 0o600
    assert read_manifest(archive) == manifest
    assert manifest.tables["tickets"][0] == 2
    assert list(manifest.files) == [hashlib.sha256(b"voice").hexdigest()]
    assert [path.name for path in archive.parent.glob(".*.tmp")] == []


@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
async def test_what_was_saved_comes_back_in_either_database(
    saved: tuple[Path, Manifest], target: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    archive, manifest = saved
    if target == "sqlite":
        url = f"sqlite:///{tmp_path}/again.db"
        upgrade(url)
    else:
        url = request.getfixturevalue("postgres").fresh()
    again = tmp_path / "again"
    await restore(url, again, archive, quiet)
    second = await backup(url, again, tmp_path / "second.tar.gz", AT, quiet)
    assert asdict(second) == asdict(manifest)
    with ThreadPoolExecutor(1) as executor:
        files = AttachmentFiles(again, executor)
        async with open_store(url, StoreOptions()) as store:
            verdict = await verify(store, files)
    assert (verdict.tickets, verdict.files, verdict.findings) == (2, 1, ())


async def test_a_database_that_holds_something_is_replaced_only_when_told(
    saved: tuple[Path, Manifest], database_url: str, tmp_path: Path
) -> None:
    archive, _ = saved
    with pytest.raises(NotEmptyError, match="--force"):
        await restore(database_url, tmp_path / "attachments", archive, quiet)
    await restore(database_url, tmp_path / "attachments", archive, quiet, force=True)
    async with open_store(database_url, StoreOptions()) as store, store.read() as connection:
        assert (
            await connection.execute(select(func.count()).select_from(Base.metadata.tables["tickets"]))
        ).scalar() == 2


async def test_a_damaged_archive_is_refused_before_anything_is_touched(
    saved: tuple[Path, Manifest], database_url: str, tmp_path: Path
) -> None:
    archive, _ = saved
    for damage in ("torn", "flipped", "unfinished", "nothing", "strange"):
        broken = tmp_path / f"{damage}.tar.gz"
        _damaged(archive, broken, damage)
        with pytest.raises(BackupError):
            await restore(database_url, tmp_path / "elsewhere", broken, quiet, force=True)
        assert not (tmp_path / "elsewhere").exists()
        assert await tickets_in(database_url) == 2


def _damaged(archive: Path, broken: Path, damage: str) -> None:
    whole = archive.read_bytes()
    if damage == "torn":
        broken.write_bytes(whole[: len(whole) // 2])
    elif damage == "flipped":
        middle = len(whole) // 2
        broken.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    elif damage == "nothing":
        return
    else:
        with tarfile.open(archive) as old, tarfile.open(broken, "w:gz") as new:
            for member in old:
                if damage == "unfinished" and member.name == "manifest.json":
                    continue
                new.addfile(member, old.extractfile(member))
            if damage == "strange":
                entry = tarfile.TarInfo("../../escape")
                entry.size = 1
                new.addfile(entry, io.BytesIO(b"x"))
