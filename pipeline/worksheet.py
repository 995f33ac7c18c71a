"""The worksheet of a packet: one HTML file that needs no other, no script, and prints well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jinja2
import numpy as np

from criteria.evidence import Evidence
from criteria.policy import Policy
from criteria.screening import CriterionResult, Screening
from extractors.document import Document, Page
from extractors.markup import pieces
from pipeline.outputs import write_file
from pipeline.pictures import Strip, strips

MARGIN = 26.0
"""Points of the page shown above and below an excerpt."""
STATUS_WORDS = {"met": "met", "not_met": "not met", "insufficient": "insufficient", "conflicting": "conflicting"}


@dataclass(frozen=True, slots=True)
class Figure:
    """An excerpt on its page: the strip from `top` with `height` and the page's `width`, in points.

    `picture` is a data address; a page without picture has `words` instead: x, baseline, width, text.
    """

    evidence: Evidence
    top: float
    height: float
    width: float
    picture: str | None
    words: tuple[tuple[float, float, float, str], ...]

    @property
    def quote(self) -> tuple[tuple[str, bool], ...]:
        """The quoted words in pieces, and whether each was read with little confidence."""
        return pieces(self.evidence.excerpt.quote, self.evidence.excerpt.doubtful)


@dataclass(frozen=True, slots=True)
class Section:
    """One criterion as the page shows it."""

    result: CriterionResult
    asks: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Worksheet:
    """All that the template is given."""

    screening: Screening
    title: str
    counts: tuple[tuple[str, int], ...]
    sections: tuple[Section, ...]


def write_worksheet(
    screening: Screening, documents: Sequence[Document], files: Mapping[str, Path], policy: Policy, workspace: Path
) -> Path:
    """Write worksheets/<packet_id>.html. `files` gives each document's file, for its pictures."""
    text = worksheet_html(screening, documents, files, policy)
    return write_file(workspace / "worksheets" / f"{screening.packet_id}.html", text)


def worksheet_html(
    screening: Screening, documents: Sequence[Document], files: Mapping[str, Path], policy: Policy
) -> str:
    """The worksheet as one HTML page that needs no other."""
    return _template().render(page=build(screening, documents, files, policy), words=STATUS_WORDS)


def build(screening: Screening, documents: Sequence[Document], files: Mapping[str, Path], policy: Policy) -> Worksheet:
    """What the worksheet of a screening shows."""
    figures = _figures(screening, documents, files)
    asks = {criterion.id: criterion.asks for criterion in policy.criteria}
    sections = tuple(
        Section(
            result, asks[result.id], tuple(figures[_key(item)] for item in result.evidence if _key(item) in figures)
        )
        for result in screening.criteria
    )
    statuses = [result.status for result in screening.criteria]
    counts = tuple((status, sum(s == status for s in statuses)) for status in STATUS_WORDS)
    return Worksheet(screening, policy.title, counts, sections)


Key = tuple[str, int, int, int, str, str]


def _key(item: Evidence) -> Key:
    return (
        item.excerpt.document_id,
        item.excerpt.page,
        item.excerpt.start,
        item.excerpt.end,
        item.finding,
        item.stance,
    )


def _figures(screening: Screening, documents: Sequence[Document], files: Mapping[str, Path]) -> dict[Key, Figure]:
    """A figure per excerpt; each page is rendered once and dropped before the next."""
    by_page: dict[tuple[str, int], dict[Key, Evidence]] = {}
    for item in (item for result in screening.criteria for item in result.evidence):
        by_page.setdefault((item.excerpt.document_id, item.excerpt.page), {})[_key(item)] = item
    pages = {(document.document_id, page.number): page for document in documents for page in document.pages}
    figures: dict[Key, Figure] = {}
    for place, items in by_page.items():
        page = pages[place]
        shown = {key: _strip(item, page) for key, item in items.items()}
        found = strips(files[place[0]], page, tuple(shown.values()))
        for n, (key, (top, bottom)) in enumerate(shown.items()):
            words = () if found else _words(page, top, bottom)
            picture = found[n] if found else None
            figures[key] = Figure(items[key], round(top, 2), round(bottom - top, 2), page.width, picture, words)
    return figures


def _strip(item: Evidence, page: Page) -> Strip:
    boxes = item.excerpt.boxes
    if not boxes:
        return 0.0, page.height
    return max(0.0, min(b[1] for b in boxes) - MARGIN), min(page.height, max(b[3] for b in boxes) + MARGIN)


def _words(page: Page, top: float, bottom: float) -> tuple[tuple[float, float, float, str], ...]:
    """The words that stand between two heights, for a page that has no picture."""
    words: list[tuple[float, float, float, str]] = []
    start = None
    for at in range(len(page.text) + 1):
        printed = at < len(page.text) and not page.text[at].isspace() and not np.isnan(page.boxes[at, 0])
        if printed and start is None:
            start = at
        if not printed and start is not None:
            x0, y0, _, _ = (float(v) for v in page.boxes[start])
            x1, y1 = float(page.boxes[at - 1, 2]), float(page.boxes[at - 1, 3])
            if y0 < bottom and y1 > top and y0 >= top - 1 and y1 <= bottom + 1:
                words.append((round(x0, 1), round(y1 - 0.25 * (y1 - y0), 1), round(x1 - x0, 1), page.text[start:at]))
            start = None
    return tuple(words)


@cache
def _template() -> jinja2.Template:
    loader = jinja2.FileSystemLoader(Path(__file__).parent / "templates")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("worksheet.html")
