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
RUN_ON, LONGEST, COMMAS = 40, 80, 25
"""Words from which on a sentence without a full stop, or with one, and with fewer than one comma in `COMMAS` words was dictated without marks."""
CLAUSE = 5
"""The fewest words of a statement cut from such dictation."""
_SUBJECT = r"(?:she|he|they|I|we|(?:the |this )?patient|there (?:is|are|was|were)|this is|(?:his|her|the) (?:[a-z]+ ){1,3}?(?:is|are|was|were|has|had|looks?|stays?))\b"
_BINDS = (
    r"that|which|who|whom|what|when|where|how|why|if|whether|because|before|after|as|than|until|till|while|since|though|although|once|like|and|but|so|or|nor|"
    r"me|us|him|her|tells?|told|says?|said|thinks?|thought|believes?|feels?|felt|reports?|states?|hopes?|knows?|wish(?:es)?|shows?|showed|finds?|found|of|to|for|with|without|about|on|in|at|from|by|"
    r"is|are|was|were|be|has|have|had|the|an?|his|no|not|did|do|does|day|days|time|everything|all|thing|way"
)
STATEMENT = re.compile(
    rf"\s(?=(?:and|but|so)\s{_SUBJECT})|(?<!\S)(?P<word>[\w'’-]+)\s(?={_SUBJECT}|no (?:history|active|current|signs?|evidence|infection|change|known|side effects?|\w+ing)\b|"
    r"(?:medications?|meds|allerg(?:y|ies)|exam(?:ination)?|assessment|impression|plan is|abdomen|fundi|labs?|imaging|follow up|review of systems)\b)",
    re.I,
)
"""Where dictation without marks begins another statement, unless the word before binds the two."""
BINDS = re.compile(_BINDS, re.I)
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
        spans += [(start + a, start + b) for a, b in _statements(part.strip())]


def _statements(said: str) -> list[tuple[int, int]]:
    """A sentence as it is, or the statements of one that was dictated without marks."""
    words = len(said.split())
    if words < (LONGEST if said[-1] in ".?!" else RUN_ON) or said.count(",") * COMMAS > words:
        return [(0, len(said))]
    cuts = [0]
    for match in STATEMENT.finditer(said):
        bound = match["word"] and BINDS.fullmatch(match["word"])
        if not bound and len(said[cuts[-1] : match.end()].split()) >= CLAUSE:
            cuts.append(match.end())
    ends = [len(said[:cut].rstrip()) for cut in cuts[1:]] + [len(said)]
    return list(zip(cuts, ends, strict=True))
