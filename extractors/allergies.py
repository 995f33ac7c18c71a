"""Allergy lists: what is named, which of it are opioids, and which entries are side effects only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from extractors.document import Page, excerpt
from extractors.finding import Finding
from extractors.opioids import opioids_in
from extractors.request_facts import drug_names
from extractors.segment import Segment
from extractors.stream import SILENT

NONE_KNOWN = re.compile(
    r"\bNKD?A\b|\bNKMA\b|\bno (?:known )?(?:drug|medication|medicine"
    r"|med)s?\b[\w/ ]{0,20}\b(?:allerg\w+|reactions?|sensitivit\w+|hypersensitivit\w+)"
    r"|\bno known allerg\w+|\ballerg(?:y|ies)\s*(?:reviewed|checked|verified|list\w*|to \w+)?\s*(?:\([^)]*\))?\s*[:\-]\s*(?:none|nil|no known"
    r"|denies|no\b(?! change))|\ballerg\w+ to (?:no|any) (?:drugs?|medications?"
    r"|medicines?)\b"
    r"|\ballerg(?:y|ies) (?:are |is )?none\b"
    r"|\bdenies (?:any )?(?:drug |medication |medicine )?allerg\w+",
    re.I,
)
WRONG = re.compile(
    r"\b(?:should|must|needs?|ought) (?:to )?(?:be )?(?:changed|corrected|amended|updated|removed|struck|taken off|revis\w+)"
    r"|\b(?:is|was) (?:wrong|incorrect|out of date|outdated|not (?:right|true|correct))\b|\bno longer\b",
    re.I,
)
"""Said of a "none known" that stands elsewhere and does not hold."""
UNKNOWN = re.compile(
    r"\bunknown\b|\bunable\b|\bnot (?:known|reviewed|obtained|recorded|on file|asked)"
    r"|\bsee\b|\bas per\b|\bper (?:list|chart)\b|_{2,}|\bpending\b|\b(?:no change"
    r"|unchanged)\b",
    re.I,
)
SAYS = re.compile(
    r"\ballerg\w+|\badverse (?:drug )?reaction|\bADRs?\b|\breactions?\b|\bhypersensitiv\w+" r"|\banaphyla\w+", re.I
)
LISTED = re.compile(r"\W*(?:\w+ ){0,2}(?:(?:drug |medication )?(?:allerg(?:y|ies)|reactions?)(?: (?:history|list))?) ?:", re.I)
"""A list that opens a sentence with its name."""
MILD = re.compile(
    r"nausea|vomit|upset|constipat|drows|sedat|sleepy|dizz|headache|intoleran|side effect"
    r"|queasy|sick to|GI\b|stomach|fogg|confus|\bitch(?:y|ing)? only"
    r"|not (?:an? )?(?:true )?allerg",
    re.I,
)
ENTRY = re.compile(r"[;,.\n]|\band\b")
NO_REACTION = re.compile(r"\W*(?:no|never (?:had )?an?y?|without) (?:known |adverse |allergic )*(?:reactions?|allerg\w+) (?:to|with)\b", re.I)
LOOKED_AT = re.compile(r"\W*(?:(?:were|was|list|all|again|today|and|with|the|patient|pt|by|nurse|rn|in|chart|epic|ehr) )*(?:reviewed|checked|verified|updated|confirmed|reconciled)\b[^:(]*", re.I)
"""An entry that only says that somebody looked at the list."""


def find_allergies(
    document_id: str, page: Page, segments: Sequence[Segment], day: Sequence[str | None]
) -> Iterator[Finding]:
    """`drug_allergy` absent for "NKDA"; `allergy_list` with attributes `drugs` and `opioids` for named entries."""
    for i, segment in enumerate(segments):
        if segment.marks & SILENT or not _about(segment):
            continue
        where = excerpt(document_id, page, segment.start, segment.end)
        if NONE_KNOWN.search(segment.text):
            if not WRONG.search(segment.text):
                yield Finding("drug_allergy", "absent", where, "allergies.none", date=day[i])
            continue
        entries = [entry for entry in _entries(segment) if not NO_REACTION.match(entry)]
        if not entries or UNKNOWN.search(segment.text):
            continue
        true = [e for e in entries if not MILD.search(e)]
        drugs = {d for e in true for d in drug_names(e)} | {o.opioid.name for e in true for o in opioids_in(e)}
        opioids = sorted({o.opioid.name for e in true for o in opioids_in(e)})
        yield Finding(
            "allergy_list",
            "listed",
            where,
            "allergies.list",
            date=day[i],
            attributes={"drugs": tuple(sorted(drugs)) or ("other",), "opioids": tuple(opioids)},
        )


def _about(segment: Segment) -> bool:
    if segment.kind == "heading":
        return bool(NONE_KNOWN.search(segment.text))
    if segment.section == "allergies":
        return True
    if any(re.match(r"allerg(?:en|y|ies)|substance|agent", c, re.I) for c in segment.columns[:1]):
        return True
    return (
        segment.kind in ("field", "row") and bool(SAYS.search(segment.label))
        or bool(NONE_KNOWN.search(segment.text) or LISTED.match(segment.text))
    )


def _entries(segment: Segment) -> list[str]:
    """The entries of a list: "sulfa (rash), codeine (nausea)" gives two."""
    text = segment.text
    if listed := LISTED.match(text):
        text = text[listed.end() :]
    if segment.kind == "row" and segment.columns:
        return [segment.text]
    if segment.kind == "field" and SAYS.search(segment.label):
        text = text.split(":", 1)[-1]
    text = re.sub(r"\(([^)]*)\)", lambda m: "(" + ENTRY.sub(" ", m[1]) + ")", text)
    return [part.strip() for part in ENTRY.split(text) if re.search(r"[A-Za-z]{3}", part) and not LOOKED_AT.fullmatch(part.strip())]
