"""Labelled text as training rows: every segment of every excerpt and packet, with the facts it states."""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from extractors.document import Line, Page
from extractors.learned.inputs import pairs
from extractors.segment import Segment
from extractors.structure import segments

OTHER_KINDS = 0.15
"""Weight of an absent label of a kind that the excerpt's author did not label completely."""
MISREAD = {"l": "1", "1": "l", "o": "0", "0": "o", "m": "rn", "e": "c", "i": "l", " ": "", ".": "", ",": ".", "a": "e"}
Fact = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """One segment: its input pair, the labels (kind=value) it states, and the kinds labelled completely (None: all)."""

    pair: tuple[str, str]
    labels: frozenset[str]
    kinds: frozenset[str] | None


@cache
def label_names() -> tuple[str, ...]:
    """Every kind=value of facts.yaml, in its order: the model's outputs."""
    facts = yaml.safe_load(files("extractors").joinpath("facts.yaml").read_text("utf-8"))
    return tuple(f"{kind}={value}" for kind, entry in facts.items() for value in entry.get("values", ()))


def excerpt_rows(path: Path, kinds: frozenset[str] | None) -> Iterator[Row]:
    """Rows of a file of excerpts with `text` and `facts`."""
    for record in _records(path):
        yield from _rows(Page(1, record["text"], _no_boxes(), 612, 792), record["facts"], kinds)


def bank_rows(bank: Path, labels: Path) -> Iterator[Row]:
    """Rows of a bank whose facts stand in a file of their own."""
    texts = {record["id"]: record["text"] for record in _records(bank)}
    for record in _records(labels):
        yield from _rows(Page(1, texts[record["id"]], _no_boxes(), 612, 792), record["facts"], None)


def packet_rows(cases: Path, labels: Path) -> Iterator[Row]:
    """Rows of the packets' documents, read from their Markdown."""
    facts: dict[Path, list[Fact]] = defaultdict(list)
    for record in _records(labels):
        facts[cases / record["packet"] / f"{record['document']}.md"].extend(map(tuple, record["facts"]))  # type: ignore[arg-type]
    for path, stated in facts.items():
        for page in markdown_pages(path):
            yield from _rows(page, stated, None)


def markdown_pages(path: Path) -> Iterator[Page]:
    """A gold document's pages as a reader would give them: headings marked, cells separated by a tab."""
    body = path.read_text("utf-8").split("---", 2)[2]
    for number, part in enumerate(re.split(r"^===page.*$", body, flags=re.M), 1):
        text, lines = "", []
        for line in part.strip("\n").split("\n"):
            kind, shown = "text", line
            if re.match(r"#+ ", line):
                kind, shown = "heading", re.sub(r"^#+ ", "", line)
            elif line.startswith("|"):
                if re.fullmatch(r"[|\s:-]+", line):
                    continue
                kind, shown = "row", "\t".join(cell.strip() for cell in line.strip("|").split("|"))
            lines.append(Line(len(text), len(text) + len(shown), kind))  # type: ignore[arg-type]
            text += shown + "\n"
        yield Page(number, text, _no_boxes(), 612, 792, tuple(lines))


def misread(rows: Sequence[Row], share: float, seed: int) -> list[Row]:
    """Copies of some stating rows, with the slips of OCR (l/1, rn/m, lost points), so that scans are no surprise."""
    rng = random.Random(seed)
    out = []
    for row in rows:
        if row.labels and rng.random() < share:
            said = "".join(MISREAD.get(c.lower(), c) if rng.random() < 0.04 else c for c in row.pair[1])
            out.append(replace(row, pair=(row.pair[0], said)))
    return out


def _rows(page: Page, facts: Sequence[Sequence[Any]], kinds: frozenset[str] | None) -> Iterator[Row]:
    found = segments(page)
    known = set(label_names())
    stated: list[set[str]] = [set() for _ in found]
    for kind, value, quote in facts:
        if f"{kind}={value}" in known:
            for i in _stating(page.text, found, quote):
                stated[i].add(f"{kind}={value}")
    for pair, labels in zip(pairs(found, page.text), stated, strict=True):
        yield Row(pair, frozenset(labels), kinds)


def _stating(text: str, found: Sequence[Segment], quote: str) -> list[int]:
    """The segments that a quote covers, or that cover it; the closest one where none does by more than half."""
    at = text.find(quote)
    if at < 0:
        wanted = _plain(quote)
        shown = [_plain(s.text) for s in found]
        return [i for i, s in enumerate(shown) if wanted in s or (s in wanted and len(s) > max(8, 0.3 * len(wanted)))]
    shared = [min(at + len(quote), s.end) - max(at, s.start) for s in found]
    hits = [i for i, n in enumerate(shared) if n > 0 and (n >= 0.5 * len(quote) or n >= 0.6 * (found[i].end - found[i].start))]
    best = max(range(len(shared)), key=shared.__getitem__, default=-1)
    return hits or ([best] if best >= 0 and shared[best] > 0 else [])


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[|\t]", " ", text).split())


def _records(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text("utf-8").splitlines():
        if line.strip():
            yield json.loads(line)


def _no_boxes() -> np.ndarray:
    return np.empty((0, 4), np.float32)
