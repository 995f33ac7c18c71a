"""The typed documents of packet f-01, without its scans: a real packet that needs no OCR."""

from __future__ import annotations

import shutil
from pathlib import Path

TYPED = ("02_clinic_2025-06-10", "04_clinic_2025-11-18", "05_trial_record", "06_clinic_2026-02-12")


def text_packet(folder: Path) -> Path:
    """A packet f-01 in `folder`."""
    packet = folder / "f-01"
    packet.mkdir()
    for name in TYPED:
        shutil.copy(Path("fixtures/packets/f-01") / f"{name}.pdf", packet)
    return packet
