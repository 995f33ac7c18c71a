"""Expected survival told as a time: which side of three months it lies on.

The words that make a time a forecast of life vary without end, so a time counts where its sentence
names survival, or where another reader found the fact there; arithmetic then decides its value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from extractors.document import Page, excerpt
from extractors.finding import Finding
from extractors.patterns import rare
from extractors.quantities import NUMBER, TO, number
from extractors.segment import Segment, statement
from extractors.stream import SILENT
from extractors.ticks import BOX

LIMIT = 3.0
"""Months; three months exactly is not more than three months (ADJUDICATION.md, G5)."""
MONTHS = {
    "day": 12 / 365,
    "week": 12 * 7 / 365,
    "wk": 12 * 7 / 365,
    "month": 1.0,
    "mo": 1.0,
    "year": 12.0,
    "yr": 12.0,
    "decade": 120.0,
}
UNIT = r"(?P<{}>days?|weeks?|wks?|months?|mos?|years?|yrs?|decades?)\b"
TIME = re.compile(
    rf"(?P<bound>(?:no |not )?(?:more|greater|longer|less|fewer) than|over|above|beyond"
    rf"|past|exceed\w*|at least|under|below|within|up to|at most|>=?|<=?|≥|≤)?\s*"
    rf"(?:(?P<low>{NUMBER})(?:{TO}|\s+and\s+)(?:an?\s+)?(?P<high>{NUMBER})"
    rf"|(?P<one>{NUMBER})|(?P<few>a few|few|several|many|some|couple of)|(?P<a>an?"
    rf"|half[- ]a|the half))?[\s-]*{UNIT.format('unit')}"
    rf"(?:\s*(?:to|or|-|–)\s*(?:an?\s+)?(?:(?P<more>{NUMBER}|few|several"
    rf"|many)\s+)?{UNIT.format('second')}|\s+(?:or|to)\s+(?P<then>{NUMBER})\b(?!\s+(?:days?"
    rf"|weeks?|years?)))?(?P<after>\s*(?:or (?:less|more|longer|fewer)|at (?:most|least"
    rf"|best)))?",
    re.I,
)
SURVIVAL = rare(
    r"life (?:expectancy|exp\b|span)|lifespan|expected (?:survival|to live|to survive)"
    r"|survival (?:expected|estimate\w*|of|is|in|time)|anticipated (?:survival|life)"
    r"|estimated (?:survival|prognosis)|prognosis(?: for life|:)|prognosis (?:>|<|of"
    r"|is (?:more|less|over|under)|\d)|(?:weeks|months|years) to live|estimates? survival",
    re.I,
)
AMOUNT = {"few": (2.0, 5.0), "several": (3.0, 7.0), "many": (5.0, 20.0), "some": (2.0, 5.0), "couple of": (2.0, 2.0)}
NO_FORECAST = re.compile(
    r"\bago\b|\bfor the (?:past|last)\b|\bsince\b|\bhistory\b|\bhospice (?:care )?is\b" r"|\bevery\b", re.I
)


def find_survival(
    document_id: str, page: Page, segments: Sequence[Segment], day: Sequence[str | None]
) -> Iterator[Finding]:
    """`life_expectancy` findings of sentences that name survival and a time."""
    for i, segment in enumerate(segments):
        said = statement(segment, page.text)
        topic = f"{segment.heading} {said}" if segment.kind == "tick" else said
        spoken = not segment.marks & (SILENT - {"plan"}) and SURVIVAL.search(topic)
        value = _told(segment, said) if spoken else None
        if value:
            yield Finding(
                "life_expectancy",
                value,
                excerpt(document_id, page, segment.start, segment.end),
                "survival.time",
                date=day[i],
            )


def _told(segment: Segment, said: str) -> str | None:
    """The forecast of a statement; "over 3 months?" is long answered yes, and short answered no."""
    asked = forecast(segment.label) if segment.answer in ("yes", "no") else None
    if asked and segment.answer == "no":
        return {"long": "short", "short": "long"}.get(asked)
    return asked or forecast(segment.ticked or said)


def with_forecast(finding: Finding) -> Finding:
    """A `life_expectancy` finding of another reader, its value by arithmetic where its words give a time."""
    if finding.kind != "life_expectancy" or BOX.search(finding.excerpt.quote):
        return finding
    value = forecast(finding.excerpt.quote)
    return replace(finding, value=value) if value else finding


def forecast(text: str) -> str | None:
    """long, short or vague, by the times that a text gives; None when it gives none or disagreeing ones."""
    values = {
        side(*span)
        for match in TIME.finditer(text)
        if (span := months(match))
        and not NO_FORECAST.search(text[match.start() - 12 if match.start() > 12 else 0 : match.end() + 8])
    }
    return values.pop() if len(values) == 1 else None


def months(match: re.Match[str]) -> tuple[float, float] | None:
    """The shortest and longest time, in months, that the words of `TIME` allow."""
    unit = MONTHS[match["unit"].lower().rstrip("s")]
    if match["low"]:
        low, high = number(match["low"]), number(match["high"])
    elif match["one"]:
        low = high = number(match["one"])
    elif match["few"]:
        low, high = AMOUNT[match["few"].lower().removeprefix("a ")]
    elif match["a"]:
        low = high = 0.5 if "half" in match["a"].lower() else 1.0
    elif match["second"] or match["unit"].lower() in ("years", "decades"):
        low, high = 2.0, 6.0
    else:
        return None
    if match["then"]:
        high = number(match["then"])
    low, high = low * unit, high * unit
    if match["second"]:
        more = match["more"].lower() if match["more"] else ""
        last = MONTHS[match["second"].lower().rstrip("s")]
        high = last * (
            AMOUNT[more][1]
            if more in AMOUNT
            else number(more)
            if more
            else 6.0
            if match["second"].endswith("s")
            else 1.0
        )
    return _bounded(low, high, " ".join(filter(None, (match["bound"], match["after"]))).lower())


def _bounded(low: float, high: float, words: str) -> tuple[float, float]:
    if re.search(
        r"(?:no|not) (?:more|greater|longer) than|less|fewer|under|below|within|up to|at most" r"|at best|<|≤", words
    ) and not re.search(r"(?:no|not) (?:less|fewer)", words):
        return 0.0, high if re.search("or less|no more|not more|at most|up to|within|<=|≤", words) else high - 0.01
    if re.search(r"more|greater|longer|over|above|beyond|past|exceed|at least|>|≥|no(?:t)? less", words):
        return low if re.search(r"at least|or more|>=|≥", words) else low + 0.01, float("inf")
    return low, high


def side(low: float, high: float) -> str:
    """long when all of the range is over three months, short when none of it is, else vague."""
    return "long" if low > LIMIT else "short" if high <= LIMIT else "vague"
