"""What reviewers finished, for exports: the last frozen worksheet of each packet."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, select

from pipeline.store import schema as t


def finished(conn: Connection) -> list[dict[str, Any]]:
    """The content of each packet's last worksheet, in order of packet_id."""
    rows = conn.execute(select(t.worksheets.c.packet, t.worksheets.c.body).order_by(t.worksheets.c.version))
    last = {row.packet: json.loads(row.body) for row in rows}
    return sorted(last.values(), key=lambda body: str(body["packet_id"]))
