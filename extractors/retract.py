"""What the record takes back: entries made in error, statements to be disregarded, corrected or withdrawn.

    "Opioid use disorder [deleted, entered in error]"         the line itself
    "Please disregard the figure above."                      what the note said before
    "The report of 01/08 was withdrawn by the laboratory."    another document of that day

A statement that is taken back stays in view (`Assertion.retracted`) and decides nothing. What an addendum says of a
state that the same note told otherwise holds from then on: the earlier statement is `historical`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from extractors.cues import cue
from extractors.dates import dates_in
from extractors.finding import Finding
from extractors.segment import Segment
from extractors.stream import Pages, anchor_of

MARKED = re.compile(r"~~|[\[(*<{]+\s*(?:deleted|struck|stricken|void|error|retracted|entered in error)\b|--+\s*void\b", re.I)
_TAKEN_BACK = cue("retract_said")
_REFERS = cue("retract_refers")
_ELSEWHERE = cue("retract_elsewhere")
_NOT_TAKEN_BACK = cue("retract_not")
_CORRECTED = re.compile(r"\W*(?:correct(?:ion|ed)|amend(?:ed|ment)|erratum|revised)\b", re.I)
_ADDED = re.compile(r"\W*(?:addend(?:um|a)|late entry|update)\b", re.I)
_ENDED = re.compile(r"\b(?:ended|finish\w*|complet\w+|resolv\w+|heal\w*|clear(?:ed|s)|closed|signed off|last dose|stopped)\b", re.I)
"""Said of an infection, it tells of the one that the note told of before."""
_FIGURE = re.compile(r"\b\d+(?:\.\d+)?(?=\s*(?:%|percent|per cent))", re.I)
NEAR = 3
"""Statements back from "that was wrong" to the one that is meant."""
SURE = 0.5
"""The least score with which a reading tells what a retraction is about."""
TRUSTED = 0.7
"""The least score with which what an addendum says sets an earlier statement aside."""
STATES = frozenset({
    "infection", "substance_use_disorder", "coagulopathy", "intracranial_pressure", "body_size", "spinal_anatomy",
    "hyperalgesia", "life_expectancy", "psychological_evaluation", "psychotherapy", "epidural_tumor", "drug_allergy",
})  # fmt: skip
"""Facts that have one value at a time, so that a second one in an addendum replaces the first."""
ANY_ONE = ("programmable_device", "present")
"""One device undoes "none"; that one is absent says nothing of the others."""


@dataclass(frozen=True, slots=True)
class Note:
    """A document as the readers see it: its name, its pages with their segments, its ISO day."""

    name: str
    pages: Pages
    day: str | None

    @property
    def segments(self) -> Iterator[tuple[int, Segment]]:
        """Each segment with its page's number."""
        return ((page.number, segment) for page, segments in self.pages for segment in segments)


def with_retractions(found: Sequence[Finding], notes: Sequence[Note]) -> list[Finding]:
    """The findings, those `retracted` that the record takes back and those `historical` that an addendum overtakes."""
    gone: set[int] = set()
    old: set[int] = set()
    for note in notes:
        own = [i for i, f in enumerate(found) if f.excerpt.document_id == note.name]
        added = ""
        for place in note.segments:
            added = _addition(place[1], added)
            if takes_back(place[1]):
                gone |= _taken_back(found, own, place, note, notes)
            elif added:
                (gone if added == "corrected" else old).update(_overtaken(found, own, place))
            elif _ENDED.search(place[1].text):
                old |= {i for i in _overtaken(found, own, place) if (found[i].kind, found[i].value) == ("infection", "present")}
    return [_marked(f, i in gone, i in old) for i, f in enumerate(found)]


def takes_back(segment: Segment) -> bool:
    """Whether a segment says that something in the record was wrong, or is marked as deleted."""
    return bool((MARKED.search(segment.text) or _TAKEN_BACK.search(segment.text)) and not _NOT_TAKEN_BACK.search(segment.text))


def _marked(finding: Finding, gone: bool, old: bool) -> Finding:
    if not (gone or old):
        return finding
    mode = finding.assertion
    return replace(finding, assertion=replace(mode, retracted=mode.retracted or gone, historical=mode.historical or old))


def _addition(segment: Segment, before: str) -> str:
    """ "corrected" or "added" from such a heading or opening on, until the next heading."""
    if _CORRECTED.match(segment.text):
        return "corrected"
    if _ADDED.match(segment.text):
        return "added"
    return "" if segment.kind == "heading" else before


def _taken_back(
    found: Sequence[Finding], own: Sequence[int], place: tuple[int, Segment], note: Note, notes: Sequence[Note]
) -> set[int]:
    """Which findings a retraction takes back: of its own line, of the note before it, of another document."""
    number, segment = place
    here = [i for i in own if _at(found[i]) == (number, segment.start)]
    if MARKED.search(segment.text):
        return set(here)
    kinds = about(segment.text) | {found[i].kind for i in here if found[i].score >= SURE}
    earlier = [i for i in own if _at(found[i]) < (number, segment.start)]
    said = {(found[i].kind, found[i].value) for i in here}
    if _REFERS.search(segment.text) or _FIGURE.search(segment.text) or dates_in(segment.text, anchor_of(note.day)):
        back = _meant(found, earlier, kinds, segment, _before(note, place))
        back += _in_others(found, kinds, segment, note, notes)
    else:
        back = [i for i in earlier if (found[i].kind, found[i].value) in said]
    if same := {(found[i].kind, found[i].value) for i in back} & said:
        named = {kind for kind, _ in same}
        back = [i for i in back if found[i].kind not in named or (found[i].kind, found[i].value) in same]
    corrected = {found[i].kind for i in back}
    return {*back, *(i for i in here if (found[i].kind, found[i].value) in same or found[i].kind not in corrected)}


def _meant(
    found: Sequence[Finding], earlier: Sequence[int], kinds: set[str], segment: Segment, near: tuple[int, int]
) -> list[int]:
    """Of what the note said before: the figure that is named, the facts that are named, else the statement just before."""
    figures = set(_FIGURE.findall(segment.text))
    same = [i for i in earlier if figures & set(_FIGURE.findall(found[i].excerpt.quote))]
    if reckoned := {found[i].kind for i in same if found[i].unit}:
        return [i for i in same if found[i].kind in reckoned]
    if kinds and (named := [i for i in earlier if found[i].kind in kinds]):
        return named
    last = max((_at(found[i]) for i in earlier if found[i].score >= SURE), default=(0, 0))
    return [i for i in earlier if _at(found[i]) == last >= near and not kinds]


def _in_others(
    found: Sequence[Finding], kinds: set[str], segment: Segment, note: Note, notes: Sequence[Note]
) -> list[int]:
    """Findings of other documents of a day that the retraction names; of all earlier ones where it names another paper."""
    days = [m.known for m in dates_in(segment.text, anchor_of(note.day)) if m.precision in ("day", "month")]
    named = [n.name for n in notes if n is not note and n.day and n.day.startswith(tuple(days))] if days else []
    if not named and _ELSEWHERE.search(segment.text) and kinds:
        named = [n.name for n in notes if n is not note and n.day and note.day and n.day < note.day]
    inside = [i for i, f in enumerate(found) if f.excerpt.document_id in named]
    if kinds or len({found[i].kind for i in inside if found[i].score >= SURE}) > NEAR:
        return [i for i in inside if found[i].kind in kinds]
    return inside


def _overtaken(found: Sequence[Finding], own: Sequence[int], place: tuple[int, Segment]) -> Iterable[int]:
    """Earlier statements of a state that this line of an addendum tells otherwise."""
    at = place[0], place[1].start
    for i in own:
        new = found[i]
        if _at(new) == at and (new.kind in STATES or (new.kind, new.value) == ANY_ONE) and new.score >= TRUSTED and new.assertion.plain:
            yield from (j for j in own if _at(found[j]) < at and found[j].kind == new.kind and found[j].value != new.value)


def _before(note: Note, place: tuple[int, Segment]) -> tuple[int, int]:
    """Where the statement `NEAR` back from `place` begins."""
    places = [(number, s.start) for number, s in note.segments if (number, s.start) <= (place[0], place[1].start)]
    return places[max(0, len(places) - 1 - NEAR)]


def _at(finding: Finding) -> tuple[int, int]:
    return finding.excerpt.page, finding.excerpt.start


def about(text: str) -> set[str]:
    """The kinds of facts that the words of a retraction name."""
    return {kind for kind, words in TOPICS.items() if words.search(text)}


TOPICS = {
    kind: re.compile(rf"\b(?:{words})\b", re.I)
    for kind, words in {
        "infection": r"infect\w*|cellulitis|abscess|antibiotics?|cultures?|sepsis|wound",
        "substance_use_disorder": r"(?:alcohol|opioid|substance|drug) (?:use|abuse|problem|dependence)\w*|OUD|AUD|addict\w*|cocaine",
        "adherence": r"adheren\w*|complian\w*|drug screens?|UDS|UDT|urine|toxicology|no-?shows?|missed|attendance|pill counts?|PDMP|PMP|refills?",
        "life_expectancy": r"life expectancy|prognosis|survival",
        "coagulopathy": r"bleeding|coagulopathy|clotting|hemophilia|willebrand",
        "anticoagulant": r"anticoag\w*|blood thinners?|warfarin|apixaban|rivaroxaban|clopidogrel",
        "platelets": r"platelets?|plt",
        "inr": r"INR",
        "programmable_device": r"pacemaker|defibrillator|ICD|stimulator|device",
        "drug_allergy": r"allerg\w*|anaphyla\w*|hives",
        "intracranial_pressure": r"intracranial|papilledema|ICP",
        "body_size": r"habitus|abdom\w*|pocket|body size",
        "spinal_anatomy": r"anatomy|catheter (?:placement|path)|spin(?:e|al) (?:anatomy|anomaly)|canal",
        "epidural_tumor": r"epidural (?:tumou?r|disease|metasta\w+|spread)|thecal sac",
        "hyperalgesia": r"hyperalgesia|OIH",
        "psychological_evaluation": r"psychological\w*|clearance|cleared|psychiatric",
        "psychotherapy": r"CBT|psychotherapy|counsel\w*|biofeedback|coping|group",
        "behavioral_therapy": r"CBT|biofeedback|behavioral",
        "physical_therapy": r"physical therapy|PT",
        "trial_side_effects": r"side effects?|nausea|vomiting|itching|pruritus|sedation",
        "trial_relief": r"relief|pain scores?|NRS|pain reduction",
        "trial_function": r"function|walk\w*|standing",
        "opioid_wean": r"wean\w*|taper\w*|opioid (?:dose|reduction)",
        "opioid_dose": r"MME|dose|dosage",
        "wean_plan": r"(?:wean|taper)\w* plan|plan to (?:wean|taper)",
        "further_treatment": r"surg(?:ery|ical)|operation",
    }.items()
}  # fmt: skip
