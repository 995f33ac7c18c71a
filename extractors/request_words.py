"""The words of request.yaml, and the sentences and tick boxes in which they are looked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from extractors.document import Document
from extractors.patterns import rare
from extractors.rules import own_text, rules

NO_PATTERNS = ("added", "adjuncts", "never_spinal", "examples")
WRAPPED = 50
"""A line shorter than this was not wrapped: the next one starts anew."""
SENTENCE_END = re.compile(
    r"(?:(?<=[.?!])|(?<=[.?!][\"”)]))(?<!\b(?:Dr|Mr|Ms|St|vs)\.)(?<!\bMrs\.)(?<!\b(?:Prof)\.)\s+(?=[\"“]?[A-Z☐☒])"
)
BOX = re.compile("[☐☒]")
ANSWERED_NO = re.compile(r"[^☐☒]*\t\s*☐\s*\t\s*☒\s*")
"""A row of a table with a column for yes and one for no."""
LABEL = r"(?:[^\s☐☒]|\s(?=[^\s☐☒]))*\s*"
"""Words up to a wide gap."""


def cues() -> Mapping[str, Any]:
    """The patterns and drug names of request.yaml; each list of patterns compiled to one expression per item."""
    return _cues(own_text("request.yaml"))


@cache
def _cues(own: str) -> Mapping[str, Any]:
    data = rules("request.yaml", own)
    return {
        key: value if key in NO_PATTERNS else [rare(pattern, re.IGNORECASE) for pattern in value]
        for key, value in data.items()
    }


def matches(kind: str, text: str) -> bool:
    """Whether any pattern of the list `kind` is found in `text`."""
    return any(pattern.search(text) for pattern in cues()[kind])


def first_at(kind: str, text: str) -> int | None:
    """Where the first match of the list `kind` begins."""
    return min((m.start() for p in cues()[kind] if (m := p.search(text))), default=None)


def without(kind: str, text: str) -> str:
    """`text` with all that the list `kind` matches cut out."""
    for pattern in cues()[kind]:
        text = pattern.sub(" ", text)
    return text


def sentences_of(document: Document) -> list[str]:
    """Printed lines, those of wrapped prose joined and cut into sentences."""
    joined: list[str] = []
    for line in (line for page in document.pages for line in page.text.split("\n")):
        before = joined[-1] if joined else ""
        wrapped = len(before.split("\n")[-1]) >= WRAPPED or line[:1].islower()
        if before.strip() and line.strip() and wrapped and not _is_form_line(before) and not _is_form_line(line):
            joined[-1] += "\n" + line
        else:
            joined.append(line)
    return [part for text in joined for part in SENTENCE_END.split(text.replace("\n", " "))]


def _is_form_line(line: str) -> bool:
    return bool("\t" in line or BOX.search(line) or re.match(r"\s*(?:[-*•]|\d[.)])\s|[^:]{1,30}:(?:\s|$)", line))


def without_empty_options(line: str) -> str:
    """A line of tick boxes with its unticked options cut out, whether labels follow their boxes or stand before them."""
    line = re.sub(r"\[[xX]\]|\([xX]\)", "☒", re.sub(r"\[ ?\]|\( \)", "☐", line))
    if ANSWERED_NO.fullmatch(line):
        return ""
    before = BOX.match(line.rstrip()[-1:]) and not BOX.match(line.lstrip())
    return re.sub(rf"{LABEL}☐" if before else "☐[^☐☒]*", " ", line)
