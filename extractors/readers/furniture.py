"""What repeats at the top and bottom of pages: letterhead, patient banner, fax line, page number."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from extractors.document import Line, LineKind, Page

TOP, BOTTOM = 0.16, 0.90
"""Shares of the page's height above and below which a line can be a header or a footer."""
EDGE = 4
"""Only so many lines from either end of a page are looked at."""
BANNER = re.compile(
    r"\b(?:(dob|d\.o\.b|date of birth|birth date)|(mrn|m\.r\.n|mr\s?#|med(?:ical)? rec(?:ord)?\s?(?:#|no\b|num\w*|:)|acct|record\s?(?:#|no\b|num\w*|:))"
    r"|(?:member|patient|pt|name)\b(?: name| id)?(?=\s*[:#/]))",
    re.I,
)
BANNER_LENGTH = 160
"""A banner is short; a sentence that names a record and a day is read."""
NUMBERED = re.compile(r"\b(page|pg\.?|p\.)\s*\d+(\s*(of|/)\s*\d+)?\s*$|^\s*-?\s*\d+\s*(of|/)\s*\d+\s*-?\s*$", re.I)
FAX = re.compile(r"\b(fax|from|to)\b.*\b(p(age|g)?\.?\s*\d+|\d{3}[-. ]\d{4})\b.*", re.I)
DATED = re.compile(r"\b\d{4}-\d\d-\d\d\b|\b\d{1,2}/\d{1,2}/(\d\d){1,2}\b")
DIGITS = re.compile(r"\d+")


def mark_repeated(pages: Sequence[Page]) -> list[Page]:
    """The same pages with their headers and footers marked; the text stays as it is.

    A line in the outer zone is one when it stands, digits aside, on several pages at that end; page
    numbers, fax lines and patient banners are known by their words on a single page too.
    """
    seen: Counter[tuple[bool, str]] = Counter()
    for page in pages:
        seen.update({(top, _shape(page, line)) for top, line in _outer(page)})
    often = max(2, len(pages) // 3)
    marked = []
    for page in pages:
        kinds: dict[int, LineKind] = {}
        for top, line in _outer(page):
            known = _known(page.text[line.start : line.end], top and page.text[line.end : line.end + 2] in ("", "\n\n"))
            if seen[top, _shape(page, line)] >= often or known:
                kinds[line.start] = "header" if top else "footer"
        last = max((i for i, line in enumerate(page.lines) if kinds.get(line.start) == "header"), default=-1)
        kinds.update({line.start: "header" for line in page.lines[: last + 1] if line.start in _tops(page)})
        lines = tuple(replace(n, kind=kinds[n.start]) if n.start in kinds else n for n in page.lines)
        marked.append(replace(page, lines=lines) if kinds else page)
    return marked


def _outer(page: Page) -> list[tuple[bool, Line]]:
    """Lines near the top (True) and bottom (False) of a page."""
    if not page.lines:
        return []
    tops, found = _tops(page), []
    for line in page.lines[:EDGE]:
        if line.start in tops:
            found.append((True, line))
    for line in page.lines[-EDGE:]:
        if line.end > line.start and page.boxes[line.start][1] >= BOTTOM * page.height:
            found.append((False, line))
    return found


def _tops(page: Page) -> set[int]:
    return {n.start for n in page.lines[:EDGE] if n.end > n.start and page.boxes[n.start][3] <= TOP * page.height}


def _shape(page: Page, line: Line) -> str:
    return DIGITS.sub("0", page.text[line.start : line.end]).casefold().replace(" ", "")


def _known(text: str, top: bool) -> bool:
    if NUMBERED.search(text) or (FAX.search(text) and len(text) < 120):
        return bool(NUMBERED.search(text)) or top
    kinds = {m.lastindex for m in BANNER.finditer(text)} if len(text) < BANNER_LENGTH else set()
    return top and bool(kinds - {None}) and len(kinds) + bool(DATED.search(text)) >= 2
