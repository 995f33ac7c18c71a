"""Sentence boundaries of clinical prose: linear in the text, no model.

medspaCy's splitter walks its rule tree once per character; this one looks only at full stops.
"""

from __future__ import annotations

import re

END = re.compile(r"[.?!]+[\"')\]”’]*(?=\s+[\"'“‘(\[]?[A-Z0-9☐☒])|(?<=\S)\s+--\s+(?=[A-Z])")
ABBREVIATION = re.compile(
    r"(?:\b(?:Dr|Mr|Mrs|Ms|St|Jr|Sr|No|Nos|vs|pt|Pt|approx|appt|dept|Dept|est|Fig|fig|e\.g|i\.e|etc|cf|ca|hx|Hx|dx|Dx|tx|Tx|"
    r"q|Inc|Ltd|Prof|Rev|Capt|Sgt|Gen|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec|wt|ht|max|min|avg|sec|hr|hrs|mo|yr|yrs|wk|wks)"
    r"|\b[A-Z]|\b\d{1,2})$"
)
LIST_NUMBER = re.compile(r"(?:^|\s)\d{1,2}$")


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """(start, end) of each sentence, white space left out; a text without a full stop is one."""
    spans: list[tuple[int, int]] = []
    at = 0
    for match in END.finditer(text):
        before = text[at : match.start()]
        if match[0].startswith(".") and _abbreviates(before, text[match.end() :]):
            continue
        end = match.end() if match[0][0] in ".?!" else match.start()
        _add(spans, text, at, end)
        at = match.end()
    _add(spans, text, at, len(text))
    return spans


def _abbreviates(before: str, after: str) -> bool:
    """"Dr. Odom" and "S. Verret" go on; "was 8. She" and "since 2019. He" end."""
    if not ABBREVIATION.search(before):
        return False
    if re.search(r"\b\d{1,2}$", before):
        return bool(LIST_NUMBER.search(before)) and len(before.strip()) <= 3
    if re.search(r"\b(?:etc|mo|yr|yrs|wk|wks|hr|hrs|min|sec|hx|Hx|dx|Dx|pt|appt|avg|max|q)$", before):
        return after.lstrip()[:1].isdigit() or after.lstrip()[:1].islower()
    return True


def _add(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    part = text[start:end]
    if part.strip():
        start += len(part) - len(part.lstrip())
        spans.append((start, start + len(part.strip())))
