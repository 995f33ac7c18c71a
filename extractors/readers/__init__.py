"""Readers: from a file to a Document whose every character knows its place on the page."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from extractors.document import Document, Page
from extractors.errors import UnreadableFile
from extractors.readers.furniture import mark_repeated
from extractors.readers.image import read_image
from extractors.readers.limits import NEEDS_OCR, STANDARD, Limits
from extractors.readers.pdf import read_pdf
from extractors.readers.plain import read_text

__all__ = [
    "READERS",
    "STANDARD",
    "Limits",
    "Reader",
    "Recognise",
    "assemble",
    "kind_of",
    "needs_ocr",
    "open_reader",
    "read_document",
]

Reader = Callable[[Path, Limits, int], Iterator[Page | str]]
"""Yields a file's pages from the given number on, and warnings about the file as strings."""

Recognise = Callable[[Path, list[Page]], Iterable[Page]]
"""Called once per document with the pages that need OCR, as far as they were read; returns those it read better.

A returned page takes the place of the page of its number; pages left out stay as they are, so an
unreadable page stays unreadable and says why.
"""

READERS: dict[str, Reader] = {"pdf": read_pdf, "text": read_text, "image": read_image}
"""Kind of content, as `kind_of` names it, to reader. A new format is one line here and one in SIGNATURES."""

SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"II*\x00", "image"), (b"MM\x00*", "image"), (b"\x89PNG\r\n", "image"), (b"\xff\xd8\xff", "image"),
    (b"PK\x03\x04", "zip or Office file"), (b"\xd0\xcf\x11\xe0", "old Office file"), (b"{\\rtf", "RTF file"),
)  # fmt: skip
SUFFIXES = {".pdf": "pdf", ".txt": "text", ".text": "text", ".tif": "image", ".tiff": "image", ".png": "image",
            ".jpg": "image", ".jpeg": "image"}  # fmt: skip


def read_document(
    path: Path, document_id: str | None = None, limits: Limits = STANDARD, recognise: Recognise | None = None
) -> Document:
    """Read one file; the same bytes give the same Document.

    `document_id` is the file's name without suffix unless given. Raises UnreadableFile, with a reason, for a file
    from which no page can be had; pages that cannot be read stay in, `readable=False`.
    """
    reader, warnings = open_reader(path, limits)
    return assemble(path, document_id, reader(path, limits, 1), warnings, recognise)


def assemble(
    path: Path, document_id: str | None, found: Iterable[Page | str], warnings: list[str], recognise: Recognise | None
) -> Document:
    """A Document of pages and warnings in the order they come, after OCR of the pages that need it."""
    pages: list[Page] = []
    for item in found:
        if isinstance(item, str):
            warnings.append(item)
        else:
            pages.append(item)
    if recognise is not None and (poor := [p for p in pages if needs_ocr(p)]):
        better = {p.number: p for p in recognise(path, poor)}
        pages = [better.get(p.number, p) for p in pages]
    pages = mark_repeated(pages)
    warnings += [f"page {p.number}: {p.reason}" for p in pages if p.reason]
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Document(document_id or path.stem, path.name, sha256, tuple(pages), tuple(warnings))


def needs_ocr(page: Page) -> bool:
    """Whether a page's picture holds words that its text lacks."""
    return page.reason is not None and page.reason.endswith(NEEDS_OCR)


def kind_of(path: Path) -> str:
    """What a file holds, by its first bytes: a key of READERS, or a phrase for what cannot be read."""
    with path.open("rb") as file:
        head = file.read(4096)
    if b"%PDF-" in head[:1024]:
        return "pdf"
    for signature, kind in SIGNATURES:
        if head.startswith(signature):
            return kind
    if b"<html" in head.lower() or b"<!doctype html" in head.lower():
        return "web page"
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    control = sum(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head)
    return "text" if wide or control <= 0.002 * len(head) else "unknown"


def open_reader(path: Path, limits: Limits) -> tuple[Reader, list[str]]:
    """The reader for a file's content, and a warning when its name says something else. Raises UnreadableFile."""
    try:
        size = path.stat().st_size
        kind = kind_of(path)
    except OSError as problem:
        raise UnreadableFile(path.name, f"cannot be opened: {problem.strerror}") from None
    if size == 0:
        raise UnreadableFile(path.name, "empty file")
    if size > limits.file_bytes:
        raise UnreadableFile(path.name, f"{size} bytes, more than the {limits.file_bytes} allowed")
    named = SUFFIXES.get(path.suffix.lower())
    if kind not in READERS or (kind == "text" and named not in ("text", None)):
        said = f"named {path.suffix} but " if named not in (None, kind) else ""
        what = "its content is of no known kind" if kind == "unknown" else f"it holds: {kind}"
        raise UnreadableFile(path.name, said + what)
    return READERS[kind], [f"named {path.suffix} but holds {kind}"] if named not in (None, kind) else []
