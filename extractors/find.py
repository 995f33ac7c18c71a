"""Findings of a packet: every reader over every page, then what follows from the whole.

    find(documents, phase="implant", request_date="2026-02-19", excluded={("07_labs", 2)})
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import islice

from extractors.allergies import find_allergies
from extractors.dates import document_date
from extractors.derive import derive
from extractors.details import with_details
from extractors.document import Document
from extractors.doses import find_doses
from extractors.finding import Finding
from extractors.labs import find_labs
from extractors.learned.reader import find_learned
from extractors.procedures import find_trials
from extractors.relief import find_relief
from extractors.stream import dated
from extractors.structure import segments
from extractors.weans import find_weans

NUMERIC = {"opioid_wean", "trial_relief"}
"""Facts that are arithmetic: where the numbers speak, the learned reader is not asked."""
PLACE = tuple[str, int]


def find(
    documents: Sequence[Document], *, phase: str = "unknown", request_date: str | None = None, excluded: Collection[PLACE] = ()
) -> tuple[Finding, ...]:
    """All findings of a packet, in the order of its documents and pages.

    `excluded` are (document_id, page) places that are not this patient's: nothing is read there.
    """
    found: list[Finding] = []
    for document in documents:
        found.extend(find_in_document(document, excluded))
    trial = _trial_date(found, request_date)
    found.extend(derive(found, trial, request_date, phase))
    return tuple(with_details(f) for f in _numbers_first(found))


def find_in_document(document: Document, excluded: Collection[PLACE] = ()) -> Iterator[Finding]:
    """The findings that one document states by itself."""
    name, day = document.document_id, document_date(document)
    pages = [(p, segments(p)) for p in document.pages if p.readable and (name, p.number) not in excluded]
    for reader in (find_doses, find_weans, find_relief, find_labs, find_trials):
        yield from reader(name, pages, day)
    days = dated(pages, day)
    for page, parts in pages:
        today = [iso for _, _, iso in islice(days, len(parts))]
        yield from find_allergies(name, page, parts, today)
        yield from find_learned(name, page, parts, today)


def _trial_date(found: Sequence[Finding], request_date: str | None) -> str | None:
    """The latest day on which a trial is said to have taken place, not after the request."""
    days = [f.date for f in found if f.kind == "trial_done" and f.value == "done" and f.date]
    return max((d for d in days if not request_date or d <= request_date), default=None)


def _numbers_first(found: Sequence[Finding]) -> list[Finding]:
    """Leave out the learned reading of a fact that the arithmetic has settled."""
    settled = {f.kind for f in found if f.kind in NUMERIC and f.rule != "learned" and f.assertion.plain and f.value != "vague"}
    return [f for f in found if not (f.rule == "learned" and f.kind in settled)]


