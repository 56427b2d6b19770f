"""Databases of a bench's own on somebody's PostgreSQL server, dropped afterwards."""

import asyncio
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import make_url

from hotline.errors import HotlineError


@contextmanager
def databases(server: str, *purposes: str) -> Iterator[list[str]]:
    """An empty database for each purpose, as URLs in that order. `server` is the URL of one where the user may make
    databases; raises HotlineError when it cannot be used."""
    mark = uuid.uuid4().hex[:8]
    names = [f"hotline_bench_{purpose}_{mark}" for purpose in purposes]
    _on_server(server, [f'CREATE DATABASE "{name}"' for name in names])
    try:
        yield [make_url(server).set(database=name).render_as_string(hide_password=False) for name in names]
    finally:
        _on_server(server, [f'DROP DATABASE "{name}" WITH (FORCE)' for name in names])


def _on_server(server: str, statements: Sequence[str]) -> None:
    import asyncpg  # only needed, and only installed, with the extra `postgres`

    async def execute() -> None:
        connection = await asyncpg.connect(server)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    try:
        asyncio.run(execute())
    except (OSError, asyncpg.PostgresError) as exc:
        raise HotlineError(f"the PostgreSQL server could not be used for the measurement: {exc}") from exc
