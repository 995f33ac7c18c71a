"""Daily doses of systemic opioids that a document states: from lists, tables and prose, in MME.

Spinal doses, infusions, single rescue doses, plans and other people's drugs are no systemic dose. A
dose whose drug, strength or frequency is unknown is a finding with value None, never zero.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from extractors.cues import cue
from extractors.dates import dates_in
from extractors.document import Page, excerpt
from extractors.finding import Finding
from extractors.opioids import formulary, opioids_in
from extractors.patterns import rare
from extractors.quantities import NUMBER, number
from extractors.segment import Segment
from extractors.sig import Regimen, regimens_in
from extractors.stream import SILENT, Pages, anchor_of, dated
from extractors.totals import KEYWORD, OTHERS, PAST, PAST_AFTER, PLANNED, Place, stated_total, totals_in
from extractors.weanwords import AFTER, AHEAD, COUNTS

_SPINAL = re.compile(
    r"\bintrathecal|\bIT\b|\bepidural|\bspinal\b|\bneuraxial|\breservoir|\bpreservative|\bPF\b|"
    r"\bcatheter|\bintraventricular|\bsingle[- ]shot|\btest dose",
    re.I,
)
_ACUTE = re.compile(
    r"\bPCA\b|\bI\.?V\b|\bintravenous|\binfusion\b|\bdrip\b|\bbolus|\bdemand\b|\bin the (?:ED|"
    r"ER|recovery|emergency)\b|\bper hour\b(?!.{0,40}(?:72|patch))|\bPACU\b",
    re.I,
)
_TRIED = cue("doses_tried")
_NOW = re.compile(r"\b(?:now|currently|presently|today|at present|these days)\b[^.;,]{0,30}$", re.I)
_HELD = re.compile(
    r"[^.;]{0,25}?\b(?:unchanged|the same|same as before|untouched|not (?:been )?(?:changed|touched|reduced)|left alone|"
    r"remains?|continues?|as (?:it was|before))\b",
    re.I,
)
"""After a dose: it was no other one before."""
_SAME_AS = re.compile(r"\b(?:the same|unchanged|no different|as before|as it was)\b", re.I)
"""Between a dose and a date: it was so then, and is so still."""
_PLAN_LABEL = re.compile(r"\s*(?:P|plan|rec(?:ommendations?)?|next)\s*", re.I)
_IN_ALL = re.compile(r"\bin all\b|\btotal\b|\baltogether\b|\bcombined\b", re.I)
_TAKES = cue("doses_takes")
_CURRENT = re.compile(r"^\s*(?:(?:dose|regimen|daily dose)\s+)?(?:today|now|new\b|current|present|after|at (?:the )?trial)", re.I)
_EARLIER = re.compile(
    r"^\s*(?:(?:dose|regimen|daily dose)\s+)?(?:before|prior|previous|baseline|start|initial|intake|peak|original|old\b|former|"
    r"pre-?\s?(?:wean|taper|trial))",
    re.I,
)
"""Headers of a column that holds doses of now, and of before."""
_PER_DAY = re.compile(r"\b(?:tab(?:let)?|cap(?:sule)?|pill|dose|number|time|unit)s?\s*(?:per|a|/|each)\s*day\b|^\s*(?:per|a|#\s*/) ?day\s*$", re.I)
_INTENDED = re.compile(r"\b(?:scheduled?|planned|target|goal|intended|ordered|proposed|prescribed)\b", re.I)
_IN_QUESTION = re.compile(r"\s*(?:\(\?\)|\?(?!\s*[A-Z]?\w*:))|[^.;?]{0,12}\b(?:unsure|not sure|isn'?t sure|uncertain|unclear)\b", re.I)
""" "10 TID? he isn't sure" gives no number."""
_LEAST = 2.5
"""MME a day: less is a dose for the spine, told without saying so."""
_TO_COME = re.compile(r"\((?:planned|proposed|intended|to come|goal|target|future|next|scheduled)\)|^\W*(?:planned|proposed|goal|target|next)\b", re.I)
"""A row of a taper that is still to come."""
_ACTUAL = re.compile(r"\b(?:dispensed|taken|actual(?:ly)?|used|filled|reported|takes)\b", re.I)
_ON_NOW = re.compile(r"\b(?:comes? to (?:me|us|this clinic) on|currently|at present|presently|is (?:now )?on|takes)\b", re.I)
_HISTORY = cue("doses_history")
_ONLY = cue("doses_only")

_PATCHES = frozenset({12.0, 12.5, 25.0, 37.5, 50.0, 62.5, 75.0, 87.5, 100.0})
_OPIOID_COLUMN = re.compile(rf"\b{KEYWORD}\b")


def find_doses(document_id: str, pages: Pages, day: str | None) -> list[Finding]:
    """`opioid_dose` findings (MME/day, or None with attribute `reason`) of one document of date `day` (ISO).

    Attributes: drug, extended, low, arithmetic, stated (a total in the note's own words), past, listed
    (part of a list that is complete for its date), only, at (order in the document).
    """
    found: list[Finding] = []
    last: Regimen | None = None
    planning = False
    whole = " ".join(s.text for _, ss in pages for s in ss)
    wears = bool(re.search(r"\bpatch|transdermal|duragesic", whole, re.I)) or not re.search(
        r"catheter|mcg[^.;]{0,20}(?:intrathecal|epidural)|infusion", whole, re.I
    )
    for order, (page, segment, today) in enumerate(dated(pages, day)):
        if segment.kind == "heading":
            last = None
        planning = bool(_PLAN_LABEL.fullmatch(segment.label)) if segment.kind != "sentence" else planning
        to_come = segment.kind == "row" and _TO_COME.search(page.text[slice(*segment.cells[0])])
        if segment.marks & SILENT or segment.kind == "tick" or planning or to_come:
            continue
        place = Place(document_id, page, segment, today, wears)
        spoken = regimens_in(segment.text, anchor_of(today), last)
        entries = [*_columns(place), *_prose(place, spoken), *_daily_change(place, last)]
        stated = [] if _has_no_total(segment) else list(totals_in(place))
        named = opioids_in(segment.text)
        if spoken or named or formulary().others.search(segment.text):
            last = spoken[-1] if spoken else None
        for number_, finding in enumerate([*entries, *stated]):
            found.append(_numbered(finding, order * 100 + number_))
    return found


def _numbered(finding: Finding, at: int) -> Finding:
    return replace(finding, attributes={**finding.attributes, "at": at})


def _columns(place: Place) -> Iterator[Finding]:
    """Tables with a column per date or per drug: each cell is a dose of its own."""
    segment = place.segment
    if segment.kind != "row" or not segment.columns or len(segment.columns) != len(segment.cells):
        return
    texts = [place.page.text[a:b] for a, b in segment.cells]
    label = opioids_in(texts[0])
    actual = any(_ACTUAL.search(column) for column in segment.columns)
    count = next((t for c, t in zip(segment.columns, texts, strict=True) if _PER_DAY.search(c) and re.fullmatch(NUMBER, t.strip(), re.I)), None)
    row_day = next((m.iso for m in dates_in(texts[0], anchor_of(place.day))), place.day)
    if count and _by_count(segment):
        joined = " ".join(f"{t} {count.strip()} times a day" if opioids_in(t) else t for t in texts if t != count)
        yield from _entries(place, joined, row_day, regimens_in(joined, anchor_of(place.day)), listed=True)
        return
    for column, text in zip(segment.columns[1:], texts[1:], strict=True):
        if actual and _INTENDED.search(column):
            continue
        days = [m.iso for m in dates_in(column, anchor_of(place.day))]
        named = opioids_in(column)
        if label and (days or _CURRENT.match(column) or _EARLIER.match(column)):
            joined = f"{texts[0]} {text}"
            spoken = regimens_in(joined, anchor_of(place.day))
            earlier = not days and bool(_EARLIER.match(column))
            entries = _entries(place, joined, days[0] if days else place.day, spoken, listed=True)
            yield from (_as_before(entry) if earlier else entry for entry in entries)
        elif named:
            joined = f"{column} {text}"
            yield from _entries(place, joined, row_day, regimens_in(joined, anchor_of(place.day)), listed=True)
        elif _OPIOID_COLUMN.search(column) and re.fullmatch(rf"\s*{NUMBER}\s*(?:mg)?\s*", text):
            yield stated_total(place, number(re.findall(NUMBER, text)[0]), row_day, past=False)


def _by_count(segment: Segment) -> bool:
    """Whether a column counts the tablets of a day, and the others name drug and strength."""
    return any(_PER_DAY.search(c) for c in segment.columns) and not any(opioids_in(c) for c in segment.columns)


def _by_column(segment: Segment, page: Page) -> bool:
    if segment.kind != "row" or len(segment.columns) != len(segment.cells):
        return False
    if _by_count(segment):
        return True
    label = bool(opioids_in(page.text[segment.cells[0][0] : segment.cells[0][1]]))
    return any(
        (label and (dates_in(c) or _CURRENT.match(c) or _EARLIER.match(c))) or opioids_in(c) for c in segment.columns[1:]
    )


def _as_before(dose: Finding) -> Finding:
    """The dose as one of before, without a date of its own."""
    return replace(dose, date=None, attributes={**dose.attributes, "past": True})


def _prose(place: Place, spoken: list[Regimen]) -> Iterator[Finding]:
    segment = place.segment
    if _by_column(segment, place.page) or segment.section in ("allergies", "family_history", "review_of_systems"):
        return
    listed_now = re.search(r"med(?:ication)?s\b|current|opioid", segment.heading, re.I) or _ON_NOW.search(segment.text)
    if _HISTORY.search(segment.heading) and not listed_now:
        return
    yield from _entries(
        place, segment.text, place.day, spoken, listed=segment.kind == "row" or segment.section == "medications"
    )


def _entries(place: Place, text: str, day: str | None, regimens: list[Regimen], listed: bool) -> Iterator[Finding]:
    row = place.segment.kind == "row"
    changes = [m.span() for m in _FROM_TO.finditer(text)]
    last: Regimen | None = None
    for regimen in (part for spoken in regimens for part in _counted_down(text, spoken)):
        left = last.end if last and last.superseded and last.drug.opioid == regimen.drug.opioid else 0
        last = regimen
        if any(a < regimen.end and regimen.start < b for a, b in changes) or not _systemic(text, regimen, place):
            continue
        amount, words = regimen.mme() if not _IN_QUESTION.match(text, regimen.end) else (None, "the dose is in question")
        if amount and 0 < amount[1] < _LEAST:
            continue
        if (
            amount is None
            and not (regimen.told and (listed and not row or _TAKES.search(text[: regimen.start])))
            and not (row and _medicines(place.segment))
        ):
            continue
        before = re.split(r"[.;]\s", text[min(left, regimen.start) : regimen.start])[-1]
        compared = regimen.day and _SAME_AS.search(text[regimen.start : regimen.day.start])
        own = regimen.day.iso if regimen.day and not compared and not (row and regimen.day.start > regimen.start) else None
        told_past = bool(PAST.search(before) and not _NOW.search(before)) or bool(PAST_AFTER.match(text, regimen.end))
        in_cell = row and re.search(r"\b(?:was|formerly|previously)\s+$", text[: regimen.start], re.I)
        past = own is None and (regimen.superseded or bool(in_cell) or not row and told_past)
        made = Finding(
            "opioid_dose",
            amount[1] if amount else None,
            excerpt(place.document_id, place.page, place.segment.start, place.segment.end),
            "doses",
            unit="MME/day",
            date=None if past else own or day,
            derivation=words if amount else None,
            attributes={
                "drug": regimen.drug.opioid.name,
                "extended": regimen.drug.extended,
                "low": amount[0] if amount else None,
                "stated": bool(
                    regimen.total and amount and _IN_ALL.search(text[max(0, regimen.start - 30) : regimen.end + 25])
                ),
                "past": past,
                "before_trial": bool(AHEAD.search(text)),
                "after_trial": bool(AFTER.search(before)),
                "listed": listed and own is None,
                "only": bool(_ONLY.search(text)),
                "joined": regimen.joined,
                "stopped": regimen.stopped,
                "reason": None if amount else words,
            },
        )
        yield made
        if not past and own is None and amount and (compared or _HELD.match(text, regimen.end)):
            yield _as_before(replace(made, attributes={**made.attributes, "held": True}))


def _counted_down(text: str, spoken: Regimen) -> Iterator[Regimen]:
    """ "Hydrocodone 10/325 from six a day to two": the dose before and the one after."""
    change = next((m for m in COUNTS.finditer(text) if m.start() < spoken.end and spoken.start < m.end()), None)
    if change is None or spoken.strength is None or spoken.times or spoken.total or spoken.unit != "mg":
        yield spoken
        return
    for count, superseded in ((number(change["a"]), True), (number(change["b"]), False)):
        yield replace(spoken, units=(count, count), superseded=superseded, end=max(spoken.end, change.end()))


def _medicines(segment: Segment) -> bool:
    """A row of a medication list."""
    return segment.section == "medications" or any(
        re.search(r"drug|medic|dose|strength|sig\b|directions|taken", c, re.I) for c in segment.columns
    )


def _systemic(text: str, regimen: Regimen, place: Place) -> bool:
    """Whether this is a dose that the patient takes, or took, by mouth or through the skin."""
    drug = regimen.drug.opioid
    if drug.antagonist or (drug.name == "fentanyl" and not _worn(text, regimen, place)):
        return False
    clause_start = max((m.end() for m in re.finditer(r"[.;]\s", text[: regimen.start])), default=0)
    before = text[clause_start : regimen.start]
    near = text[max(clause_start, regimen.start - 45) : regimen.end + 25]
    if place.segment.kind != "row" and (PLANNED.search(before) or OTHERS.search(before)):
        return False
    if regimen.unit == "mcg" or _ACUTE.search(near) or _spinal(near, regimen, text):
        return False
    if (
        regimen.total
        and regimen.day is None
        and re.search(r"\bup to\b", text[max(0, regimen.start - 10) : regimen.end])
    ):
        return False
    return not (
        _TRIED.search(text[clause_start : regimen.end + 60])
        and regimen.day is None
        and place.segment.kind != "row"
        and regimen.per_day() is None
    )


def _spinal(near: str, regimen: Regimen, text: str) -> bool:
    after_dose = text[regimen.end : regimen.end + 25]
    before_drug = text[max(0, regimen.start - 22) : regimen.start]
    within = text[regimen.start : regimen.end]
    return any(_SPINAL.search(part) for part in (before_drug, within)) or bool(
        re.match(r"\W*(?:mg\W+)?(?:intrathecal|IT\b|epidural|preservative|PF\b|spinal)", after_dose, re.I)
    )


def _worn(text: str, regimen: Regimen, place: Place) -> bool:
    """A fentanyl dose counts as systemic only when something says that it is a patch."""
    if regimen.drug.patch or re.search(r"patch|transdermal|q\s?72|72\s*h|duragesic|every (?:3|three) days", text, re.I):
        return True
    return (
        regimen.unit == "mcg/h"
        and regimen.strength is not None
        and regimen.strength[0] in _PATCHES
        and not _SPINAL.search(text)
        and not _ACUTE.search(text)
        and place.segment.section not in ("trial", "procedure")
        and not re.search(r"trial|procedure|injection|technique|description|course", place.segment.heading, re.I)
        and bool(place.patient_wears)
    )


_FROM_TO = rare(
    rf"\bfrom\s+(?:about\s+)?(?P<a>{NUMBER})(?:\s*(?:mg|milligrams?)(?:\s*(?:/\s*d(?:ay)?|a day|"
    rf"daily|per day))?)?(?:\s+(?:in|on|last|at)\s+\w+(?:\s+\w+)?)?"
    rf"\s+(?:down\s+)?to\s+(?:about\s+)?(?P<b>{NUMBER})\s*(?:mg|"
    rf""
    rf"milligrams?)\s*(?:/\s*d(?:ay)?\b|a day|daily|per day|total)",
    re.I,
)


def _daily_change(place: Place, last: Regimen | None) -> Iterator[Finding]:
    """ "Morphine was reduced from ninety to forty milligrams a day": two daily totals of one drug."""
    text = place.segment.text
    for match in _FROM_TO.finditer(text):
        named = opioids_in(text[: match.end() + 30]) or ([last.drug] if last else [])
        before = re.split(r"[.;]\s", text[: match.start()])[-1]
        if (
            len({d.opioid.name for d in named}) != 1
            or named[0].opioid.factor is None
            or PLANNED.search(before)
            or OTHERS.search(before)
            or _SPINAL.search(before[-30:])
        ):
            continue
        for value, past in ((number(match["a"]), True), (number(match["b"]), False)):
            mme = round(value * named[0].opioid.factor, 1)
            finding = stated_total(place, mme, None if past else place.day, past)
            yield replace(
                finding,
                derivation=f"{named[0].opioid.name} {value:g} mg/day x {named[0].opioid.factor:g} = {mme:g} MME/day",
            )


def _has_no_total(segment: Segment) -> bool:
    return segment.section in ("allergies", "family_history")
