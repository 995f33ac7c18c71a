"""Pain relief and function in the intrathecal or epidural opioid trial: stated percentages, and scores.

A percentage computed from scores shows its arithmetic and cites both scores. The level reached in a
flowsheet is the best one that two readings hold, so that a single low reading decides nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from extractors.cues import cue
from extractors.document import Excerpt, Page, excerpt
from extractors.finding import Finding
from extractors.flowsheet import from_table, labelled
from extractors.outcomes import Scores, computed, function_finding, function_word, relief_finding, scored
from extractors.procedures import Topic, topic_of, topics
from extractors.quantities import NUMBER, Percent, left_over, number, percents, side
from extractors.scores import Change, changes_in, pain_scores
from extractors.segment import Segment
from extractors.stream import Pages, dated

_SILENT = frozenset({"quoted", "boilerplate", "education", "family", "unanswered", "plan"})
_RELIEF = cue("relief_relief")
_NOT_RELIEF = cue("relief_not_relief")
_GOAL = cue("relief_goal")
_PEOPLE = re.compile(
    r"\b(?:mother|father|brother|sister|niece|nephew|cousin|uncle|aunt|neighbor|neighbour|friend|"
    r"roommate|another patient|other patients|most patients)\b(?!.{0,30}\b(?:says|reports|confirms|"
    r"agrees|estimates?)\b)",
    re.I,
)
_AVERAGE = re.compile(r"\b(?:average\w*|avg|mean|overall|over the whole|throughout)\b", re.I)
_PART = re.compile(
    r"[^.;]{0,30}?\b(?:for|in|over|during) (?:only |just |barely |about )?(?:the first (?:\w+ )?(?:hours?|minutes|night|day|evening)\b"
    r"(?: only| alone|[^.]*\b(?:no (?:later|further|other)|then|thereafter|nothing|afterwards?|remaining|rest)\b)|"
    r"\w+ (?:hours? )?(?:out )?of (?:the|its|her|his) (?:\w+ )?\w+ (?:hours|days|nights)|(?:an?|one|two|1|2) hours? only)"
    r"|[^.;]{0,20}?\b(?:only|just) (?:briefly|for|in|during)\b|[^.;]{0,12}?\bbriefly\b",
    re.I,
)
"""A part of the trial only, after a figure."""
_TIMES = re.compile(r"\b(?:best|worst|peak\w*|first|second|third|then|later|initially|at first|days?|hours?|nights?|morning|evening)\b", re.I)
_HOPED = re.compile(r"\b(?:would|will|might|could|should|may) (?:\w+ )?(?:be|give|have|get|bring|reach)\s+(?:about\s+|at least\s+)?$|\b(?:hoped|expected|wished)(?: for| to)?(?: be)?\s+$", re.I)
_WORD_ZERO = re.compile(
    r"\b(?:no|without any|zero|not any|little or no|nil|absolutely no)\s+(?:pain\s+)?(?:relief|"
    r"benefit|improvement|change in (?:the |his |her )?pain|response)\b|\bpain (?:was |is |remained |"
    r"stayed )?(?:unchanged|the same|no better)\b|\bdid not help\b|\b(?:did|does) nothing\b|"
    r"\bno effect\b|\bmade no difference\b",
    re.I,
)
_VAGUE = re.compile(
    r"\b(?:good|great|excellent|nice|meaningful|significant|substantial|considerable|marked|"
    r"modest|fair|partial|satisfactory|dramatic|remarkable|some|pleasant|profound|tremendous|"
    r"wonderful)\b[\w\s,-]{0,24}\b(?:relief|analgesia|improvement|response|benefit|pain control)\b|"
    r"\btook the edge off\b|\bmuch better\b|\bfelt (?:much |a lot )?better\b|\bstruck by how much\b|"
    r"\beverything we had hoped\b|\bvery well\b",
    re.I,
)


def find_relief(document_id: str, pages: Pages, day: str | None) -> list[Finding]:
    """`trial_relief` (percent, or under_half / at_least_half / vague) and `trial_function` findings.

    Attributes: bound, low, high, side (the word that the value amounts to), source ("stated" or "scores").
    """
    found: list[Finding] = []
    prose = Scores()
    tables: list[list[tuple[Page, Segment]]] = []
    running = False
    stream = list(topics(list(dated(pages, day))))
    implied = _implied(stream)
    for page, segment, today, topic in stream:
        joins, running = running and segment.kind == "row", segment.kind == "row"
        if (
            segment.kind == "heading"
            or segment.marks & _SILENT
            or topic not in (("trial", "") if implied else ("trial",))
        ):
            continue
        where = excerpt(document_id, page, segment.start, segment.end)
        if segment.kind == "row" and not labelled(page, segment):
            if not joins or not tables:
                tables.append([])
            tables[-1].append((page, segment))
            continue
        found += _stated(segment, where, today)
        found += _told(segment, where, today, prose)
    for rows in tables:
        found += from_table(document_id, rows, day)
    if not any(f.kind == "trial_relief" and f.attributes.get("source") == "scores" for f in found):
        found += computed(prose, day)
    return _settled(found)


def _implied(stream: Sequence[tuple[Page, Segment, str | None, Topic]]) -> bool:
    """A short excerpt that names no other procedure may speak of the trial without naming it, or name it last."""
    known = {topic for *_, topic in stream} - {""}
    return known <= {"trial"} and sum(len(segment.text) for _, segment, *_ in stream) < 700


def _stated(segment: Segment, where: Excerpt, day: str | None) -> Iterator[Finding]:
    text = segment.text
    if segment.kind == "tick":
        yield from _ticked(segment, where, day)
        return
    spoken = percents(text)
    told = _of_whole(text, [percent for percent in spoken if _is_relief(text, percent)])
    for percent in told:
        yield _percent(where, percent, text, day)
    hoped = [percent for percent in spoken if percent not in told and _HOPED.search(text[: percent.start])]
    if hoped and not told:
        hope = _percent(where, hoped[0], text, day)
        yield replace(hope, assertion=replace(hope.assertion, hypothetical=True))
    if not told and not _GOAL.search(text):
        if _WORD_ZERO.search(text) and topic_of(f"{segment.heading} {text}") == "trial":
            yield relief_finding(where, 0.0, "exact", 0.0, 0.0, day, "no relief as stated", "stated")
        elif _VAGUE.search(text) and topic_of(text) != "other" and not changes_in(text, "pain"):
            yield relief_finding(where, "vague", "exact", None, None, day, None, "stated")


def _of_whole(text: str, told: Sequence[Percent]) -> list[Percent]:
    """What is said of the whole trial: an average before a best or a worst; of times that differ, a range.

    A figure that holds for a part of it only ("80 % for two of the 48 hours") leaves the rest open.
    """
    starts = [0, *(p.end for p in told)]
    average = [p for p, at in zip(told, starts, strict=False) if _AVERAGE.search(text[max(at, p.start - 25) : p.start])]
    if average or len(told) == 1:
        return [replace(p, low=0.0, bound="range") if _PART.match(text, p.end) else p for p in average or told]
    sides = {side(p.low, p.high, p.bound) for p in told}
    if len(sides) > 1 and _TIMES.search(text):
        return [Percent(told[0].start, told[-1].end, min(p.low for p in told), max(p.high for p in told), "range")]
    return list(told)


def _ticked(segment: Segment, where: Excerpt, day: str | None) -> Iterator[Finding]:
    """A ticked "Pain relief >= 50 %: yes", or a ticked option that is itself a percentage."""
    if (
        not segment.answer
        or not re.search(r"pain|relief|analgesi|reduction|NRS|improve|response", segment.text, re.I)
        or re.search(r"opioid (?:dose|reduc|wean)|oral opioid|MME", segment.text, re.I)
    ):
        return
    answer = segment.answer.strip().lower()
    if re.fullmatch(r"yes|no|y|n", answer):
        for percent in [p for p in percents(segment.text) if p.bound in ("at_least", "exact") and p.low == 50][:1]:
            said = answer.startswith("y")
            yield relief_finding(
                where,
                "at_least_half" if said else "under_half",
                "at_least" if said else "at_most",
                percent.low,
                percent.high,
                day,
                f"box ticked {answer}: at least 50 %",
                "stated",
            )
        return
    for percent in percents(segment.answer)[:1]:
        yield _percent(where, percent, segment.answer, day)


def _is_relief(text: str, percent: Percent) -> bool:
    if _PEOPLE.search(re.split(r"[.;]\s", text[: percent.start])[-1]):
        return False
    left = max((m.end() for m in re.finditer(r"[.;](?=\s)|\n", text[: percent.start])), default=0)
    right = next((percent.end + m.start() for m in re.finditer(r"[.;](?=\s|$)|\n", text[percent.end :])), len(text))
    clause = text[left:right]
    if _GOAL.search(text[left : percent.start]) or re.match(
        r"[^.;]{0,30}\b(?:is the (?:goal|target)|is needed|required|or (?:he|she) would|to (?:proceed|"
        r"qualify))",
        text[percent.end :],
        re.I,
    ):
        return False
    if (
        percent.bound == "at_least"
        and _quoted(text, percent.start)
        and re.search(r"provided|reduction in pain|minimal side|criteri|coverage|weaned", text, re.I)
    ):
        return False
    if re.search(r"\b(?:MEDD?|MME|opioids?|dose|regimen|wean\w*|taper\w*)\b", clause, re.I) and not re.search(
        r"\b(?:pain|relief|better)\b", clause, re.I
    ):
        return False
    if left_over(text, percent) and re.search(r"\bpain\b", clause, re.I):
        return True
    near = text[max(left, percent.start - 80) : min(right, percent.end + 40)]
    tight = text[max(left, percent.start - 12) : min(right, percent.end + 14)]
    if _NOT_RELIEF.search(tight) or re.search(
        r"\b(?:dose|rate|infusion|saline|oxy\w*|opioids?|tablets?)\b[^,;.]{0,12}$", text[left : percent.start], re.I
    ):
        return False
    if re.match(
        r"\s*(?:of (?:the )?(?:nights|time|visits|patients|people|days|dose)|\w* ?(?:walk|step|stair|"
        r"bottle|sandwich|hour|can|glass))",
        text[percent.end :],
        re.I,
    ) or re.search(r"\b(?:ate|drank|slept|walked|up)\s*$", text[: percent.start], re.I):
        return False
    return bool(_RELIEF.search(near)) and (
        bool(_RELIEF.search(tight)) or not _NOT_RELIEF.search(near) or "pain" in clause.lower()
    )


def _quoted(text: str, at: int) -> bool:
    """Inside quotation marks, where a payer's sentence stands."""
    return len(re.findall(r'["“”]', text[:at])) % 2 == 1


def _percent(where: Excerpt, percent: Percent, text: str, day: str | None) -> Finding:
    low, high, bound = percent.low, percent.high, percent.bound
    # "pain was down to a third of what it was" leaves a third: two thirds are gone.
    if left_over(text, percent):
        low, high = 100 - high, 100 - low
        bound = {"at_least": "at_most", "at_most": "at_least", "nearly": "at_least"}.get(bound, bound)  # type: ignore[assignment]
    verdict = side(low, high, bound)
    number_ = low if bound in ("exact", "about", "at_least") and verdict != "vague" else None
    words = re.sub(r"\s+", " ", text[percent.start : percent.end]).strip()
    return relief_finding(
        where, verdict if number_ is None else number_, bound, low, high, day, f"{words} as stated", "stated"
    )


def _told(segment: Segment, where: Excerpt, day: str | None, scores: Scores) -> Iterator[Finding]:
    """Changes told in one breath, and single scores that wait for their other end."""
    text = segment.text
    if segment.kind == "tick" and segment.ticked is None:
        return
    changes = changes_in(text, "pain")
    for change in changes:
        if change.measure == "pain":
            yield _scored(change, day, where)
        elif (word := function_word(change.before, change.during, change.measure)) is not None:
            yield function_finding(word, change.before, change.during, change.unit, change.name, where, day)
    taken = [(c.start, c.end) for c in changes]
    for score in pain_scores(text, True):
        if any(a <= score.start < b for a, b in taken) or _OPEN_RANGE.search(text[: score.start]):
            continue
        if score.phase == "before":
            scores.before.append((score.value, where))
        elif score.phase == "during":
            scores.during.append((score.value, where))


def _scored(change: Change, day: str | None, where: Excerpt) -> Finding:
    """Relief from two scores; from a range ("8 to a 4-5") by its worse end, or open where its ends disagree."""
    worst = scored(change.before, change.worst, change.unit, day, where, where)
    best = scored(change.before, change.during, change.unit, day, where, where)
    low, high = worst.attributes["low"], best.attributes["high"]
    if worst.attributes["side"] == best.attributes["side"] or not (isinstance(low, float) and isinstance(high, float)):
        return worst
    words = f"{change.before:g} -> {change.during:g} to {change.worst:g} = {low:g} to {high:g} % reduction"
    return relief_finding(where, "vague", "range", low, high, day, words, "scores", (where,))


_OPEN_RANGE = re.compile(rf"\bbetween\s+(?:an?\s+)?(?:{NUMBER}\s+and\s+(?:an?\s+)?)?$", re.I)
""" "Somewhere between 3 and 5" is no score."""
_DOSE = re.compile(rf"({NUMBER})\s*(?:mg|mcg|micrograms?|µg)\b", re.I)


def _last_dose(found: list[Finding]) -> list[Finding]:
    """Where a document gives the relief at each of several trial doses, the highest dose is the trial's result."""
    doses = [
        (number(m[1]), f)
        for f in found
        if f.kind == "trial_relief" and f.attributes["source"] == "stated" and (m := _DOSE.search(f.excerpt.quote))
    ]
    top = max((d for d, _ in doses), default=0.0)
    lower = [f for d, f in doses if d < top]
    return [f for f in found if not any(f is low for low in lower)]


def _settled(found: list[Finding]) -> list[Finding]:
    """A flat statement beside numbers of the same document adds nothing; the rest stays in order."""
    relief = [f for f in found if f.kind == "trial_relief" and f.value != "vague"]
    found = _last_dose(found)
    out = [f for f in found if not (relief and f.kind == "trial_relief" and f.value == "vague")]
    return [replace(f, score=0.8) if f.rule == "relief.function" else f for f in out]
