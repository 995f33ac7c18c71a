"""Which procedure the words are about: the intrathecal or epidural opioid trial, or another one.

Relief from a steroid injection, a block, an ablation or a stimulator is never relief from the trial,
so every reader of relief and function asks here first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Literal

from extractors.dates import dates_in
from extractors.document import Page, excerpt
from extractors.finding import Finding
from extractors.segment import Segment

Topic = Literal["trial", "other", ""]

_OTHER = re.compile(
    r"\b(?:ESIs?|T?FESI|ILESI|LESI|CESI|steroids?|transforaminal|interlaminar|(?:nerve|facet|sympathetic|branch|ganglion|plexus|celiac|hypogastric|intercostal|stellate|impar|trigger|saddle) (?:blocks?|injections?)|blocks?|LSBs?|MBBs?|RFAs?|rhizotomy|"
    r"ablations?|neurolysis|neurolytic|SCS|DRG|stim(?:ulator|ulation)?|dorsal column|cordotomy|vertebroplasty|kyphoplasty|radiation|radiotherapy|TENS|acupuncture|chiropract\w+|massage|botox|PRP|"
    r"physical therapy|ketamine|lidocaine infusions?|gabapentin|pregabalin|duloxetine|fusion|laminectomy|decompression|trigger points?|SI joint|SIJ|baclofen|spasticity|ziconotide|brace)\b",
    re.I,
)
_ROUTE = r"(?:intrathecal|IT|epidural|spinal|neuraxial|subarachnoid|intraspinal|catheter|pump|opioid|morphine|hydromorphone|fentanyl|sufentanil|MSO4|HM|dilaudid|screening|test|single[- ]shot|continuous|infusion|inpatient|hospital|inpt)"
_TRIAL = re.compile(
    rf"\b{_ROUTE}(?:[\s/-]+\w+){{0,3}}?[\s-]+(?:trial(?:s|ed|ing)?|test(?:s| dose| injection)?|screening|challenge|bolus|infusion|injection|shot|dose)\b"
    rf"|\b(?:trial(?:s)?|test dose|screening dose|screening injection|test injection|screening|single[- ]shot)\s+(?:of\s+|with\s+)?(?:\w+\s+){{0,2}}?{_ROUTE}\b"
    r"|\b(?:the|his|her|their|this|that|post|pre|successful|failed|after|during|before|of|on|since|in|positive|repeat|first|second)[\s-]+(?:\w+[\s-]){0,1}trial\b(?!\s+of\s+(?:the\s+)?(?:gabapentin|pregabalin|duloxetine|tens|pt\b|physical|scs|stim))"
    r"|(?:^|[.;:]\s+)trials?\b|\bTRIAL\b|\btest dose\b|\bon (?:the )?(?:catheter|infusion)\b|\bwith the catheter running\b|\bIT (?:morphine|hydromorphone|HM|fentanyl|MSO4|MS)\b|\bintrathecal (?:morphine|hydromorphone|fentanyl|opioid)|\bepidural (?:morphine|MSO4|hydromorphone|fentanyl|opioid)",
    re.I,
)
_STIM_TRIAL = re.compile(r"\b(?:SCS|DRG|stim(?:ulator|ulation)?|dorsal column|baclofen|ketamine|lidocaine|gabapentin|clinical)\b[\w\s,/-]{0,20}\btrial|\btrial (?:of )?(?:the )?(?:SCS|DRG|spinal cord stim|stim|gabapentin|baclofen|temporary)", re.I)
_FUTURE = re.compile(
    r"\b(?:planned|scheduled|set for|booked|proposed?|request(?:ed|ing)?|will|would|plan(?:s|ning)?|upcoming|if|before any|candidate|awaiting|pending|approv\w+|consider\w*|next|to be|offer\w*|ready for|wants?|not yet|would like|target|listed for|asks? for|discuss\w*|prior auth\w*|authorization)\b", re.I
)
_DONE = re.compile(r"\b(?:took place|performed|done|underwent|completed|was (?:placed|given|done|performed)|placed|given|had|ended|s/p|post|results?|outcome|tolerated|during|went|carried out|injected|admitted|discharged|trial (?:record|report|summary|log|note|result|outcome|dates?)|after|since|following|reached|removed|pulled|out)\b", re.I)


def topic_of(text: str, before: Topic = "") -> Topic:
    """The procedure that `text` speaks of, given what the words before it spoke of."""
    stim = bool(_STIM_TRIAL.search(text))
    trial = bool(_TRIAL.search(_STIM_TRIAL.sub(" ", text)))
    other = stim or bool(_OTHER.search(text))
    if trial and other:
        return "trial" if not stim and _first(text) == "trial" else "other"
    return "trial" if trial else "other" if other else before


def _first(text: str) -> Topic:
    trial, other = _TRIAL.search(text), _OTHER.search(text)
    return "trial" if trial and other and trial.start() <= other.start() else "other"


def topics(segments: Sequence[tuple[Page, Segment]]) -> Iterator[tuple[Page, Segment, Topic]]:
    """Each segment with its topic: what it names itself, else its heading's, else what was spoken of last."""
    title: Topic = ""
    base: Topic = ""
    now: Topic = ""
    started = False
    for page, segment in segments:
        if segment.kind == "heading":
            named = topic_of(segment.text)
            if not started:
                title = named or title
            base = now = named if named else title
            yield page, segment, named
            continue
        started = True
        own = topic_of(segment.text)
        if segment.kind == "row":
            label = " ".join((segment.label, *segment.columns))
            yield page, segment, topic_of(label) if topic_of(label) == "other" or own == "other" and base != "trial" else base or now
            continue
        if own == "other" and base == "trial":
            yield page, segment, "other" if topic_of(segment.text) == "other" and _OTHER.search(segment.text) and not _TRIAL.search(segment.text) and _relief_of_other(segment.text) else "trial"
            continue
        now = own or now
        yield page, segment, now or base


def _relief_of_other(text: str) -> bool:
    """In a trial's own record another procedure's name is background unless its effect is told."""
    return bool(re.search(r"%|percent|relief|better|helped|gave|worked", text, re.I))


def find_trials(document_id: str, pages: Sequence[tuple[Page, Sequence[Segment]]], day: str | None) -> list[Finding]:
    """`trial_done` findings: the day (ISO) on which an intrathecal or epidural opioid trial took place."""
    anchor = date.fromisoformat(day) if day else None
    found = []
    flat = [(page, segment) for page, segments in pages for segment in segments]
    for page, segment, topic in topics(flat):
        text = segment.text
        if topic != "trial" or segment.marks - {"request"} or not (named := list(_TRIAL.finditer(text))):
            continue
        for mention in dates_in(text, anchor):
            near = min(named, key=lambda m: abs(m.start() - mention.start))
            gap = text[min(near.end(), mention.end) : max(near.start(), mention.start)]
            if mention.precision not in ("day", "month") or len(gap) > 45 or re.search(r"[;]|\.\s", gap):
                continue
            clause = re.split(r"[.;]\s", text[: mention.start])[-1] + gap
            if (day and mention.iso > day) or (_FUTURE.search(clause) and not _DONE.search(clause)):
                continue
            found.append(Finding("trial_done", "done", excerpt(document_id, page, segment.start, segment.end), "procedures.trial", date=mention.iso, attributes={"precision": mention.precision}))
    return found
