"""Pre-birth clinic sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "clinics",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=True),
        sa.Column("held_on", sa.Text().with_variant(sa.Date(), "postgresql"), nullable=False),
        sa.Column("chair", sa.Text(), nullable=False),
        sa.Column("agencies", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.Text().with_variant(sa.DateTime(timezone=True), "postgresql"), nullable=False),
        sa.CheckConstraint("status IN ('planned', 'held', 'called_off')", name=op.f("ck_clinics_status_known")),
        sa.ForeignKeyConstraint(["chair"], ["users.username"], name=op.f("fk_clinics_chair_users")),
        sa.ForeignKeyConstraint(["team"], ["teams.code"], name=op.f("fk_clinics_team_teams")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clinics")),
        sqlite_strict=True,
    )
    op.create_index("ix_clinics_day", "clinics", ["authority", "held_on", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_clinics_day", table_name="clinics")
    op.drop_table("clinics")
