"""Labelled text as training pages: every statement of every excerpt and document, with the facts it states."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from extractors.document import Line, Page
from extractors.learned.inputs import Part, parts_of
from extractors.segment import Segment
from extractors.structure import segments

LABELLED, MOSTLY, SELDOM = 1.0, 0.5, 0.15
"""What the absence of a label weighs where its kind was labelled completely, mostly, or only where it stood out."""
READ_BY_RULES = frozenset({"life_expectancy=vague"})
"""Values that a number decides: the model is not asked for them."""
MISREAD = {"l": "1", "1": "l", "o": "0", "0": "o", "m": "rn", "e": "c", "i": "l", " ": "", ".": "", ",": ".", "a": "e"}


@dataclass(frozen=True, slots=True)
class LabelledPage:
    """A page's (heading, statement) parts; per part the labels (kind=value) that it states; per label name what its absence weighs."""

    parts: tuple[Part, ...]
    labels: tuple[frozenset[str], ...]
    weights: tuple[float, ...]
    excerpt: bool = False
    """Written as a single excerpt, and not a page of a document."""


@cache
def label_names() -> tuple[str, ...]:
    """The model's outputs: every kind=value of facts.yaml that is read in words, in its order."""
    facts = yaml.safe_load(files("extractors").joinpath("facts.yaml").read_text("utf-8"))
    names = (f"{kind}={value}" for kind, entry in facts.items() for value in entry.get("values", ()))
    return tuple(name for name in names if name not in READ_BY_RULES)


def labelled_pages(fixtures: Path, leave_out: Collection[str] = ()) -> Iterator[LabelledPage]:
    """All labelled text but the sources named in `leave_out` (file stems under `fixtures`/labels)."""
    known = yaml.safe_load((fixtures / "labels" / "authors.yaml").read_text("utf-8"))
    for path in sorted((fixtures / "labels").glob("*.jsonl")):
        form, _, author = path.stem.partition("_")
        if path.stem in leave_out:
            continue
        if form == "bank":
            yield from bank_pages(fixtures / "banks" / f"{author}.jsonl", path)
        elif form == "excerpts":
            yield from excerpt_pages(path, known)
        else:
            yield from document_pages(fixtures / ("cases" if form == "packets" else form), path)


def excerpt_pages(path: Path, known: Mapping[str, Any]) -> Iterator[LabelledPage]:
    """A file of excerpts with `text` and `facts`; `known` is authors.yaml."""
    own = known["authors"].get(path.stem)
    for record in _records(path):
        if own:
            weights = _weights(dict.fromkeys(own, LABELLED), SELDOM)
        else:
            kinds = dict.fromkeys(known["passing"], SELDOM) | dict.fromkeys(
                known["criteria"][record["criterion"]], LABELLED
            )
            weights = _weights(kinds, MOSTLY)
        yield replace(_labelled(Page(1, record["text"], _no_boxes(), 612, 792), record["facts"], weights), excerpt=True)


def bank_pages(bank: Path, labels: Path) -> Iterator[LabelledPage]:
    """A bank, whose facts stand in a file of their own."""
    texts = {record["id"]: record["text"] for record in _records(bank)}
    for record in _records(labels):
        yield _labelled(Page(1, texts[record["id"]], _no_boxes(), 612, 792), record["facts"], _weights({}, LABELLED))


def document_pages(folder: Path, labels: Path) -> Iterator[LabelledPage]:
    """Whole documents, read from their Markdown: folder/[packet/]document.md."""
    for record in _records(labels):
        for page in markdown_pages(folder / record.get("packet", "") / f"{record['document']}.md"):
            yield _labelled(page, record["facts"], _weights({}, LABELLED))


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


def misread(pages: Sequence[LabelledPage], share: float, seed: int) -> list[LabelledPage]:
    """Copies of some pages, with the slips of OCR (l/1, rn/m, lost points), so that scans are no surprise."""
    rng = random.Random(seed)
    out = []
    for page in pages:
        if rng.random() < share:
            out.append(replace(page, parts=tuple((heading, _slips(said, rng)) for heading, said in page.parts)))
    return out


def _slips(said: str, rng: random.Random) -> str:
    return "".join(MISREAD.get(c.lower(), c) if rng.random() < 0.04 else c for c in said)


def _weights(kinds: Mapping[str, float], others: float) -> tuple[float, ...]:
    return tuple(kinds.get(name.split("=")[0], others) for name in label_names())


def _labelled(page: Page, facts: Sequence[Sequence[Any]], weights: tuple[float, ...]) -> LabelledPage:
    found = segments(page)
    known = set(label_names())
    stated: list[set[str]] = [set() for _ in found]
    for kind, value, quote in facts:
        if f"{kind}={value}" in known:
            for i in _stating(page.text, found, quote):
                stated[i].add(f"{kind}={value}")
    return LabelledPage(tuple(parts_of(found, page.text)), tuple(map(frozenset, stated)), weights)


def _stating(text: str, found: Sequence[Segment], quote: str) -> list[int]:
    """The segments that a quote covers, or that cover it; the closest one where none does by more than half."""
    at = text.find(quote)
    if at < 0:
        wanted = _plain(quote)
        shown = [_plain(s.text) for s in found]
        return [i for i, s in enumerate(shown) if wanted in s or (s in wanted and len(s) > max(8, 0.3 * len(wanted)))]
    shared = [min(at + len(quote), s.end) - max(at, s.start) for s in found]
    hits = [
        i
        for i, n in enumerate(shared)
        if n > 0 and (n >= 0.5 * len(quote) or n >= 0.6 * (found[i].end - found[i].start))
    ]
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
