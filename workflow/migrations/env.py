"""How Alembic reaches the database: the engine handed over by `Database.migrate`, or WAYMARK_DATABASE_URL."""

import os
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Engine

from workflow import (
    access_tables,  # noqa: F401  (imported for its tables)
    alert_tables,  # noqa: F401
    clinic_tables,  # noqa: F401
    columns,
    desk_tables,  # noqa: F401
    figure_tables,  # noqa: F401
    identity_tables,  # noqa: F401
    models,
    offer_tables,  # noqa: F401
    stock_tables,  # noqa: F401
)
from workflow.database import Database

NATIVE = {
    columns.Instant: "sa.Text().with_variant(sa.DateTime(timezone=True), 'postgresql')",
    columns.Day: "sa.Text().with_variant(sa.Date(), 'postgresql')",
    columns.Flag: "sa.Integer().with_variant(sa.Boolean(), 'postgresql')",
    columns.Json: "sa.Text()",
}


def render_item(kind: str, thing: Any, _: AutogenContext) -> str | Literal[False]:
    """A migration names plain types, so that it means the same after the code has moved on."""
    return NATIVE.get(type(thing), False) if kind == "type" else False


def migrate(engine: Engine) -> None:
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=models.metadata,
            render_as_batch=True,
            render_item=render_item,
            transaction_per_migration=connection.dialect.name == "sqlite",
        )
        with context.begin_transaction():
            if connection.dialect.name == "postgresql":  # all in one transaction: the lock ends with it, as it must
                connection.exec_driver_sql("SET LOCAL lock_timeout = '10s'")
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(887766)")
            context.run_migrations()


handed_over = context.config.attributes.get("engine")
if handed_over is not None:
    migrate(handed_over)
else:
    database = Database(os.environ.get("WAYMARK_DATABASE_URL", "sqlite:///var/waymark.db"))
    migrate(database.writer)
    database.close()
