"""A second factor beside the password, and sessions that still wait for it"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("accounts", sa.Column("factor_salt", sa.Text(), nullable=True))
    op.add_column("accounts", sa.Column("factor_step", sa.Integer(), nullable=True))
    op.add_column("sessions", sa.Column("pending", sa.Boolean(), nullable=False, server_default=sa.false()))
