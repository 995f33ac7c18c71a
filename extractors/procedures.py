"""Which procedure the words are about: the intrathecal or epidural opioid trial, or another one.

Relief from a steroid injection, a block, an ablation or a stimulator is never relief from the trial,
so every reader of relief and function asks here first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Literal

from extractors.cues import cue
from extractors.dates import dates_in, days_between
from extractors.document import Page, excerpt
from extractors.finding import Finding
from extractors.patterns import rare
from extractors.rules import own_text
from extractors.segment import Segment
from extractors.stream import Pages, anchor_of, dated

Topic = Literal["trial", "planned", "other", ""]

TRIAL_DAYS = 7
"""Trial dates closer than this are one trial."""
_OTHER = cue("procedures_other")
_WEAK = cue("procedures_weak")
"""Treatments that are named in a trial's own sentences too: another topic only where no trial is named."""
_ROUTE = (
    r"(?:intrathecal|IT|epidural|spinal|neuraxial|subarachnoid|intraspinal|catheter|pump|opioid|"
    r"morphine|hydromorphone|fentanyl|sufentanil|MSO4|HM|dilaudid|screening|test|single[- ]shot|"
    r"continuous|infusion|inpatient|hospital|inpt)"
)
_TRIAL = rare(
    rf"\b{_ROUTE}(?:[\s/-]+\w+){{0,3}}?[\s-]+(?:trial(?:s|ed|ing)?|test(?:s| dose| injection)?|"
    rf"screening|challenge|bolus|infusion|injection|shot|dose)\b"
    rf"|\b(?:trial(?:s)?|test dose|screening dose|screening injection|test injection|screening|"
    rf"single[- ]shot)\s+(?:of\s+|with\s+)?(?:\w+\s+){{0,2}}?{_ROUTE}\b"
    r"|\b(?:the|his|her|their|this|that|post|pre|successful|failed|after|during|before|of|on|"
    r"since|in|positive|repeat|first|second)[\s-]+(?:\w+[\s-]){0,1}trial\b(?!\s+of\s+(?:the\s+)?(?:gabapentin|"
    r"pregabalin|duloxetine|tens|pt\b|physical|scs|stim))"
    r"|(?:^|[.;:]\s+)trials?\b|\bTRIAL\b|\btest dose\b|\bcath(?:eter)? (?:out|pulled|removed|"
    r"drawn|came out|went in|days)\b|\bon (?:the )?(?:catheter|infusion)\b|\bwith the catheter running\b|"
    r"\bIT (?:morphine|hydromorphone|HM|fentanyl|MSO4|MS)\b|\bintrathecal (?:morphine|hydromorphone|"
    r"fentanyl|opioid)|\bepidural (?:morphine|MSO4|hydromorphone|fentanyl|opioid)",
    re.I,
)
_STIM_TRIAL = rare(
    r"\b(?:SCS|DRG|stim(?:ulator|ulation)?|dorsal column|baclofen|ketamine|lidocaine|gabapentin|"
    r"clinical)\b[\w\s,/-]{0,20}\btrial|\btrial (?:of )?(?:the )?(?:SCS|DRG|spinal cord stim|"
    r"stim|gabapentin|baclofen|temporary)",
    re.I,
)
_FUTURE = cue("procedures_future")
_DONE = cue("procedures_done")


_ANTISPASTIC = rare(
    r"\b(?:baclofen|ashworth|spasticity)\b(?!.{0,80}(?:morphine|hydromorphone|fentanyl|opioid))", re.I
)
_RECORD = re.compile(
    r"procedure|operati|trial|dictation|injection|record|dose|infusion|catheter|summary|log|"
    r"flow",
    re.I,
)
_NO_RECORD = re.compile(
    r"\bpre-?\s?\w*|H&P|post-?\s?trial|\bafter\b|follow|visit|f/u|request|letter|assessment|"
    r"\blist\b|consult|plan|consent|instruct|authoriz|packet|anesthesia|psych|educat|leaflet|handout|what to |about your",
    re.I,
)
_PROCEDURE = re.compile(r"\s*(?:procedures?|operation|title|procedure performed|operation performed)\b", re.I)


def _is_procedure(segment: Segment) -> bool:
    """A "Procedure: ..." line, as a field or run into the sentences around it."""
    if segment.label:
        return bool(_PROCEDURE.match(segment.label))
    return bool((named := _PROCEDURE.match(segment.text)) and segment.text[named.end() :].lstrip().startswith(":"))


def topic_of(text: str, before: Topic = "") -> Topic:
    """The procedure that `text` speaks of, given what the words before it spoke of."""
    return _own_topic(text, own_text("cues.yaml")) or before


@lru_cache(16_384)
def _own_topic(text: str, own: str) -> Topic:
    """Kept by words and user's rules, as the request, the trial and the relief in it are asked for one after the other."""
    stim = bool(_STIM_TRIAL.search(text) or _ANTISPASTIC.search(text))
    named = _TRIAL.search(_STIM_TRIAL.sub(" ", text))
    other = _OTHER.search(text)
    if named and (stim or other):
        return "trial" if not stim and other and named.start() <= other.start() else "other"
    if named:
        return "planned" if planned(text) else "trial"
    return "other" if other or stim or _WEAK.search(text) else ""


def planned(text: str) -> bool:
    """Whether the trial that `text` names is still to come."""
    return bool(_FUTURE.search(text)) and not _DONE.search(text)


def topics(segments: Sequence[tuple[Page, Segment, str | None]]) -> Iterator[tuple[Page, Segment, str | None, Topic]]:
    """Each segment and its day with its topic: what it names itself, else its heading's, else what was spoken of last.

    The first heading is the document's title: all of it is about the trial when the title is.
    """
    title: Topic = ""
    base: Topic = ""
    now: Topic = ""
    started = False
    for index, (page, segment, day) in enumerate(segments):
        own = topic_of(segment.text)
        if index < 10 and own == "trial" and (_is_procedure(segment) or segment.kind == "heading" and not started):
            title = base = "trial"
        if segment.kind == "heading":
            if not started:
                title = own or title
            base = now = own or title
            yield page, segment, day, own
            continue
        started = True
        if segment.kind == "row":
            label: Topic = topic_of(" ".join((segment.label, *segment.columns)))
            if own == "trial" and label != "other":
                yield page, segment, day, "trial"
                continue
            yield (
                page,
                segment,
                day,
                "other" if "other" in (label, own) and base != "trial" or label == "other" else base or now,
            )
        elif own in ("other", "planned") and base == "trial":
            yield page, segment, day, own if _relief_of_other(segment.text) or own == "planned" else "trial"
        else:
            now = own or now
            yield page, segment, day, now or base


def _relief_of_other(text: str) -> bool:
    """In a trial's own record another procedure's name is background unless its effect is told."""
    return bool(re.search(r"%|percent|relief|better|helped|gave|worked", text, re.I))


_ON = re.compile(r"(?:\s|\(|:)+(?:(?:on|of|dated?)\s+)?", re.I)
"""Between a trial and its day: the date with which such a line begins is the line's own."""
_PRE = re.compile(r"\bpre-?\s?$", re.I)


_LATER = re.compile(r"(?:after|since|post|before)\b", re.I)
"""Opens what a day was told to be after: the day before such words is the line's, not the trial's."""


def find_trials(document_id: str, pages: Pages, day: str | None) -> list[Finding]:
    """`trial_done` findings: the day (ISO) on which an intrathecal or epidural opioid trial took place."""
    stream = list(topics(list(dated(pages, day))))
    found = list(_own_record(document_id, stream, day))
    for page, segment, today, topic in stream:
        text = segment.text
        named = list(_TRIAL.finditer(_STIM_TRIAL.sub(lambda m: " " * len(m[0]), text)))
        if topic != "trial" or segment.marks - {"request"} or not named or planned(text):
            continue
        mentions = dates_in(text, anchor_of(today))
        dated_after = any(_ON.fullmatch(text, m.end(), d.start) for m in named for d in mentions)
        for mention in mentions:
            near = min(named, key=lambda m: _gap(m, mention.start, mention.end))
            if dated_after and mention.start <= 2 or _PRE.search(text[: near.start()]):
                continue
            if _LATER.match(near[0]) and mention.end <= near.start():
                continue
            if mention.precision == "month" and not near[0][0].islower() or near[0].lower().startswith("cath"):
                continue
            between = text[min(near.end(), mention.end) : max(near.start(), mention.start)]
            close = (
                mention.precision == "day" and len(between) <= 30 or mention.precision == "month" and len(between) <= 2
            )
            if (
                not close
                or re.search(r";|\.\s|\b(?:visit|seen|f/u|follow|ahead|before|prior|until)\b", between)
                or ("," in between and mention.start < near.start())
                or (today and mention.iso > today)
            ):
                continue
            found.append(
                Finding(
                    "trial_done",
                    "done",
                    excerpt(document_id, page, segment.start, segment.end),
                    "procedures.trial",
                    date=mention.iso,
                    attributes={"precision": mention.precision},
                )
            )
    return found


def trial_days(found: Iterable[Finding]) -> list[str]:
    """The days (ISO, in order) of the trial: the group of near dates that most findings name, the later if equal."""
    done = (f for f in found if f.kind == "trial_done" and f.value == "done" and f.assertion.plain)
    groups: list[list[str]] = []
    for day in sorted(f.date for f in done if f.date):
        if groups and days_between(groups[-1][-1], day) <= TRIAL_DAYS:
            groups[-1].append(day)
        else:
            groups.append([day])
    return max(groups, key=lambda group: (len(group), group[-1]), default=[])


def _own_record(
    document_id: str, stream: Sequence[tuple[Page, Segment, str | None, Topic]], day: str | None
) -> Iterator[Finding]:
    """A document whose title or procedure line is the trial took place on its date, or from its admission on."""
    title = next((s.text for _, s, *_ in stream[:3] if s.kind == "heading"), "")
    if not day or not _RECORD.search(title) or _NO_RECORD.search(title):
        return
    for page, segment, _, topic in stream[:10]:
        titled = segment.kind == "heading" or _is_procedure(segment)
        if not titled or topic != "trial" or segment.marks:
            continue
        early = [
            m.iso
            for index, (_, s, *_) in enumerate(stream[:6])
            for m in dates_in(s.text, anchor_of(day))
            if m.precision == "day"
            and (index < 3 or re.search(r"admi\w+\W*$", s.text[: m.start], re.I))
            and 0 <= days_between(m.iso, day) <= 10
        ]
        yield Finding(
            "trial_done",
            "done",
            excerpt(document_id, page, segment.start, segment.end),
            "procedures.record",
            date=min(early, default=day),
            attributes={"precision": "day"},
        )
        return


def _gap(match: re.Match[str], start: int, end: int) -> int:
    return max(start - match.end(), match.start() - end, 0)
