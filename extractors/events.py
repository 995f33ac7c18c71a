"""What was done since: a device put in or taken out, an anticoagulant begun. Told by name, it needs no other reader.

    "Leadless pacemaker inserted via the right femoral vein"     programmable_device present
    "Explantation of the spinal cord stimulator, complete"       programmable_device absent, of that device
    "Rivaroxaban begun 03/01"                                    anticoagulant taken
    "Keflex 500 mg QID x 10 days", "amoxicillin, day 3 of 7"     infection present, until the course ends
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from extractors.clinical import assertions
from extractors.details import HOLDS, STARTED, named_devices
from extractors.document import Page, excerpt
from extractors.finding import Finding
from extractors.quantities import NUMBER, number
from extractors.segment import Segment
from extractors.stream import SILENT

THINNERS = re.compile(
    r"\b(?:apixaban|eliquis|rivaroxaban|xarelto|dabigatran|pradaxa|edoxaban|savaysa|warfarin|coumadin|jantoven|fondaparinux|"
    r"clopidogrel|plavix|prasugrel|effient|ticagrelor|brilinta)\b",
    re.I,
)
DAILY = re.compile(r"\b\d+(?:\.\d+)?\s*mg\b", re.I)
ANTIBIOTICS = re.compile(
    r"\b(?:\w*(?:cillin|floxacin|cycline|mycin)|cef\w+|ceph\w+|keflex|bactrim|septra|(?:trimethoprim|tmp)\W?\s?(?:sulfa\w*|smx)|nitrofurantoin|"
    r"macrobid|augmentin|metronidazole|flagyl|linezolid|\w+penem|cipro|levaquin|z-?pak)\b",
    re.I,
)
COURSE = re.compile(rf"(?:\bx|\bfor|×)\s*(?P<n>{NUMBER})\s*-?\s*(?P<unit>d(?:ays?)?|w(?:ee)?ks?)\b|\b(?P<n2>{NUMBER})[- ](?P<unit2>day|week)s?[- ]course\b|\bday\s+(?P<gone>\d{{1,2}})\s+(?:of|/)\s*(?P<n3>\d{{1,2}})\b", re.I)
NO_COURSE = re.compile(r"\bprophyla\w+|\bpre-?op\w*|\bperi-?op\w*|\b(?:completed|finished|ended|took|history|allerg\w+|if|last|prior|previous\w*|ago|acne|rosacea|declin\w*)\b", re.I)
ENDED = re.compile(r"\b(?:until|till|was on|were on|previously|formerly|in the past|allerg\w*|intoleran\w*|refus\w*|declin\w*)\b", re.I)
PLACED = re.compile(r"\b(?:implanted|inserted|placed|s/p|put in|implantation|insertion|placement|was fitted)\b", re.I)
OUT_AGAIN = re.compile(r"\b(?:c[ao]me|took|taken|pulled|had (?:it|them))\s+(?:\w+\s+){0,2}out\b|\b(?:pulled|gone)\b", re.I)
"""What was put in and is there no more."""
REMOVED = re.compile(r"\b(?:explant\w*|removed|removal|taken out|extract(?:ed|ion))\b", re.I)
TEMPORARY = re.compile(
    r"\b(?:trial(?:led|ed)?|temporary|test|percutaneous leads?|plan(?:s|ned)?|schedul\w*|to be|will|would|consider\w*|recommend\w*|"
    r"discuss\w*|if|request\w*|candidate|refer\w*|not|declin\w*|refus\w*|option|partial\w*|left in|remain\w*|abandoned|MRI|battery|pump)\b",
    re.I,
)
"""What is no lasting change, or none yet; a pump and a new battery are other procedures."""


def find_events(document_id: str, page: Page, segments: Sequence[Segment], day: Sequence[str | None]) -> Iterator[Finding]:
    """`programmable_device`, `infection` and `anticoagulant` findings of one page; `day` holds the ISO date of each segment."""
    for segment, today in zip(segments, day, strict=True):
        if segment.marks & SILENT or segment.kind in ("heading", "tick"):
            continue
        where = excerpt(document_id, page, segment.start, segment.end)
        if value := _device(segment.text):
            yield Finding("programmable_device", value, where, "events.device", date=today)
        if today and (until := _course_end(segment.text, today)):
            yield Finding("infection", "present", where, "events.course", date=today, attributes={"until": until})
        if _thinner(segment.text):
            yield Finding("anticoagulant", "taken", where, "events.anticoagulant", date=today)


def _device(text: str) -> str | None:
    """present for one device that was put in, absent for one that was taken out."""
    named = list(named_devices(text).values())
    placed, removed = PLACED.search(text), REMOVED.search(text)
    if len(named) != 1 or bool(placed) == bool(removed) or OUT_AGAIN.search(text) or TEMPORARY.search(text) or not _told(text, named[0].span()):
        return None
    return "present" if placed else "absent"


def _course_end(text: str, today: str) -> str | None:
    """The ISO day to which a course of antibiotics begun `today` runs, None where none is begun or its length is not told."""
    named, course = ANTIBIOTICS.search(text), COURSE.search(text)
    if not (named and course) or NO_COURSE.search(text) or not _told(text, named.span()):
        return None
    unit = 7 if (course["unit"] or course["unit2"] or "").lower().startswith("w") else 1
    days = int(number(course["n"] or course["n2"] or course["n3"])) * unit - int(course["gone"] or 0)
    return (date.fromisoformat(today) + timedelta(days=days)).isoformat()


def _thinner(text: str) -> bool:
    named = THINNERS.search(text)
    begun = named and (STARTED.search(text) or DAILY.search(text[named.end() : named.end() + 25]))
    return bool(named and begun and not HOLDS.search(text) and not ENDED.search(text) and _told(text, named.span()))


def _told(text: str, span: tuple[int, int]) -> bool:
    """Whether the words are said of the patient and of what is so."""
    mode = assertions(text, [span])[0]
    return mode.plain and not mode.negated
