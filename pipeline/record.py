"""The documents of a screened packet, kept in the workspace so that a page is read (and recognised) once.

`WORKSPACE/records/<packet_id>/` holds `record.json` (which files, where they lie) and, per document, `<sha256>.npz`
with its page texts, lines and character boxes. Nothing here is executed when loaded.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np

from extractors.document import Document, Line, Page
from extractors.errors import UserError

VERSION = 1
SAFE = re.compile(r"[\w .,+@#()'=-]+")


@dataclass(frozen=True, slots=True)
class Record:
    """A packet's documents, and the file that each was read from."""

    packet_id: str
    documents: tuple[Document, ...]
    files: dict[str, Path]


def remember(workspace: Path, packet_id: str, documents: Sequence[Document], files: dict[str, Path]) -> Path:
    """Write a packet's documents into the workspace; those already there under the same content are kept."""
    folder = folder_of(workspace, packet_id)
    folder.mkdir(parents=True, exist_ok=True)
    for document in documents:
        target = folder / f"{document.sha256}.npz"
        if not target.exists():
            _write(target, partial(_pack, document))
    listed = [
        {"document_id": d.document_id, "file": d.file, "sha256": d.sha256, "path": str(files[d.document_id].resolve())}
        for d in documents
    ]
    record = {"version": VERSION, "packet_id": packet_id, "documents": listed}
    text = json.dumps(record, ensure_ascii=False, indent=1).encode()
    _write(folder / "record.json", lambda file: file.write(text))
    return folder


def recall(workspace: Path, packet_id: str) -> Record:
    """The documents as they were read. Raises UserError when the packet was never screened into this workspace."""
    folder = folder_of(workspace, packet_id)
    try:
        record = json.loads((folder / "record.json").read_text("utf-8"))
        documents = tuple(_unpacked(folder / f"{d['sha256']}.npz", d) for d in record["documents"])
    except (OSError, ValueError, KeyError):
        raise UserError(
            f"{workspace}: the pages of packet {packet_id!r} are not there; run `chartproof screen` again"
        ) from None
    return Record(packet_id, documents, {d["document_id"]: Path(d["path"]) for d in record["documents"]})


def forget(workspace: Path, packet_id: str) -> None:
    """Delete the kept pages of a packet."""
    shutil.rmtree(folder_of(workspace, packet_id), ignore_errors=True)


def folder_of(workspace: Path, packet_id: str) -> Path:
    """Where a packet's pages are kept; a name that could lead elsewhere is replaced by its hash."""
    if not SAFE.fullmatch(packet_id) or packet_id.strip(". ") == "":
        packet_id = hashlib.sha256(packet_id.encode("utf-8", "surrogatepass")).hexdigest()
    return workspace / "records" / packet_id


def _pack(document: Document, file: IO[bytes]) -> None:
    pages = document.pages
    meta = {
        "warnings": list(document.warnings),
        "pages": [
            {
                "number": p.number, "text": p.text, "width": p.width, "height": p.height, "rotation": p.rotation,
                "ocr": p.ocr, "readable": p.readable, "reason": p.reason,
                "lines": [[line.start, line.end, line.kind] for line in p.lines],
            }
            for p in pages
        ],
    }  # fmt: skip
    arrays: dict[str, Any] = {"meta": np.frombuffer(json.dumps(meta).encode(), np.uint8)}
    for p in pages:
        arrays[f"boxes{p.number}"] = np.asarray(p.boxes, np.float32).reshape(-1, 4)
        if p.confidence is not None:
            arrays[f"confidence{p.number}"] = p.confidence
    np.savez_compressed(file, **arrays)


def _unpacked(path: Path, named: dict[str, str]) -> Document:
    with np.load(path, allow_pickle=False) as stored:
        meta = json.loads(stored["meta"].tobytes())
        pages = tuple(
            Page(
                number=p["number"], text=p["text"], boxes=stored[f"boxes{p['number']}"], width=p["width"],
                height=p["height"], lines=tuple(Line(*line) for line in p["lines"]), rotation=p["rotation"],
                ocr=p["ocr"], readable=p["readable"], reason=p["reason"],
                confidence=stored.get(f"confidence{p['number']}", None),
            )
            for p in meta["pages"]
        )  # fmt: skip
    return Document(named["document_id"], named["file"], named["sha256"], pages, tuple(meta["warnings"]))


def _write(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        write(file)
    os.replace(part, path)
