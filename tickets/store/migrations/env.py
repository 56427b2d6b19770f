"""Alembic's entry: the connection comes from `tickets.store.migrate`, one transaction holds the whole upgrade."""

from alembic import context

import tickets.store.models_jobs
import tickets.store.models_life
import tickets.store.models_reports  # noqa: F401 - their tables belong to the metadata
from tickets.store.models import Base

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, transactional_ddl=True, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
