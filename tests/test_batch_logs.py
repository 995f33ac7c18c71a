"""Logs, pace and metrics: what may be told, and that nothing else can be."""

from __future__ import annotations

import json
import logging
import urllib.request

import pytest

from pipeline.batch.watching import Pace, metrics
from pipeline.ledger import Counts
from pipeline.logs import Lines, end_log, log, write_log

CANARY = "ARCENEAUX, MARGUERITE"


def test_a_line_is_json_with_the_keys_that_are_allowed(tmp_path):
    handler = write_log(tmp_path / "log.jsonl")
    log("ended", packet="p1", pages=3)
    end_log(handler)
    line = json.loads((tmp_path / "log.jsonl").read_text())
    assert (line["event"], line["packet"], line["pages"]) == ("ended", "p1", 3)


def test_a_key_that_is_not_allowed_is_refused():
    with pytest.raises(ValueError, match="quote"):
        log("ended", quote=CANARY)


def test_what_other_libraries_say_and_exceptions_hold_is_left_out():
    try:
        raise ValueError(CANARY)
    except ValueError:
        import sys

        record = logging.LogRecord("pdfminer", logging.ERROR, "x.py", 7, "text: %s", (CANARY,), sys.exc_info())
    line = Lines().format(record)
    assert CANARY not in line and json.loads(line)["error"] == "ValueError"


def test_pace_counts_what_this_run_did():
    clock = iter([0.0, 0.0, 1800.0])
    pace = Pace(lambda: next(clock))
    assert pace.of(Counts(waiting=60, screened=40)) == (0.0, None)
    assert pace.of(Counts(waiting=40, screened=50, failed=10)) == (40.0, 3600.0)


def test_metrics_are_served_while_a_run_lasts():
    pytest.importorskip("prometheus_client")
    with metrics(18437) as count:
        count(Counts(waiting=2, running=1, screened=5, failed=1), 12)
        text = urllib.request.urlopen("http://127.0.0.1:18437/metrics", timeout=10).read().decode()
    assert 'chartproof_packets{state="screened"} 5.0' in text and "chartproof_pages_read_total 12.0" in text
