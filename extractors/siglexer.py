"""Typed tokens of directions for use: drug, strength, rate, frequency, count, date, stop, arrow, break."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from extractors.dates import DateMention, dates_in
from extractors.opioids import DrugMention, formulary, opioid_part, opioids_in
from extractors.quantities import NUMBER, TO, number

_NUM = NUMBER
_MANY = rf"(?:{_NUM})(?:{TO}(?:{_NUM}))?"
_UNIT = r"(?:mg|milligrams?|mgs|mcg|micrograms?|µg|ug|g)"
_TABLETS = r"(?:tabs?|tablets?|pills?|caps?|capsules?|patch(?:es)?|doses?|rescues?|breakthroughs?|units?)"
_DAY = (
    r"(?:(?:/|per|a|each|every|in (?:the|a) (?:past|last|24)|over)\s*(?:d\b|day|24\s*(?:-?\s*h(?:rs?|"
    r"ours?)?)?)|daily)"
)
_LEX = re.compile(
    rf"(?P<conc>{_NUM}\s*(?:mg|mcg)\s*(?:/|per)\s*(?:{_NUM})?\s*ml\b)"
    rf"|(?P<rate>{_NUM}\s*(?:mcg|micrograms?|µg|ug)\s*(?:/|per|an)\s*h(?:r|our)?\b)"
    rf"|(?P<daily>\b(?:total\s+)?(?:daily\s+(?:dose|total|intake)|daily)\s*(?:(?:was|of|is|at|"
    rf"to|came|dose|:|=|about)\s*){{0,3}}(?P<dailymg>{_NUM})\s*(?:mg|milligrams?)\b)"
    rf"|(?P<total>{_MANY}\s*{_UNIT}\s*(?:/\s*d(?:ay)?\b|(?:a|per|each) day|daily total|total daily|/\s*24\s*h))"
    rf"|(?P<pair>(?<![\d./])(?:\d+(?:\.\d+)?\s*[-/]\s*\d{{3}}|\d{{3}}\s*[-/]\s*\d{{1,2}}(?:\.\d+)?)(?![\d/])(?:\s*mg\b)?)"
    rf"|(?P<strength>(?:{_MANY})\s*[-]?{_UNIT}\b)"
    rf"|(?P<volume>{_MANY}\s*ml\b)"
    r"|(?P<everyhours>\b(?:q\.?|every)\s*(?P<hlow>\d+|four|six|eight|twelve|three|two)\s*(?:(?:-|"
    r"–|to)\s*(?P<hhigh>\d+|six|eight|four))?\s*-?\s*(?:h\b|hrs?\b|hours?\b|°))"
    r"|(?P<bareq>\bq(?P<qh>4|6|8|12|24|48|72)\b)"
    rf"|(?P<perday>(?:[x×#]\s*)?{_MANY}\s*(?:(?:{_TABLETS}|of (?:them|these))\s*{_DAY}|(?:/|per|"
    rf"a|each|in the past|in the last)\s*(?:d\b|day\b|24\s*h(?:rs?|ours?)?\b)))"
    rf"|(?P<perweek>(?:[x×]\s*)?{_MANY}\s*(?:{_TABLETS}|times|x)?\s*(?:/|per|a|each)\s*(?:wk|week)\b)"
    rf"|(?P<times>\b(?:once|twice|thrice|(?:{_NUM})\s*(?:x|×|times))\s*(?:/|a|per|each)?\s*-?\s*(?:d\b|day\b|daily\b))"
    r"|(?P<abbr>\bb\.?\s?i\.?d\b\.?|\bbd\b|\bt\.?\s?i\.?d\b\.?|\bq\.?i\.?d\b\.?|\bq\s?day\b|"
    r"\bq\.?d\b\.?|\bo\.?d\b\.|\bqhs\b|\bq\s?hs\b|\bhs\b|\bq\s?am\b|\bq\s?pm\b|\bnightly\b|\bat (?:bedtime|"
    r"night)\b|\beach (?:morning|night|evening)\b|\bevery (?:morning|night|evening|day)\b|\bqod\b|"
    r"\bevery other day\b|\bam and pm\b|\bmorning and (?:night|evening)\b|\bdaily\b|\ba day\b|"
    r"/d(?:ay)?\b|\bweekly\b)"
    rf"|(?P<count>(?:{_MANY})\s*{_TABLETS}\b|\b[x×]\s?(?P<xn>\d+)\b)"
    rf"|(?P<supply>#\s*(?P<qty>\d+)(?:\s*(?:/|per|a|for|every|x)\s*(?:(?P<days>\d+)\s*-?\s*d(?:ays?)?|mo(?:nth)?))?)"
    r"|(?P<arrow>->|→|=>|⇒|\bto\b|\breduced\b|\blowered\b|\bdecreased\b|\bthen\b|\bnow\b|\bcurrently\b|\btakes\b)"
    r"|(?P<stop>\b(?:stopped|discontinued|dis-?continued|d/c'?d?|dc'?d|ceased|quit|came off|"
    r"taken off|weaned off|tapered off|off)\b)"
    r"|(?P<past>\b(?:was|were|previously|formerly|prior dose|up from|down from)\b)"
    r"|(?P<dash>(?<=\s)[–—-]+(?=\s))"
    r"|(?P<break>[.;](?=\s|$)|\n)"
    rf"|(?P<bare>{_NUM})(?!\s*(?:%|percent|per cent|/\s*10\b|out of|years?\b|y\b|yrs?\b|months?\b|"
    rf"weeks?\b|wks?\b|days\b|visits?\b))",
    re.I,
)
_ABBREVIATIONS = {
    "bid": 2.0,
    "bd": 2.0,
    "tid": 3.0,
    "qid": 4.0,
    "qod": 0.5,
    "every other day": 0.5,
    "weekly": 1 / 7,
    "am and pm": 2.0,
    "morning and night": 2.0,
    "morning and evening": 2.0,
}


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    start: int
    end: int
    low: float = 0.0
    high: float = 0.0
    drug: DrugMention | None = None
    day: DateMention | None = None


def tokens_of(text: str, anchor: date | None) -> Iterator[Token]:
    """Typed tokens; a longer-lived reading (drug, date) wins over the numbers inside it."""
    taken: list[Token] = [Token("drug", d.start, d.end, drug=d) for d in opioids_in(text)]
    free = [(t.start, t.end) for t in taken]
    taken += [
        Token("other", m.start(), m.end()) for m in formulary().others.finditer(text) if not _inside(m.start(), free)
    ]
    for day in dates_in(text, anchor):
        if (
            not _inside(day.start, free)
            and not re.match(r"\d{1,2}/\d{1,2}$", text[day.start : day.end])
            or day.precision == "day"
            and not re.match(r"\s*(?:mg|tab)", text[day.end :])
        ):
            taken.append(Token("date", day.start, day.end, day=day))
    spans = [(t.start, t.end) for t in taken]
    for match in _LEX.finditer(text):
        if not _inside(match.start(), spans) and not _inside(match.end() - 1, spans):
            taken.append(_token(match))
    yield from sorted(taken, key=lambda t: (t.start, -t.end))


def _inside(at: int, spans: list[tuple[int, int]]) -> bool:
    return any(a <= at < b for a, b in spans)


def _token(match: re.Match[str]) -> Token:
    kind, words = match.lastgroup or "", match[0]
    kind = next(k for k in _KINDS if match[k] is not None)
    low = high = 0.0
    numbers = [number(n) for n in re.findall(NUMBER, words, re.I)]
    if kind == "everyhours":
        far, near = number(match["hhigh"] or match["hlow"]), number(match["hlow"])
        low, high = 24 / max(far, near), 24 / min(far, near)
    elif kind == "bareq":
        low = high = 24 / number(match["qh"])
    elif kind == "times":
        word = words.lower()
        low = high = 1.0 if "once" in word else 2.0 if "twice" in word else 3.0 if "thrice" in word else numbers[0]
    elif kind == "abbr":
        low = high = _ABBREVIATIONS.get(re.sub(r"\.|(?<=\b[bt])\s", "", words.lower()).strip(), 1.0)
    elif kind == "conc":
        low = high = numbers[0] / (numbers[1] if len(numbers) > 1 and numbers[1] else 1.0)
    elif kind == "daily":
        return Token("total", match.start(), match.end(), *((number(match["dailymg"]),) * 2))
    elif kind == "pair":
        part = opioid_part(numbers[0], numbers[1])
        if part is None:
            return Token(
                "strength" if "mg" in words and numbers[0] < numbers[1] else "nothing",
                match.start(),
                match.end(),
                numbers[0],
                numbers[1],
            )
        return Token("combination", match.start(), match.end(), part, part)
    elif kind == "supply":
        days = 30.0 if not match["days"] else float(match["days"])
        spoken = bool(re.search(r"/|per|for|every|\d\s*x", words[1:]))
        return Token(
            "supply" if spoken else "nothing", match.start(), match.end(), *((float(match["qty"]) / days,) * 2)
        )
    elif numbers:
        ranged = len(numbers) > 1 and re.match(rf"[x×#\s]*{NUMBER}{TO}{NUMBER}", words, re.I)
        low, high = numbers[0], numbers[1] if ranged else numbers[0]
        if kind in ("strength", "total") and re.search(r"\d\s*(?:mcg|micro|µg|ug)", words, re.I):
            kind = "micro"
        if kind == "perweek":
            low, high, kind = low / 7, high / 7, "perday"
    elif kind == "count" and match["xn"]:
        low = high = float(match["xn"])
    if kind == "count" and match["xn"]:
        low = high = float(match["xn"])
        kind = "xcount"
    return Token(kind, match.start(), match.end(), min(low, high), max(low, high))


_KINDS = (
    "conc",
    "rate",
    "daily",
    "total",
    "pair",
    "strength",
    "volume",
    "everyhours",
    "bareq",
    "perday",
    "perweek",
    "times",
    "abbr",
    "count",
    "supply",
    "arrow",
    "stop",
    "past",
    "dash",
    "break",
    "bare",
)
