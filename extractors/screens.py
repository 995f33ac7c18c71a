"""Drug screens: panels row by row, and what a note says of one in a sentence.

    Drug      Result  Prescribed  Interpretation
    Cocaine   POS     No          INCONSISTENT       found and not prescribed: adherence poor, a use disorder suspected
    Morphine  NEG     Yes                            prescribed and not found: adherence poor
    Morphine  POS     Yes                            in a panel without either: adherence good

A panel is judged as a whole: beside an unexpected row its expected rows say nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from extractors.cues import cue
from extractors.dates import dates_in
from extractors.document import Excerpt, Page, excerpt
from extractors.finding import Finding
from extractors.opioids import opioids_in
from extractors.segment import Segment
from extractors.stream import SILENT, Pages, anchor_of, dated

SCREEN = cue("screens_about")
ILLICIT = cue("screens_illicit")
NOT_A_DRUG = re.compile(r"\b(?:creatinine|nicotine|cotinine|caffeine|ph|specific gravity|nitrite|oxidants?|temperature)\b", re.I)
ALCOHOL = re.compile(r"\b(?:ethyl glucuronide|ethyl sulfate|etg|ets|ethanol|alcohol)\b", re.I)
_ANALYTE = re.compile(r"\W*(?:drug|analyte|compound|test|substance|class|component|medication)s?\b", re.I)
_RESULT = re.compile(r"\b(?:results?|measured|finding|found|detected|outcome|screen)\b", re.I)
_EXPECTED = re.compile(r"\b(?:expected|prescribed|rx\b|med(?:ication)? list|on list|declared|reported|taking)", re.I)
_FLAG = re.compile(r"\b(?:interpretation|flag|consisten\w*|comment|status)\b", re.I)
_FOUND = re.compile(r"\s*(?:\*?\s*pos\b|yes\b|y\b|positive|detected|present|found|\+|[\d,.]+\s*(?:ng|$))", re.I)
_NOT_FOUND = re.compile(r"\s*(?:neg\b|no\b|n\b|negative|not (?:detected|found|present)|none|nd\b|n\.d\.|absent|<|-+\s*$)", re.I)
_YES = re.compile(r"\s*(?:y\b|yes|pos\b|positive|expected|prescribed|rx|metabolite|on list|listed|declared|present)", re.I)
_NO = re.compile(r"\s*(?:n\b|no\b|neg\b|negative|not |none|unexpected|-+\s*$)", re.I)
_BAD = re.compile(r"\b(?:inconsistent|unexpected|not (?:consistent|expected)|discrepan\w+|aberrant|abnormal)\b", re.I)
_GOOD = re.compile(r"\b(?:consistent|expected|appropriate)\b", re.I)
_SAMPLED = re.compile(r"\b(?:collected|drawn|obtained|screen|panel|uds|udt|toxicology|urine)\b[\s:(,\w-]{0,30}$", re.I)
_EXTRA = cue("screens_extra")
_MISSING = cue("screens_missing")
_AS_PRESCRIBED = cue("screens_good")
_NOT_TOLD = cue("screens_not_told")
_UNPRESCRIBED = re.compile(r"\b(?:not|never|non|un)[- ]?prescribed\b|\bwithout a prescription\b|\bunexpected(?:ly)?\b|\bnot his\b|\bnot hers\b", re.I)
_POSITIVE = re.compile(r"\b(?:positive|pos|\+ve)\b|(?:^|\s)\+\s*(?:for\b)?|\bdetected\b|\bshow(?:s|ed)\b|\bfound\b|\bgrew\b|\bcontained\b", re.I)
_CONTENTS = re.compile(r":\s*(?:[\w-]+(?:\s\([^)]*\))?\s*,\s*)+[\w-]+\s*(?:\([^)]*\)\s*)?[.;]?\s*$")
"""A test and, behind its colon, what was in it ("Urine test: hydrocodone, benzoylecgonine.")."""


@dataclass(frozen=True, slots=True)
class Row:
    """A panel's row: was the drug found, was it to be expected, and does the laboratory call it unexpected (None: not said)."""

    drug: str
    where: Excerpt
    found: bool | None
    expected: bool | None
    flagged: bool | None

    @property
    def unexpected(self) -> bool:
        if self.flagged is not None:
            return self.flagged
        return self.found is not None and self.expected is not None and self.found != self.expected

    @property
    def as_prescribed(self) -> bool:
        return self.found is True and self.flagged is not True and (self.expected is True or self.flagged is False)


def find_screens(document_id: str, pages: Pages, day: str | None) -> list[Finding]:
    """`adherence` and `substance_use_disorder` (suspected) findings; those of a panel hold (page, start) of its rows as `panel`."""
    found: list[Finding] = []
    panel: list[Row] = []
    collected, about = day, False
    for page, segment, today in dated(pages, day):
        sampled = [m.iso for m in dates_in(segment.text, anchor_of(day)) if _SAMPLED.search(segment.text[: m.start])]
        collected = sampled[0] if sampled else collected
        row = _row(document_id, page, segment, about) if segment.kind == "row" and not segment.marks & SILENT else None
        if segment.kind != "row":
            found += _judged(panel, collected)
            panel = []
            about = bool(SCREEN.search(f"{segment.heading} {segment.text}"))
            if not segment.marks & SILENT and segment.kind in ("sentence", "field"):
                found += _told(document_id, page, segment, sampled[0] if sampled else today)
        elif row:
            panel.append(row)
        elif not segment.marks & SILENT and (SCREEN.search(segment.text) or about and _of_a_day(page, segment)):
            found += _logged(document_id, page, segment, sampled[0] if sampled else today)
    return found + _judged(panel, collected)


def _row(document_id: str, page: Page, segment: Segment, about: bool) -> Row | None:
    """The row of a panel, its cells read by their headers, or by what they say where there are none."""
    cells = [page.text[a:b] for a, b in segment.cells]
    if len(cells) < 2 or NOT_A_DRUG.search(cells[0]) or not re.search(r"[A-Za-z]{3}", cells[0]):
        return None
    named = dict.fromkeys(("found", "expected", "flagged"), "")
    if segment.columns and (_ANALYTE.match(segment.columns[0]) or about):
        for column, text in zip(segment.columns[1:], cells[1:], strict=False):
            role = "flagged" if _FLAG.search(column) else "expected" if _EXPECTED.search(column) else "found"
            if role != "found" or _RESULT.search(column):
                named[role] = named[role] or text
        about = about or bool(named["expected"] or named["flagged"]) and bool(named["found"])
    elif about:
        named["found"] = cells[1]
        named["flagged"] = next((c for c in cells[2:] if _BAD.search(c) or _GOOD.search(c)), "")
    if not about:
        return None
    flagged = True if _BAD.search(named["flagged"]) else False if _GOOD.search(named["flagged"]) else None
    found, expected = _either(named["found"], _NOT_FOUND, _FOUND), _either(named["expected"], _NO, _YES)
    if found is None or (expected is None and flagged is None):
        return None
    return Row(cells[0], excerpt(document_id, page, segment.start, segment.end), found, expected, flagged)


def _of_a_day(page: Page, segment: Segment) -> bool:
    """A row that opens with a day: a screen of that day, below a heading or a sentence that names screens."""
    return bool(segment.cells) and bool(dates_in(page.text[slice(*segment.cells[0])], None))


def _logged(document_id: str, page: Page, segment: Segment, day: str | None) -> Iterator[Finding]:
    """A screen that is one row of a log of tests ("4/6 <tab> UDS <tab> oxycodone +, cocaine + <tab> unexpected")."""
    text = segment.text
    where = excerpt(document_id, page, segment.start, segment.end)
    cells = [page.text[a:b] for a, b in segment.cells]
    verdict = next((v for c, v in zip(segment.columns, cells, strict=False) if _EXPECTED.search(c)), "") if len(segment.columns) == len(cells) else ""
    illicit = bool(ILLICIT.search(text) and not _denied(text))
    extra = illicit or bool(_UNPRESCRIBED.search(text) or re.search(r"\bnone prescribed\b", text, re.I))
    if illicit or _NO.match(verdict) or _BAD.search(text):
        yield _finding("adherence", "poor", where, "screens.log", day, (where,))
        if extra:
            yield _finding("substance_use_disorder", "suspected", where, "screens.log", day, (where,))
    elif _YES.match(verdict) or _GOOD.search(text):
        yield _finding("adherence", "good", where, "screens.log", day, (where,))


def _either(text: str, no: re.Pattern[str], yes: re.Pattern[str]) -> bool | None:
    return False if no.match(text) else True if yes.match(text) else None


def _judged(panel: Sequence[Row], day: str | None) -> list[Finding]:
    """What a panel comes to: its unexpected rows, or else what was found as prescribed."""
    if not panel:
        return []
    rows = tuple(row.where for row in panel)
    bad = [row for row in panel if row.unexpected]
    made = [_finding("adherence", "poor", row.where, "screens.panel", day, rows) for row in bad]
    for row in bad:
        if row.found and not row.expected and not ALCOHOL.search(row.drug):
            made.append(_finding("substance_use_disorder", "suspected", row.where, "screens.panel", day, rows))
    taken = [row for row in panel if row.as_prescribed]
    if taken and not bad:
        made.append(_finding("adherence", "good", taken[0].where, "screens.panel", day, rows))
    return made


def _told(document_id: str, page: Page, segment: Segment, day: str | None) -> Iterator[Finding]:
    text = segment.text
    if not SCREEN.search(text) or _NOT_TOLD.search(text):
        return
    where = excerpt(document_id, page, segment.start, segment.end)
    told = _POSITIVE.search(text) or _CONTENTS.search(text)
    illicit = bool(ILLICIT.search(text) and told and not _denied(text))
    extra = illicit or bool(_EXTRA.search(text)) or bool(_UNPRESCRIBED.search(text) and _POSITIVE.search(text) and not _AS_PRESCRIBED.search(text))
    if extra and not _AS_PRESCRIBED.search(text):
        yield _finding("adherence", "poor", where, "screens.told", day)
        yield _finding("substance_use_disorder", "suspected", where, "screens.told", day)
    elif _missing(text):
        yield _finding("adherence", "poor", where, "screens.told", day)
    elif _AS_PRESCRIBED.search(text):
        yield _finding("adherence", "good", where, "screens.told", day)


def _denied(text: str) -> bool:
    """Whether the illicit drug stands behind a no: "negative for cocaine", "no heroin"."""
    named = [m.start() for m in ILLICIT.finditer(text)]
    return all(
        re.search(r"\b(?:no|not|neg\w*|without|nor|absent|denies)\b[^.;:]*$", text[:at], re.I)
        and not re.search(r"\b(?:positive|pos|\+)\b[^;]*$", text[:at].rpartition("neg")[2], re.I)
        or re.match(r"[\w\s,/()-]{0,30}?\b(?:neg\w*|not detected|absent)\b", text[at:], re.I)
        for at in named
    )


def _missing(text: str) -> bool:
    """A prescribed opioid that was not found."""
    match = _MISSING.search(text)
    prescribed = re.search(r"\bprescri\w+|\bfills?\b|\bshould have\b|\bexpected\b|\btakes\b|\brx'?d?\b|\bclaims\b", text, re.I)
    return bool(match and prescribed and not _UNPRESCRIBED.search(text) and (opioids_in(text[match.start() :]) or "prescribed" in match[0]))


def _finding(
    kind: str, value: str, where: Excerpt, rule: str, day: str | None, panel: tuple[Excerpt, ...] = ()
) -> Finding:
    return Finding(kind, value, where, rule, date=day, attributes={"panel": tuple((e.page, e.start) for e in panel)} if panel else {})
