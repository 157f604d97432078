"""What plans brought."""

import sqlalchemy as sa
from alembic import op

revision = "r0003"
down_revision = "r0002"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "settlements",
        sa.Column("plan", sa.String(80), primary_key=True),
        sa.Column("analysis", sa.String(64), nullable=False, index=True),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
    )
