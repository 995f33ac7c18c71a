"""What was filled into a PDF form, or typed onto the page as a comment: it is not in the page's content."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from extractors.document import Box
from extractors.readers.words import EMPTY, TICKED, Word

PUSH_BUTTON = 1 << 16
HIDDEN = 2


def filled_words(annotations: Iterable[dict[str, Any]], origin: tuple[float, float]) -> list[Word]:
    """Words and ticks of a page's form fields and typed comments, as pdfplumber's `page.annots` lists them.

    `origin` is the displayed page's top left in pdfplumber's coordinates. A value is laid out in its
    field's box as a viewer would do it: its boxes are exact for the field, near for each letter.
    """
    found: list[Word] = []
    for note in annotations:
        data = note.get("data") or {}
        if _number(data.get("F")) & HIDDEN:
            continue
        box = (note["x0"] - origin[0], note["top"] - origin[1], note["x1"] - origin[0], note["bottom"] - origin[1])
        if box[2] - box[0] <= 0 or box[3] - box[1] <= 0:
            continue
        subtype, field = _name(data.get("Subtype")), _name(_inherited(data, "FT"))
        if field == "Btn":
            if not _number(_inherited(data, "Ff")) & PUSH_BUTTON:
                state = _name(data.get("AS") if data.get("AS") is not None else _inherited(data, "V"))
                found.append(Word(EMPTY if state in ("", "Off") else TICKED, *box, size=box[3] - box[1]))
        elif field in ("Tx", "Ch"):
            found += _laid_out(_text(_inherited(data, "V")), box)
        elif subtype == "FreeText":
            found += _laid_out(_text(data.get("Contents")), box)
    return found


def _laid_out(value: str, box: Box) -> list[Word]:
    lines = [line.split() for line in value.splitlines() if line.strip()]
    if not lines:
        return []
    pitch = min((box[3] - box[1]) / len(lines), 14.0)
    size = 0.8 * pitch
    longest = max(sum(map(len, line)) + len(line) - 1 for line in lines)
    step = min(0.5 * size, (box[2] - box[0]) / longest)
    first = box[1] + (max(box[3] - box[1] - pitch, 0) / 2 if len(lines) == 1 else 0)
    found = []
    for i, line in enumerate(lines):
        x, top = box[0], first + i * pitch
        for word in line:
            found.append(Word(word, x, top, x + len(word) * step, top + pitch, size))
            x += (len(word) + 1) * step
    return found


def _inherited(data: dict[str, Any], key: str) -> Any:
    """A field's entry, which may stand on its parents (the buttons of a group share one)."""
    for _ in range(8):
        value = _resolved(data.get(key))
        if value is not None:
            return value
        data = _resolved(data.get("Parent")) or {}
    return None


def _resolved(value: Any) -> Any:
    """What a reference of the file points to."""
    return value.resolve() if hasattr(value, "resolve") else value


def _name(value: Any) -> str:
    name = getattr(value, "name", value)
    return name.decode("latin-1") if isinstance(name, bytes) else str(name) if name is not None else ""


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _text(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(_text(_resolved(v)) for v in value)
    if isinstance(value, bytes):
        if value.startswith((b"\xfe\xff", b"\xff\xfe")):
            return value.decode("utf-16", "replace")
        return value.decode("utf-8") if _is_utf8(value) else value.decode("latin-1")
    return value if isinstance(value, str) else _name(value)


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
