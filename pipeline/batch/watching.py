"""How a run shows itself: bars with rate and time left on a terminal, lines in the log, metrics for Prometheus."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from extractors.errors import UserError
from pipeline.batch.supervisor import Watch
from pipeline.ledger import Counts
from pipeline.logs import log

LOG_SECONDS = 30.0


class Pace:
    """Packets an hour over a run, and the seconds that the rest will take at that pace."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._before: int | None = None

    def of(self, counts: Counts) -> tuple[float, float | None]:
        """(packets an hour, seconds left or None while that cannot be told). What an earlier run did does not count."""
        if self._before is None:
            self._before = counts.ended
        done, seconds = counts.ended - self._before, self._clock() - self._began
        if not done or seconds <= 0:
            return 0.0, None
        return 3600 * done / seconds, (counts.total - counts.ended) * seconds / done


@contextmanager
def bars(total: int, quiet: bool) -> Iterator[Watch]:
    """Two bars on a terminal; elsewhere nothing but a line in the log now and then."""
    from tqdm import tqdm

    pace, logged = Pace(), [time.monotonic()]
    off = True if quiet else None  # None: off where standard error is no terminal
    with (
        tqdm(total=total, desc="packets", unit="packet", file=sys.stderr, disable=off) as packets,
        tqdm(desc="pages", unit="page", file=sys.stderr, disable=off, position=1, leave=False) as pages,
    ):

        def show(counts: Counts, read: int) -> None:
            if packets.n == 0:
                packets.initial = counts.ended
            packets.update(counts.ended - packets.n)
            pages.update(read)
            if time.monotonic() - logged[0] > LOG_SECONDS:
                logged[0] = time.monotonic()
                per_hour, left = pace.of(counts)
                log("progress", ended=counts.ended, total=total, failed=counts.failed, pages=counts.pages,
                    per_hour=round(per_hour), seconds_left=None if left is None else round(left))  # fmt: skip

        yield show


@contextmanager
def metrics(port: int | None) -> Iterator[Watch]:
    """Serve the counts at http://localhost:PORT/metrics. Raises UserError without the extra `metrics`."""
    if port is None:
        yield lambda counts, pages: None
        return
    try:
        from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server
    except ImportError:
        raise UserError("--metrics: install chartproof[metrics]") from None
    registry = CollectorRegistry()
    packets = Gauge("chartproof_packets", "Packets of the batch by state", ["state"], registry=registry)
    read = Counter("chartproof_pages_read", "Pages read by this run, further tries included", registry=registry)
    rate = Gauge("chartproof_packets_per_hour", "Packets that this run ends in an hour", registry=registry)
    left = Gauge("chartproof_seconds_left", "Seconds that the rest takes at this pace", registry=registry)
    pace = Pace()
    try:
        server, thread = start_http_server(port, addr="127.0.0.1", registry=registry)
    except OSError as error:
        raise UserError(f"--metrics {port}: {error.strerror}; choose another port") from None

    def count(counts: Counts, pages: int) -> None:
        for state in ("waiting", "running", "screened", "failed"):
            packets.labels(state).set(getattr(counts, state))
        read.inc(pages)
        per_hour, seconds = pace.of(counts)
        rate.set(per_hour)
        left.set(float("nan") if seconds is None else seconds)

    try:
        yield count
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
