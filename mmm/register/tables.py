"""The register's tables. Moments are texts (ISO 8601, UTC) and so are documents: equal in every database."""

import sqlalchemy as sa

metadata = sa.MetaData()

plans = sa.Table(
    "plans",
    metadata,
    sa.Column("id", sa.String(80), primary_key=True),
    sa.Column("analysis", sa.String(64), nullable=False, index=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("saved_at", sa.String(40), nullable=False),
    sa.Column("saved_by", sa.String(200), nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.UniqueConstraint("analysis", "number"),
)
"""``content`` is the sealed JSON of :class:`mmm.register.record.Content`, ``digest`` its hash."""

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.String(40), nullable=False),
    sa.Column("by", sa.String(200), nullable=False),
    sa.Column("account", sa.String(200), nullable=False),
    sa.Column("action", sa.String(32), nullable=False),
    sa.Column("plan", sa.String(80), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("before", sa.String(16), nullable=False),
    sa.Column("after", sa.String(16), nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("previous", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),
)
"""One row an act. ``digest`` is the plan's at that moment, ``account`` the operating system's name of who ran it."""

head = sa.Table(
    "head",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
)
"""One row: the last entry of the log. Whoever writes locks it first, so that acts follow one another."""

alerts = sa.Table(
    "alerts",
    metadata,
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
"""What is off with a plan, once: ``state`` is open, acked or closed; ``size``, ``severity`` as last told."""

outbox = sa.Table(
    "outbox",
    metadata,
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
"""One row an alert and target to be told: ``state`` is waiting, sent or given_up; receivers know it by ``id``."""

settlements = sa.Table(
    "settlements",
    metadata,
    sa.Column("plan", sa.String(80), primary_key=True),
    sa.Column("analysis", sa.String(64), nullable=False, index=True),
    sa.Column("content", sa.Text, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
)
"""What a settled plan brought: the sealed JSON of :class:`mmm.register.ledger.Settlement`; the log's entry names its
hash."""
