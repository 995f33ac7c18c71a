"""Recognised pages as bytes: what the worker hands back and what the cache keeps, byte for byte the same.

The cache is addressed by content: a page is recognised once, whatever the file is called and whoever sends it
again. It holds page text, so its files are readable by their owner only.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import tempfile
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

import numpy as np

from extractors.document import Line, Page

FORMAT = 6
"""Raised whenever recognition changes: results of earlier versions are then left alone."""
ENGINES = ("rapidocr", "onnxruntime", "tesserocr", "opencv-python-headless", "pypdfium2", "pillow")


def encode(page: Page) -> bytes:
    """A page as JSON; arrays as base64 of little-endian float32."""
    fields = {k: v for k, v in _fields(page).items() if k not in ("boxes", "confidence", "lines")}
    fields["lines"] = [[line.start, line.end, line.kind] for line in page.lines]
    fields["boxes"] = _packed(page.boxes)
    fields["confidence"] = None if page.confidence is None else _packed(page.confidence)
    return json.dumps(fields, ensure_ascii=True, sort_keys=True).encode()


def decode(data: bytes) -> Page:
    """The page that `encode` wrote. Raises ValueError, KeyError or TypeError for anything else."""
    fields = json.loads(data)
    boxes = _unpacked(fields.pop("boxes")).reshape(-1, 4)
    trust = fields.pop("confidence")
    lines = tuple(Line(*line) for line in fields.pop("lines"))
    page = Page(**fields, boxes=boxes, lines=lines, confidence=None if trust is None else _unpacked(trust))
    if len(page.boxes) != len(page.text):
        raise ValueError("a box for every character is missing")
    return page


def _fields(page: Page) -> dict[str, object]:
    """The plain fields of a page."""
    return {name: getattr(page, name) for name in page.__dataclass_fields__}


def _packed(array: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(array, dtype="<f4").tobytes()).decode()


def _unpacked(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text, validate=True), dtype="<f4").copy()


def key(file_sha256: str, number: int, settings: object) -> str:
    """Name of a page's result: of the file's bytes, the page, the settings and every engine's version."""
    versions = {name: version(name) for name in ENGINES}
    parts = [FORMAT, file_sha256, number, asdict(settings), versions]  # type: ignore[call-overload]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def load(folder: Path, name: str) -> Page | None:
    """The stored page, or None when there is none or it is damaged."""
    try:
        return decode((folder / name[:2] / f"{name}.json").read_bytes())
    except (OSError, ValueError, KeyError, TypeError):
        return None


def save(folder: Path, name: str, data: bytes) -> None:
    """Keep `data`; a reader sees all of it or nothing, whatever else is written at the same time."""
    place = folder / name[:2]
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(dir=place)  # readable by its owner only
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    os.replace(temporary, place / f"{name}.json")
