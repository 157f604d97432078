"""Alerts, and the outbox that they are told from."""

import sqlalchemy as sa
from alembic import op

revision = "r0002"
down_revision = "r0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "alerts",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("plan", sa.String(80), nullable=False, index=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("channel", sa.String(200), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("size", sa.Float(53), nullable=False),
        sa.Column("sentence", sa.Text, nullable=False),
        sa.Column("advice", sa.Text, nullable=False),
        sa.Column("raised_at", sa.String(40), nullable=False),
        sa.Column("told_at", sa.String(40), nullable=False),
        sa.Column("acked_by", sa.String(200), nullable=False),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("alert", sa.Integer, nullable=False, index=True),
        sa.Column("target", sa.String(60), nullable=False),
        sa.Column("state", sa.String(16), nullable=False, index=True),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", sa.String(40), nullable=False),
        sa.Column("done_at", sa.String(40), nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
