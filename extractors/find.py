"""Findings of a packet: every reader over every page, then what follows from the whole.

    find(documents, RequestHint("implant", "nonmalignant", "hydromorphone", "2026-02-19"))
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from extractors.allergies import find_allergies
from extractors.answers import answered, asked
from extractors.attendance import find_attendance
from extractors.dates import days_between, document_date
from extractors.derive import derive, whole_only
from extractors.details import with_details, with_interaction
from extractors.document import Document
from extractors.doses import find_doses
from extractors.events import find_events
from extractors.finding import Finding
from extractors.hindsight import with_own_time
from extractors.labs import find_labs
from extractors.learned.reader import find_learned
from extractors.modality import with_modality
from extractors.procedures import find_trials, trial_days
from extractors.relief import find_relief
from extractors.request_facts import RequestHint
from extractors.retract import Note, with_retractions
from extractors.screens import find_screens
from extractors.stream import dated
from extractors.structure import segments
from extractors.substances import with_substances
from extractors.survival import find_survival, with_forecast
from extractors.weans import find_weans, with_proof

NUMERIC = {"opioid_wean", "trial_relief"}
"""Facts that are arithmetic: where the numbers speak, the learned reader is not asked."""
EARLIER_DAYS = 3
SCREENED = {"adherence", "substance_use_disorder"}
"""Facts that the rows of a drug screen state together."""


def find(documents: Sequence[Document], hint: RequestHint) -> tuple[Finding, ...]:
    """All findings of a packet, in the order of its documents and pages.

    The documents hold the patient's own pages only; `hint` is what the request says.
    """
    notes = [_note(document) for document in documents]
    found = with_retractions([finding for note in notes for finding in find_in_note(note)], notes)
    asked = hint.request_date
    found = [f for f in found if not (asked and str(f.attributes.get("until", asked)) < asked)]  # a course over by then
    trial = trial_days(f for f in found if not (asked and f.date and f.date > asked))
    found = whole_only([f for f in found if not before_trial(f, trial)])
    found.extend(derive(found, trial[-1] if trial else None, asked, hint.phase))
    read = [with_details(with_proof(with_forecast(with_modality(with_own_time(f, asked))))) for f in _numbers_first(found)]
    return tuple(with_substances(with_interaction(read)))


def before_trial(finding: Finding, trial: Sequence[str]) -> bool:
    """What numbers say of a time before the trial is of something else: a course of therapy charts its scores, too."""
    reckoned = finding.rule.startswith("relief.") and finding.date and trial
    return bool(reckoned) and days_between(finding.date or "", trial[0]) > EARLIER_DAYS


def _note(document: Document) -> Note:
    pages = [(p, segments(p)) for p in document.pages if p.readable]
    return Note(document.document_id, pages, document_date(document))


def find_in_note(note: Note) -> Iterator[Finding]:
    """The findings that one document states by itself."""
    name, pages, day = note.name, note.pages, note.day
    for reader in (find_doses, find_weans, find_relief, find_labs, find_screens, find_trials):
        yield from reader(name, pages, day)
    days = dated(pages, day)
    for page, parts in pages:
        today = [iso for _, _, iso in islice(days, len(parts))]
        yield from find_allergies(name, page, parts, today)
        yield from find_attendance(name, page, parts, today)
        yield from find_survival(name, page, parts, today)
        yield from find_events(name, page, parts, today)
        yield from asked(name, page, parts, today)
        yield from answered(find_learned(name, page, parts, today), parts)


def _numbers_first(found: Sequence[Finding]) -> list[Finding]:
    """Leave out the learned reading of a fact that the arithmetic has settled: in the packet, or on those words."""
    reckoned = [f for f in found if f.rule != "learned" and f.assertion.plain]
    settled = {f.kind for f in reckoned if f.kind in NUMERIC and f.value != "vague"}
    counted = [f for f in found if f.rule == "attendance" or (f.rule != "learned" and f.kind in NUMERIC | {"life_expectancy"})]
    places = {(f.kind, f.excerpt) for f in counted}
    panels = {(f.excerpt.document_id, *row) for f in found for row in _rows(f)}
    return [
        f
        for f in found
        if f.rule != "learned"
        or (f.kind not in settled and (f.kind, f.excerpt) not in places)
        and not (f.kind in SCREENED and (f.excerpt.document_id, f.excerpt.page, f.excerpt.start) in panels)
    ]


def _rows(finding: Finding) -> tuple[tuple[int, int], ...]:
    """Page and start of each row of the drug screen that a finding judges."""
    rows = finding.attributes.get("panel")
    return rows if isinstance(rows, tuple) else ()
