"""The time that a statement itself names: "Oct 2025 MRI: ...", "In May he was ...", "At the first visit I thought ...".

A note tells how things were before it tells how they are. What opens with an earlier time is dated to it, and
what only says that it is past is marked historical, so that it gives way to what the same note says of now.
"""

from __future__ import annotations

import re
from dataclasses import replace

from extractors.dates import dates_in, days_between
from extractors.finding import Finding
from extractors.stream import anchor_of

READERS = frozenset({"learned", "survival.time"})
"""Readers that date a finding by its document; those of numbers place theirs in time by themselves."""
MONTH = 31
"""Days: what opens with a nearer time is still told of the note's own time."""
OPENING = 36
"""A time further into the sentence belongs to something else that it tells, in characters."""
PRESENT = re.compile(
    r"\b(?:now|today|current(?:ly)?|at present|presently|since then|has since|have since|no longer|still|remains?|"
    r"continu\w+|resolved|healed|as of|to date|ongoing)\b",
    re.I,
)
BEFORE_TIME = re.compile(
    r"^\W*(?:(?:back )?(?:in|on|during|early|late|mid|last)\b|at\b|copy of|h/?o\b|(?:an? "
    r"|the |her |his |my |our |original )?"
    r"[\w/&.-]+(?: [\w/&.-]+)?\W*$|$)",
    re.I,
)
STILL_RUNNING = re.compile(
    r"\b(?:since|from|until|till|thru|through|by|before|after|next|due|born|dob|starting|began|begun|for)\b", re.I
)
PAST = re.compile(
    r"^\W*(?:previously|initially|originally|at first|formerly|in the past|(?:at|on"
    r"|in) (?:the |her |his |my |our |an )?"
    r"(?:first|initial|earlier|previous|prior|original|last) (?:\w+ )?(?:visit|consult\w*"
    r"|evaluation|study|scan|mri|note|letter|exam\w*)|"
    r"(?:the |an |her |his |my |our )?(?:original|earlier|early|old|initial|first"
    r"|previous) (?:\w+ )?(?:note|letter|banner|entry|reading|report|evaluation|visit))\b",
    re.I,
)


IMAGED = frozenset({"epidural_tumor", "spinal_anatomy"})
"""Facts that an imaging study shows: what a letter repeats of it is as old as the study."""
_STUDY = r"(?:MRIs?|MRs?|CTs?|myelogra\w+|scans?|imaging|study|studies|films?|x-?rays?|radiographs?|pictures)"
STUDY_BEFORE = re.compile(
    rf"\b{_STUDY}(?:\s+(?:of|report|the|her|his|my|our|lumbar|thoracic|cervical|spine|done|performed|obtained|taken|made|dated|read|from|on|in)\b){{0,5}}"
    r"[\s,(:]*$",
    re.I,
)
STUDY_AFTER = re.compile(rf"(?:['’]s)?\)?\s*(?:\w+\s+){{0,2}}{_STUDY}\b", re.I)
COMPARED = re.compile(r"\b(?:compar\w+|since|versus|vs|prior|previous|unchanged|stable|than|next|repeat\w* in|planned|scheduled)\b[^.;]*$", re.I)


def with_own_time(finding: Finding, request_date: str | None) -> Finding:
    """The finding dated to the study it cites or the earlier time with which its statement opens, or marked historical."""
    if finding.rule not in READERS:
        return finding
    told = finding.date or request_date
    if finding.kind in IMAGED and told and (studied := study_time(finding.excerpt.quote, told)):
        return replace(finding, date=studied)
    if PRESENT.search(finding.excerpt.quote):
        return finding
    opening = opening_time(finding.excerpt.quote, told)
    if opening and told and not told.startswith(opening) and days_between(opening, told) > MONTH:
        return replace(finding, date=opening)
    if PAST.search(finding.excerpt.quote):
        return replace(finding, assertion=replace(finding.assertion, historical=True))
    return finding


def study_time(text: str, told: str) -> str | None:
    """The day of the imaging study that a statement cites, the latest of several; None for one it is compared with."""
    days: list[str] = []
    end = len(text)
    for mention in dates_in(text, anchor_of(told)):
        before = text[: mention.start]
        another = re.fullmatch(r"(?:\s|,|and|&)+", text[end : mention.start])
        if not COMPARED.search(before) and (another or STUDY_BEFORE.search(before) or STUDY_AFTER.match(text, mention.end)):
            days.append(mention.known)
            end = mention.end
    return max((d for d in days if d < told and not told.startswith(d)), default=None)


def opening_time(text: str, told: str | None) -> str | None:
    """The time with which a statement opens, an ISO date cut to its precision ("2025-10"), read against `told`."""
    for mention in dates_in(text[: OPENING * 2], anchor_of(told)):
        before = text[: mention.start]
        if mention.start > OPENING or not BEFORE_TIME.search(before) or STILL_RUNNING.search(before):
            return None
        return mention.known
    return None
