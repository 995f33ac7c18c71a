"""Dates as US clinical notes write them, and the date of service of a document.

A date without a year is placed by `anchor` (the document's date): the latest such day that is not
more than 45 days after it. Month and season dates carry their first day and say so in `precision`.
"""

from __future__ import annotations

import re
from calendar import month_abbr, month_name, monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal

from extractors.document import Document, Page, page_lines
from extractors.patterns import rare
from extractors.quantities import NUMBER, number

Precision = Literal["day", "month", "season", "year"]

_MONTHS = {name.lower(): i for names in (month_name, month_abbr) for i, name in enumerate(names) if name} | {"sept": 9}
_MONTH = (
    r"(?P<{}>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_YEAR = r"(?:,?\s*(?:of\s+)?(?P<{}>(?:19|20)\d\d|['’]\d\d)\b)"
_SEASONS = {"spring": 3, "summer": 6, "fall": 9, "autumn": 9, "winter": 12}
_UNITS = {"day": 1, "week": 7, "wk": 7, "month": 30, "mo": 30, "year": 365, "yr": 365}

_DATE = rare(
    r"\b(?P<iy>(?:19|20)\d\d)-(?P<im>\d\d)-(?P<id>\d\d)\b"
    r"|(?<![\d/.])(?P<nm>\d{1,2})(?P<sep>[/.-])(?P<nd>\d{1,2})(?P=sep)(?P<ny>(?:19|20)\d\d|\d\d)(?![\d/])"
    r"|(?<![\d/.])(?P<mm>\d{1,2})/(?P<my>(?:19|20)\d\d)(?![\d/])"
    r"|(?<![\d/.])(?P<sm>\d{1,2})/(?P<sd>\d{1,2})(?![\d/%]|\.\d)"
    rf"|\b{_MONTH.format('am')}\s*(?P<ad>\d{{1,2}})(?:st|nd|rd|th)?\b(?!\s*(?:mg|mcg|%)){_YEAR.format('ay')}?"
    rf"|\b(?:the\s+)?(?P<bd>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH.format('bm')}\b{_YEAR.format('by')}?"
    rf"|\b(?:(?P<part>early|mid|late|end of|beginning of)[\s-]+)?{_MONTH.format('cm')}(?![\w/]){_YEAR.format('cy')}?"
    rf"|\b(?P<ago>{NUMBER})\s+(?P<unit>day|week|wk|month|mo|year|yr)s?\s+(?:ago|earlier|prior)\b"
    r"|\b(?P<rel>today|yesterday|this morning|last night|last week|last month|last year)\b"
    r"|\b(?:last|this|the past|the)\s+(?P<season>spring|summer|fall|autumn|winter)\b(?:\s+of)?\s*(?P<seasonyear>(?:19|"
    r"20)\d\d)?"
    r"|\b(?:POD|PPD|post-?\s?(?:op|operative|procedure|trial)?\s*day)\s*#?(?P<pod>\d{1,2})\b"
    r"|(?<![\d/.$#-])(?P<year>(?:19[5-9]|20[0-3])\d)\b(?!\s*(?:mg|mcg|units?|iu|ml|steps|feet|ft|m\b|%))",
    re.I,
)
_PREPOSITION = re.compile(
    r"\b(?:in|on|since|by|from|until|till|through|to|of|as of|and|dated|this|last|before|after|"
    r"between|during|early|mid|late|around|about|for|thru|end|seen|visit|trial|labs?|date)[\s:(,-]*$|"
    r"[(\[;:,→>-]\s*$|^\s*$|\n\s*$",
    re.I,
)
_COUNTED = re.compile(
    r"\s*(?:days|sessions|visits|doses|classes|strength|throughout|pain|at rest|lifts|words|"
    r"tabs?|\bon (?:nrs|vas))",
    re.I,
)
_ALL_DONE = re.compile(r"\s*(?:and [\w-]+ \d{1,2}/\d{1,2} )?(?:done|attended|completed?|finished|kept)\b", re.I)
"""After "12/12": sessions, not a day."""
_SCORED = re.compile(
    r"(?:\b(?:nrs|vas|pain|score|scores|rated|rating|strength|power|mmse|moca|fast|from|at|now|"
    r"was|is|to|a|an|→|->|motor|ehl)\s*(?:of|is|was|:|=)?\s*)$",
    re.I,
)

_KNOWN = {"day": 10, "month": 7, "season": 7, "year": 4}


@dataclass(frozen=True, slots=True)
class DateMention:
    """`text[start:end]` names the day `iso` (YYYY-MM-DD), known to `precision`."""

    start: int
    end: int
    iso: str
    precision: Precision

    @property
    def known(self) -> str:
        """As much of the ISO date as is known: "2026-02-14", "2026-02", "2026"."""
        return self.iso[: _KNOWN[self.precision]]


def dates_in(text: str, anchor: date | None = None, event: date | None = None) -> list[DateMention]:
    """Dates in reading order. Relative ones need `anchor`; "post-procedure day 2" needs `event`."""
    found = []
    for match in _written_in(text):
        if (read := _read(match, text, anchor, event)) is not None:
            day, precision = read
            found.append(DateMention(match.start(), match.end(), day.isoformat(), precision))
    return found


@lru_cache(16_384)
def _written_in(text: str) -> tuple[re.Match[str], ...]:
    """Kept, as every reader of a document asks for the dates of every segment."""
    return tuple(_DATE.finditer(text))


def _read(match: re.Match[str], text: str, anchor: date | None, event: date | None) -> tuple[date, Precision] | None:
    got = match.groupdict()
    before = text[: match.start()]
    try:
        if got["iy"]:
            return date(int(got["iy"]), int(got["im"]), int(got["id"])), "day"
        if got["nm"]:
            return date(_full_year(got["ny"]), int(got["nm"]), int(got["nd"])), "day"
        if got["mm"]:
            return date(int(got["my"]), int(got["mm"]), 1), "month"
        if got["sm"]:
            return _short(match, text, anchor)
        for month, day, year in (("am", "ad", "ay"), ("bm", "bd", "by")):
            if got[month]:
                return _place(_month(got[month]), int(got[day]), got[year], anchor), "day"
        if got["cm"]:
            return _month_alone(match, before, anchor)
        if got["year"]:
            return date(int(got["year"]), 1, 1), "year"
        return _relative(got, anchor, event)
    except (ValueError, LookupError):
        return None


def _full_year(text: str) -> int:
    digits = int(text.strip("'’"))
    return digits if digits > 99 else 2000 + digits if digits < 70 else 1900 + digits


def _month(name: str) -> int:
    return _MONTHS[name.lower() if name.lower() in _MONTHS else name.lower()[:3]]


def _place(month: int, day: int, year: str | None, anchor: date | None) -> date:
    if year:
        return date(_full_year(year), month, day)
    if anchor is None:
        raise LookupError
    days = (date(y, month, min(day, monthrange(y, month)[1])) for y in (anchor.year + 1, anchor.year, anchor.year - 1))
    return next(d for d in days if d <= anchor + timedelta(days=45))


def _short(match: re.Match[str], text: str, anchor: date | None) -> tuple[date, Precision] | None:
    """A month and day only ("5/12"): never a pain score, a strength grade or a count."""
    month, day = int(match["sm"]), int(match["sd"])
    before = text[max(0, match.start() - 25) : match.start()]
    if _COUNTED.match(text, match.end()) or (month == day and _ALL_DONE.match(text, match.end())) or (
        day in (5, 10)
        and not re.search(
            r"\b(?:on|since|by|until|as of|dated|of|through|labs?|seen|\d\d?/\d\d?\s*(?:-|–|to|and|&))\s*\(?$|"
            r"^\s*$|\n\s*$",
            before,
            re.I,
        )
    ):
        return None
    if day in (5, 10) and _SCORED.search(before):
        return None
    if (
        following := re.match(r"\s*(?:-|–|to|through|and)\s*\d{1,2}/\d{1,2}/(\d{2,4})\b", text[match.end() :])
    ) is not None:
        return date(_full_year(following[1]), month, day), "day"
    return _place(month, day, None, anchor), "day"


def _month_alone(match: re.Match[str], before: str, anchor: date | None) -> tuple[date, Precision] | None:
    name = match["cm"]
    bare = not match["cy"]
    if bare and (
        not name[0].isupper()
        or (name.lower() in ("may", "march", "mar") and not _PREPOSITION.search(before) and not match["part"])
    ):
        return None
    part = (match["part"] or "").lower()
    day = {"mid": 15, "late": 25, "end of": 28}.get(part, 1)
    if bare and anchor and re.search(r"\blast\s+$", before, re.I):
        anchor -= timedelta(days=46)  # "last March" is over
    return _place(_month(name), day, match["cy"], anchor), "month"


def _relative(got: dict[str, str | None], anchor: date | None, event: date | None) -> tuple[date, Precision] | None:
    if got["pod"]:
        return (event + timedelta(days=int(got["pod"])), "day") if event else None
    if got["seasonyear"] and got["season"]:
        return date(int(got["seasonyear"]), _SEASONS[got["season"].lower()], 1), "season"
    if anchor is None:
        return None
    if got["season"]:
        month = _SEASONS[got["season"].lower()]
        return next(d for y in (anchor.year, anchor.year - 1) if (d := date(y, month, 1)) <= anchor), "season"
    if got["ago"]:
        unit = (got["unit"] or "day").lower()
        precision: Precision = "day" if _UNITS[unit] == 1 else "month"
        return anchor - timedelta(days=round(number(got["ago"]) * _UNITS[unit])), precision
    back = {
        "today": 0,
        "this morning": 0,
        "yesterday": 1,
        "last night": 1,
        "last week": 7,
        "last month": 30,
        "last year": 365,
    }
    days = back[(got["rel"] or "").lower()]
    return anchor - timedelta(days=days), "day" if days < 2 else "month"


def days_between(earlier: str, later: str) -> int:
    """Days from one ISO date to another; one cut to a month or a year stands for its first day."""
    first, second = (date.fromisoformat(f"{day}-01-01"[:10] if len(day) < 7 else f"{day}-01"[:10]) for day in (earlier, later))
    return (second - first).days


_SERVICE = re.compile(
    r"(?:\bdate of (?:service|visit|procedure|study|exam(?:ination)?|evaluation|consult(?:ation)?|"
    r"encounter|surgery|operation|admission)|\bDOS|\bencounter|\bvisit date|\bclinic date|\b(?:exam|"
    r"study|procedure|service|visit|evaluation) date|\bdate seen|\bseen(?: on)?|\bcollected|"
    r"\bdrawn|\bexam|\bsubmitted|\bdate submitted|\bdate of request|\btoday|\bdate|\bdate and time|"
    r"\badmi(?:tted|ssion)|\bdischarged?)\s*(?:[:.=]|\bon\b)?\s*$",
    re.I,
)
_WRITTEN = re.compile(
    r"(?:dictated|transcribed|signed|electronically signed|reported|reviewed|dict\.?|completed)\D{0,40}$", re.I
)
_NOT_SERVICE = re.compile(
    r"(?:\bD\.?O\.?B\b|birth|\bborn|injury|accident|onset|print(?:ed)?|\bfax|received|target|proposed|planned|schedul|"
    r"expir|effective|expected|due|referred|referral of|start of care|denied|history|since|last |"
    r"previous|prior|comparison|revision|form (?:date|version)|\brev\b)[^\d\n]{0,24}$",
    re.I,
)


def document_date(document: Document) -> str | None:
    """The date of service (ISO): labelled ones first, then one in the first lines, then a signature's.

    Dates of birth, print, fax, referral and plans are passed over. None when nothing is left.
    """
    best: tuple[int, str] | None = None
    for page in document.pages[:2]:
        for index, (text, banner) in enumerate(_lines(page)):
            for mention in dates_in(text):
                if mention.precision == "day" and "1990" < mention.iso < "2100":
                    rank = _rank(text, mention.start, index, page.number, banner)
                    if rank and (best is None or rank > best[0]):
                        best = rank, mention.iso
    if best:
        return best[1]
    for page in document.pages[:1]:
        for line in page.lines:
            text = page.text[line.start : line.end]
            days = [m.iso for m in dates_in(text) if m.precision == "day"]
            if line.kind == "footer" and len(days) == 1 and not _SENT.search(text):
                return days[0]
    named = dates_in(document.file.replace("_", " "))
    return next((m.iso for m in named if m.precision == "day"), None)


def _rank(text: str, start: int, number: int, page: int, banner: bool) -> int:
    """How much a date in line `number` looks like the date of service; 0 for one that is another date."""
    before = text[:start]
    if _NOT_SERVICE.search(before) or (banner and _TRANSMITTED.search(text)):
        return 0
    if _SERVICE.search(before) and number < 30 and page == 1:
        return (5 if re.search(r"discharged?\W*$", before, re.I) else 4) if number < 12 else 2
    if page == 1 and number < 3 and _TITLE.fullmatch(before) and not text[start:].strip(" 0123456789/.-"):
        return 3
    if page == 1 and (number < 8 or banner) and len(before.strip()) < 45 and (banner or "\t" not in text):
        return 2 if banner else 3
    return 1 if not banner and (_WRITTEN.search(before) or not before.strip()) else 0


_TITLE = re.compile(r"[A-Z][A-Za-z /&'-]{4,60}\t")
"""A title with its day at the other margin."""
_SENT = re.compile(r"\bfax|\bfrom:|\bto:|\bD\.?O\.?B|\bprint|\brev", re.I)
_TRANSMITTED = re.compile(r"\bfax|\bfrom:|\bto:|\bP\.?\s?\d|\bpage\b|\bD\.?O\.?B|\bprint", re.I)


def _lines(page: Page) -> list[tuple[str, bool]]:
    """The page's printed lines, each with whether it repeats on every page (banner, fax line); body first."""
    lines = [(page.text[x.start : x.end], x.kind in ("header", "footer")) for x in page_lines(page)]
    return [x for x in lines if not x[1]] + [(text, True) for text, banner in lines[:8] if banner]
