"""Checks before a PDF is parsed, and its repair when parsing fails. The door to pikepdf."""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from typing import Any

from extractors.errors import UnreadableFile
from extractors.readers.limits import Limits

INFLATE = 1032
"""The most one byte of a Flate stream can become (zlib's documented bound)."""


def check_pdf(path: Path, limits: Limits) -> bool:
    """False when only a lenient reader can open the file.

    Raises UnreadableFile for a password, too many pages, or a stream that inflates beyond
    `limits.stream_bytes`.
    """
    import pikepdf

    try:
        with pikepdf.open(path, suppress_warnings=True, attempt_recovery=False) as pdf:
            if len(pdf.pages) > limits.pages:
                raise UnreadableFile(path.name, f"{len(pdf.pages)} pages, more than the {limits.pages} allowed")
            if path.stat().st_size * INFLATE > limits.stream_bytes:
                _check_streams(pdf, path, limits)
    except pikepdf.PasswordError:
        raise UnreadableFile(path.name, "encrypted: opens only with a password") from None
    except (pikepdf.PdfError, RuntimeError, ValueError):
        return False
    return True


def _check_streams(pdf: Any, path: Path, limits: Limits) -> None:
    import pikepdf

    for item in pdf.objects:
        if not isinstance(item, pikepdf.Stream) or item.get("/Subtype") == "/Image":
            continue
        filters: Any = item.get("/Filter", [])
        names = [str(f) for f in filters] if isinstance(filters, pikepdf.Array) else [str(filters)]
        if "/FlateDecode" not in names:
            continue
        raw = bytes(item.read_raw_bytes())
        if names[0] != "/FlateDecode" or len(raw) * INFLATE ** names.count("/FlateDecode") <= limits.stream_bytes:
            continue
        for _ in range(names.count("/FlateDecode")):
            raw = _inflate(raw, limits.stream_bytes)
            if len(raw) > limits.stream_bytes:
                raise UnreadableFile(path.name, "a stream inflates beyond the size allowed")


def _inflate(raw: bytes, most: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(raw, most + 1)
    except zlib.error:
        return b""


def repaired(path: Path) -> io.BytesIO | None:
    """The file rewritten with a new cross-reference table, or None when that fails too."""
    import pikepdf

    whole = io.BytesIO()
    try:
        with pikepdf.open(path, suppress_warnings=True) as pdf:
            if not len(pdf.pages):
                return None
            pdf.save(whole)
    except Exception:  # any parser error here means the same: it cannot be repaired
        return None
    whole.seek(0)
    return whole
