"""The service that one would write first, as a reference: aiohttp, pydantic, one SQLAlchemy session and one commit a
request, a pool of connections, idempotency by a unique key. Nothing in it is slow on purpose: one table instead of our
five, no history, no hash chain, no tokens, SQLAlchemy's own pool sizes; the same durability.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import web
from pydantic import ValidationError
from sqlalchemy import JSON, DateTime, String, event, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tickets.api.bodies import TicketCreate
from tickets.store.engine import parse_url

LOCK_WAIT: Final = 30.0


class Base(DeclarativeBase):
    pass


class NaiveTicket(Base):
    __tablename__ = "naive_tickets"

    key: Mapped[str] = mapped_column(String(128), primary_key=True)
    number: Mapped[str] = mapped_column(String(12), unique=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    body: Mapped[dict[str, Any]] = mapped_column(JSON)


def open_engine(database_url: str) -> AsyncEngine:
    url = parse_url(database_url)
    if url.get_backend_name() != "sqlite":
        return create_async_engine(url)
    engine = create_async_engine(url, connect_args={"timeout": LOCK_WAIT})

    def prepare(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    event.listen(engine.sync_engine, "connect", prepare)
    return engine


def make_application(engine: AsyncEngine) -> web.Application:
    sessions = async_sessionmaker(engine, expire_on_commit=False)

    async def create(request: web.Request) -> web.Response:
        key = request.headers["Idempotency-Key"]
        try:
            body = TicketCreate.model_validate_json(await request.read())
        except ValidationError as exc:
            raise web.HTTPUnprocessableEntity from exc
        async with sessions() as session:
            made = await _insert(session, key, body)
            row = made or (await session.execute(select(NaiveTicket).where(NaiveTicket.key == key))).scalar_one()
            answer = {"number": row.number, "created_at": row.created_at.isoformat(), **row.body}
        return web.json_response(answer, status=201 if made else 200)

    application = web.Application()
    application.router.add_post("/api/v1/tickets", create)
    application.cleanup_ctx.append(_tables(engine))
    return application


async def _insert(session: AsyncSession, key: str, body: TicketCreate) -> NaiveTicket | None:
    """The new row, None when the key was there before."""
    row = NaiveTicket(
        key=key, number=body.number, created_at=datetime.now(UTC), body=body.model_dump(mode="json", exclude={"number"})
    )
    session.add(row)
    try:
        await session.commit()
    except IntegrityError:
        await session.rollback()
        return None
    return row


def _tables(engine: AsyncEngine) -> Callable[[web.Application], Any]:
    async def context(_application: web.Application) -> Any:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        yield
        await engine.dispose()

    return context
