"""The database's schema over time (Alembic)."""
