"""Entering a run's packets into the ledger, a few at a time while the first are already worked on."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextvars import copy_context
from pathlib import Path

from pipeline.batch.fingerprint import fingerprint, sha256
from pipeline.ledger import Entry, Ledger
from pipeline.packets import Packet

CHUNK = 32


class Entering(threading.Thread):
    """Hashes every packet's files and enters it. `error` is what stopped it, if anything did."""

    def __init__(
        self, ledger: Ledger, packets: Sequence[Packet], workspace: Path, policy: str, ocr: bool, retry: bool
    ) -> None:
        # a thread begins with an empty context: with the caller's, it hashes the rules that the caller reads with
        super().__init__(name="entering", daemon=True, target=copy_context().run, args=(self._enter,))
        self.ledger, self.packets, self.workspace = ledger, packets, workspace
        self.policy, self.ocr, self.retry = policy, ocr, retry
        self.error: Exception | None = None
        self._stop_now = threading.Event()

    def _enter(self) -> None:
        try:
            for at in range(0, len(self.packets), CHUNK):
                few = self.packets[at : at + CHUNK]
                entries = [Entry(p.packet_id, at + n, fingerprint(p, self.policy, self.ocr)) for n, p in enumerate(few)]
                if self._stop_now.is_set():
                    return
                self.ledger.enter(entries, self._again)
        except Exception as error:  # told by the supervisor, in whose hands the run is
            self.error = error

    def stop(self) -> None:
        self._stop_now.set()
        self.join()

    def _again(self, packet_id: str, output: str) -> bool:
        """Whether a result must be made again: it was taken away or altered, or the user wants a new try."""
        if not output:
            return self.retry
        try:
            unaltered = sha256(self.workspace / "screenings" / f"{packet_id}.json") == output
        except OSError:
            return True
        return not unaltered or not (self.workspace / "worksheets" / f"{packet_id}.html").is_file()
