"""Structured logs: one JSON object a line, of allowed keys only, so that no text of a record can get in by mistake."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from pathlib import Path

KEYS = frozenset({
    "attempt", "bytes", "engine", "ended", "failed", "jobs", "packet", "packets", "pages", "per_hour", "pid", "policy", "reason",
    "run", "screened", "seconds", "seconds_left", "signal", "total", "unchanged", "waiting",
})  # fmt: skip
"""What may be told. Packets go by their id; documents are not named, for senders put names into file names."""

LOGGER = logging.getLogger("chartproof")


def log(event: str, level: int = logging.INFO, **told: object) -> None:
    """Log an event. Raises ValueError for a key that is not allowed: a mistake of the program, found by its tests."""
    unknown = told.keys() - KEYS
    if unknown:
        raise ValueError(f"not allowed in logs: {', '.join(sorted(unknown))}")
    LOGGER.log(level, event, extra={"told": told})


class Lines(logging.Formatter):
    """JSON lines. Of other libraries' records only the place is told, of exceptions the type and place."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03d}",
            "level": record.levelname.lower(),
        }
        if record.name == LOGGER.name:
            line |= {"event": record.msg, **getattr(record, "told", {})}
        else:
            line |= {"event": "other", "logger": record.name, "line": record.lineno}
        if record.exc_info and record.exc_info[0]:
            frames = traceback.extract_tb(record.exc_info[2])
            line["error"] = record.exc_info[0].__name__
            line["at"] = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
        return json.dumps(line, ensure_ascii=False, default=str)


def write_log(path: Path | None) -> logging.Handler:
    """Send the log to a file (it is added to), or to standard error. Close the handler given with `end_log`."""
    handler: logging.Handler = logging.FileHandler(path, delay=True) if path else logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False
    return handler


def end_log(handler: logging.Handler) -> None:
    LOGGER.removeHandler(handler)
    handler.close()
