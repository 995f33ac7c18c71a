"""Daily totals in MME that a note states itself ("180 MME", "MED 75 -> 30", "MME 160 in June, 95 today"), not those it adds up to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from extractors.dates import DateMention, dates_in
from extractors.document import Page, excerpt
from extractors.finding import Finding
from extractors.patterns import rare
from extractors.quantities import NUMBER, number
from extractors.segment import Segment
from extractors.stream import anchor_of
from extractors.weanwords import AHEAD

PLANNED = re.compile(
    r"\b(?:goal|target|aim(?:s|ing)?|plan(?:s|ned|ning)?|intend(?:s|ed)?|will|would|to be|going to|"
    r"hopes?|recommend(?:s|ed)?|suggest(?:s|ed)?|consider|propose[sd]?|if|should|could|offer(?:ed)?|"
    r"try|anticipated?|eventually|next step|expected)\b|^\s*P\s*:|'ll\b",
    re.I,
)
OTHERS = re.compile(
    r"\b(?:mother|father|brother|sister|son|daughter|wife|husband|niece|nephew|cousin|uncle|"
    r"aunt|neighbor|neighbour|friend|roommate|grand\w+)(?:'s)?\b(?!.{0,20}\b(?:says|reports|"
    r"confirms|agrees|states|with (?:him|her)|sets))",
    re.I,
)
PAST = re.compile(
    r"\b(?:was|were|had been|had|started (?:from|at|on)|start of|began|begun|came to us|initially|"
    r"baseline|originally|previous(?:ly)?|formerly|prior|at first|from|referred|used to|on arrival|"
    r"intake|first visit|outset|peak|highest|before the (?:wean|taper))\b[^.;]{0,40}$",
    re.I,
)
PAST_AFTER = re.compile(
    r"\s*(?:mg\s*)?(?:\([^)]*\)\s*)?(?:at|in|on|as of)?\s*(?:the )?(?:start|outset|intake|baseline|"
    r"beginning|first visit|initial\w*|before)\b",
    re.I,
)
KEYWORD = r"(?:(?:oral\s+)?morphine\s+(?:milligram\s+)?equivalents?|MMEs?|MEDDs?|OMEDD?s?|MEDs?|OMEs?|MEQ)"
_STATED = re.compile(
    rf"(?P<a>{NUMBER})\s*(?:mg|milligrams?)?(?:\s*(?:->|→|=>|\bto\b|\bdown to\b)\s*(?P<b>{NUMBER}))?\s*(?:mg|"
    rf"milligrams?)?(?:\s*(?:/\s*d(?:ay)?|daily|per day|"
    rf"a day))?\s*(?:of\s+)?(?:oral\s+)?(?P<k1>{KEYWORD})\b(?:(?:\s+(?:a day|"
    rf"daily|per day))?(?:\s+(?:in|on|at|last)\s+[\w~]+)?\s+(?:down\s+)?to\s+(?P<f>{NUMBER})(?!\s*(?:%|"
    rf"percent|weeks|months)))?"
    rf"|\b(?P<k2>{KEYWORD})\b(?:\s*/\s*d(?:ay)?|\s+per day|\s+a day|\s+daily)?(?:\s*(?:now|of|"
    rf"is|was|at|=|:|~|≈|about|approx\w*|total(?:s|ing)?|down to|up to|stands|from|today|currently|"
    rf"went|fell|dropped|by|on|this|visit|intake|discharge|admission|trial|start|baseline|holding|"
    rf"reduced|weaned|as|has|have|had|been|come|came|gone|down|brought|cut|lowered|decreased|~+)){{0,6}}\s*(?P<c>{NUMBER})(?:\s*(?:mg)?(?:/d(?:ay)?)?\s*(?:->|→|=>|\bto\b|"
    rf"\bdown to\b)\s*(?P<d>{NUMBER}))?(?:,?\s*\(?(?:was|down from|from|previously|formerly|"
    rf"prior)\s*(?P<e>{NUMBER})(?!\s*(?:/|"
    rf"weeks|months)))?",
)
_THEN = re.compile(
    rf"(?: (?:a day|daily))?,?\s*(?:and|but|then)?\s*(?:by|at|on|before)\s+(?:the\s+)?(?:day|time|morning|eve|week|start|trial)\b"
    rf"(?:\s+\w+){{0,4}}?\s+(?:on|at|to|was|only)\s+(?P<n>{NUMBER})(?!\s*(?:%|percent|/|weeks?|months?|days?))",
    re.I,
)
""" "240 MME, and by the day of it on 110": a second total that leaves the unit out."""
_SERIES_FIRST = re.compile(r"\s*(?:MME\s*)?(?:in|on|at|by|as of)?\s*~+", re.I)
_SERIES = re.compile(rf"\s*(?:,|;|and|then|->|→)+\s*(?:and\s+|then\s+)?(?P<n>{NUMBER})\s*(?:MME\s*)?(?:in|on|at|by|as of)?\s*~+", re.I)
_CASE_FREE = rare(_STATED.pattern.replace("MEDs?|", ""), re.I)


@dataclass(frozen=True, slots=True)
class Place:
    document_id: str
    page: Page
    segment: Segment
    day: str | None
    patient_wears: bool = False
    """The document speaks of patches elsewhere, or of no procedure at all."""


def totals_in(place: Place) -> Iterator[Finding]:
    """`opioid_dose` findings of the totals that one segment states: "180 MME", "MED now 40", "150 to 60 MME daily"."""
    text = place.segment.text
    spelled = dates_in(text, anchor_of(place.day))
    blank = _without(text, [(d.start, d.end) for d in spelled])
    if re.search(r"\bunclear\b|\bnot sure\b|\bunsure\b", text, re.I):
        return
    for match in _STATED.finditer(blank) if re.search(r"\bMEDs?\b", text) else _CASE_FREE.finditer(blank):
        before = re.split(r"[.;,]\s", text[: match.start()])[-1]
        if (
            PLANNED.search(before + match[0])
            or OTHERS.search(before)
            or re.match(r"\s*(?:or less|or below|by the)", text[match.end() :])
        ):
            continue
        first, second = match["a"] or match["c"], match["b"] or match["d"] or match["f"]
        if match["e"] and not second:
            first, second = match["e"], first
        if second is None and (then := _THEN.match(text, match.end())):
            second = then["n"]
        if number(first) > 3000:
            continue
        days = _beside(text, match.start(), match.end(), spelled)
        if second is None and (
            earlier := re.search(
                rf"\bfrom\s+(?P<n>{NUMBER})\s*(?:mg|milligrams?)?(?:\s+\w+){{0,3}}\s+to\s*$",
                text[: match.start()],
                re.I,
            )
        ):
            first, second = earlier["n"], first
        later = list(_series(blank, match.end(), spelled)) if second is None and match["c"] else []
        for value, day in later:
            yield stated_total(place, value, day, past=False)
        if second is not None:
            yield stated_total(place, number(first), None, past=True)
            yield stated_total(place, number(second), place.day, past=False)
        else:
            past = (
                bool(
                    PAST.search(before)
                    or PAST.search(match[0][: -len(first)])
                    or PAST_AFTER.match(text, match.end())
                )
                and not days
            )
            yield stated_total(place, number(first), None if past else days[0] if days else place.day, past=past)


def _series(blank: str, at: int, spelled: list[DateMention]) -> Iterator[tuple[float, str]]:
    """ "MME 160 in June, 120 in October, 95 today": the totals after the first, each with its day."""
    first = _SERIES_FIRST.match(blank, at)
    at = first.end() if first else at
    while match := _SERIES.match(blank, at):
        at = match.end()
        day = next((d.iso for d in spelled if match.start() < d.end <= match.end()), None)
        if day:
            yield number(match["n"]), day


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    """`text` with these spans blanked, so that a date's digits are no dose."""
    for start, end in spans:
        text = text[:start] + "~" * (end - start) + text[end:]
    return text


_ITS_DAY = re.compile(r"(?:\s*(?:a day|daily|per day|/\s*d(?:ay)?))?(?:\s*\(\s*|\s+(?:(?:in|on|at|by|as of)\s+(?:the\s+)?)?)", re.I)
"""Between a total and the date that is its own ("180 MME in June"), whatever date stands before it."""


def _beside(text: str, start: int, end: int, days: list[DateMention]) -> list[str]:
    """The date nearest to a total in its own clause, one before it first."""
    left = max((m.end() for m in re.finditer(r"[.;](?=\s)", text[:start])), default=0)
    before = [d for d in days if left <= d.start < start and start - d.end < 30]
    after = [d for d in days if end <= d.start < end + 25 and not re.search(r"[.;]\s|->|→|\bto\b", text[end : d.start])]
    if after and _ITS_DAY.fullmatch(text, end, after[0].start):
        before = []
    chosen = [d for d in (*before[-1:], *after[:1]) if d.precision in ("day", "month", "season")]
    return [d.iso for d in chosen]


def stated_total(place: Place, value: float, day: str | None, past: bool) -> Finding:
    return Finding(
        "opioid_dose",
        value,
        excerpt(place.document_id, place.page, place.segment.start, place.segment.end),
        "doses",
        unit="MME/day",
        date=day,
        derivation=f"{value:g} MME/day as stated",
        attributes={
            "drug": "total",
            "stated": True,
            "before_trial": bool(AHEAD.search(place.segment.text)),
            "past": past,
            "listed": True,
            "only": True,
            "joined": False,
            "stopped": value == 0,
            "low": value,
            "extended": False,
            "reason": None,
        },
    )
