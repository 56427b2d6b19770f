"""The store behind the ports: SQLAlchemy on SQLite or PostgreSQL, attachments as files, migrations with alembic."""
