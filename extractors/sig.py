"""Directions for use ("sig"): from "oxycodone ER 40 mg q12h" to units a day and daily MME.

A lexer turns a stretch of text into typed tokens (drug, strength, rate, frequency, count, date, stop,
arrow, break); a small state machine gathers them into regimens, one per drug and dose:

    drug [strength] [count] [frequency | units a day]      a new strength for the same drug, or a new
                                                            drug, begins the next regimen
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from extractors.cues import cue
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
_CHANGED = re.compile(
    r"->|→|=>|\bto\b|\bchanged\b|\breduced\b|\blowered\b|\bdecreased\b|\bnow\b|\bthen\b|\bdown\b", re.I
)
_SWAPPED = cue("sig_swapped")
_ONTO = re.compile(r"(?:\b(?:to|for|with|by|onto)|->|→)\s*$", re.I)
_AND = re.compile(r"\s*(?:,|and|with|plus|\+|&)?\s*(?:and|with|plus|\+|&)\s*(?:the\s+)?(?:\w{2}\s+)?", re.I)
_LEAD = re.compile(
    r"(?:\b(?:to|now|takes?|taking|at|then|reduced|lowered|decreased|cut|is|was|on|down|currently|"
    r"by|dose|from|and|stayed|of|total|about|presently|today|changed|until|just|only|up|use[sd]?|"
    r"using|each|as)|->|→|=>|[(:;,.–—-]|^)\s*$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    start: int
    end: int
    low: float = 0.0
    high: float = 0.0
    drug: DrugMention | None = None
    day: DateMention | None = None


@dataclass(frozen=True, slots=True)
class Regimen:
    """One opioid's directions. Amounts are mg (mcg/h for a patch); `low`/`high` differ for ranges.

    `units` a day is (low, high) or None where nothing says it. `stopped`: the words say it was stopped.
    """

    drug: DrugMention
    start: int
    end: int
    strength: tuple[float, float] | None = None
    unit: str = "mg"
    tablets: tuple[float, float] = (1.0, 1.0)
    counted: bool = False
    times: tuple[float, float] | None = None
    units: tuple[float, float] | None = None
    total: tuple[float, float] | None = None
    concentration: float | None = None
    volume: float | None = None
    day: DateMention | None = None
    stopped: bool = False
    joined: bool = False
    """Taken together with the regimen before it ("5 mg in the morning and 10 mg at bedtime")."""
    superseded: bool = False
    """The words go on to a later dose in its place ("40 mg BID reduced to 20")."""
    told: bool = False
    """An amount was given, so that an unknown MME is worth reporting."""

    def per_day(self) -> tuple[float, float] | None:
        """Units (tablets, doses) a day."""
        if self.units:
            return self.units
        return (self.times[0] * self.tablets[0], self.times[1] * self.tablets[1]) if self.times else None

    def mme(self) -> tuple[tuple[float, float] | None, str]:
        """Daily MME (low, high), and the arithmetic in words; None with the reason when unknown."""
        drug = self.drug.opioid
        if self.stopped:
            return (0.0, 0.0), f"{drug.name}: stopped"
        if self.unit == "mcg/h":
            if drug.patch_factor is None or self.strength is None:
                return None, f"{drug.name}: no conversion for this form"
            low, high = (v * n for v, n in zip(self.strength, self.tablets, strict=True))
            return _mme(low, high, drug.patch_factor, f"{drug.name} patch {_amount(low, high)} mcg/h")
        if drug.factor is None:
            return (
                None,
                f"{drug.name}: no MME factor in the CDC 2022 table"
                if drug.patch_factor is None
                else f"{drug.name}: dose form not stated",
            )
        if self.total:
            return _mme(*self.total, drug.factor, f"{drug.name} {_amount(*self.total)} mg/day")
        each = self.strength
        if self.concentration and self.volume:
            each = (self.concentration * self.volume,) * 2
        per_day = self.per_day()
        if each is None or per_day is None:
            return None, f"{drug.name}: {'strength' if each is None else 'frequency'} not stated"
        words = f"{drug.name} {_amount(*each)} mg x {_amount(*per_day)}/day"
        return _mme(each[0] * per_day[0], each[1] * per_day[1], drug.factor, words)


def _mme(low: float, high: float, factor: float, words: str) -> tuple[tuple[float, float], str]:
    low, high = round(low * factor, 1), round(high * factor, 1)
    return (low, high), f"{words} x {factor:g} = {_amount(low, high)} MME/day"


def _amount(low: float, high: float) -> str:
    return f"{low:g}" if low == high else f"{low:g}-{high:g}"


def regimens_in(text: str, anchor: date | None = None, last: Regimen | None = None) -> list[Regimen]:
    """Opioid regimens in reading order. `last` is the regimen that the words before ended with: "now 10 mg TID" goes on with its drug."""
    return list(_gather(text, list(_tokens(text, anchor)), last))


def _tokens(text: str, anchor: date | None) -> Iterator[Token]:
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


def _gather(text: str, tokens: list[Token], last: Regimen | None) -> Iterator[Regimen]:
    """The state machine: `now` is the regimen being filled, `spare` a dose whose drug comes after it.

    `last` is the regimen before: a dose without a drug's name, after words such as "now" or "reduced
    to", is that drug's next dose.
    """
    now: Regimen | None = None
    lead: DateMention | None = None
    spare: list[Token] = []
    for index, token in enumerate(tokens):
        if token.kind == "drug":
            assert token.drug is not None
            if now:
                yield replace(
                    now,
                    superseded=bool(
                        _SWAPPED.search(text[max(0, now.start - 40) : token.start])
                        and _ONTO.search(text[now.end : token.start])
                    ),
                )
            now = last = Regimen(token.drug, token.start, token.end, day=lead)
            if token.drug.strength:
                now = replace(now, strength=(token.drug.strength,) * 2, told=True)
            if (
                any(t.kind in ("strength", "total", "rate", "combination") for t in spare)
                and token.start - spare[-1].end < 14
                and not re.search(r"[;.,(\t]", text[spare[-1].end : token.start])
            ):
                for held in spare:
                    now = _fill(now, held)
                now = replace(now, start=spare[0].start)
            spare = []
        elif token.kind == "other":
            if now:
                yield now
            now, last, spare = None, None, []
        elif token.kind == "date":
            if (
                now
                and (now.told or now.stopped)
                and (now.day is None or now.day == lead)
                and _trails(text, now, token, lead)
            ):
                now = replace(now, day=token.day, end=max(now.end, token.end))
            else:
                lead = token.day
        elif token.kind in ("break", "dash", "past"):
            if now and now.told:
                yield now
                now, last = None, now
            if token.kind == "break":
                spare, lead = [], (lead if now is None and _only_date(text, tokens, index) else None)
        elif token.kind in ("strength", "total", "rate", "micro", "combination", "conc"):
            if now and now.told and _amount_known(now) and not (token.kind == "conc" or now.concentration):
                between = text[now.end : token.start]
                joined = bool(_AND.fullmatch(between))
                yield replace(now, superseded=not joined and bool(_CHANGED.search(between)))
                now = Regimen(
                    now.drug,
                    token.start,
                    token.end,
                    day=now.day if joined else lead if lead != now.day else None,
                    joined=joined,
                )
            elif now is None and last is not None and _LEAD.search(text[max(0, token.start - 24) : token.start]):
                now = Regimen(last.drug, token.start, token.end, day=lead)
            if now is None:
                spare = [*spare, token] if spare and spare[-1].kind in ("count", "bare") else [token]
            else:
                now = last = _fill(now, token)
        elif now is None:
            now = _elliptic(text, token, tokens[index + 1] if index + 1 < len(tokens) else None, last, lead)
            if now is None:
                spare = (
                    [token]
                    if token.kind in ("count", "bare")
                    else [*spare, token]
                    if spare and token.kind in ("perday", "times", "abbr")
                    else spare
                )
        elif (
            token.kind == "bare"
            and now.told
            and now.per_day()
            and (
                again := _elliptic(
                    text,
                    token,
                    tokens[index + 1] if index + 1 < len(tokens) else None,
                    now,
                    lead if lead != now.day else None,
                )
            )
        ):
            yield replace(now, superseded=bool(_CHANGED.search(text[now.end : token.start])))
            now = last = again
        else:
            now = last = _fill(now, token, text)
    if now:
        yield now


def _elliptic(
    text: str, token: Token, following: Token | None, last: Regimen | None, lead: DateMention | None
) -> Regimen | None:
    """ "100 BID now" or "now three a day" after another dose of the same drug: its next dose."""
    if last is None:
        return None
    close = following is not None and following.start - token.end <= 2
    if (
        token.kind == "bare"
        and close
        and following is not None
        and following.kind in ("times", "abbr", "everyhours", "bareq")
        and _LEAD.search(text[max(0, token.start - 24) : token.start])
    ):
        patch = last.unit == "mcg/h"
        return Regimen(
            last.drug,
            token.start,
            token.end,
            strength=(token.low, token.high),
            unit="mcg/h" if patch else "mg",
            day=lead,
            told=True,
        )
    told = _LEAD.search(text[max(0, token.start - 24) : token.start]) and re.search(
        r"\b(?:now|today|currently|current|present(?:ly)?|down|to|taking|takes)\b|->|→",
        text[max(0, token.start - 30) : token.start],
        re.I,
    )
    if token.kind == "perday" and told:
        if token.low > 15:
            return Regimen(last.drug, token.start, token.end, total=(token.low, token.high), day=lead, told=True)
        if last.strength and last.unit == "mg":
            return Regimen(
                last.drug,
                token.start,
                token.end,
                strength=last.strength,
                units=(token.low, token.high),
                day=lead,
                told=True,
            )
    return None


def _amount_known(now: Regimen) -> bool:
    return now.strength is not None or now.total is not None or now.concentration is not None


def _trails(text: str, now: Regimen, token: Token, lead: DateMention | None) -> bool:
    """Whether a date belongs to the dose before it ("... BID in Feb", "... (Sept)") or opens the next one."""
    between = text[now.end : token.start]
    if len(between) > 24 or re.search(r"[\d%;]", between):
        return False
    if re.search(
        r"\b(?:in|since|as of|until|till|from|on|by|through|started|filled|begun|beginning|stopped)\b[\s\w']{0,12}$|"
        r"[(\[]\s*(?:since|from|as of)?\s*$",
        between,
        re.I,
    ):
        return True
    return lead is None and len(between) < 6 and not re.search(r"[;.,]", between)


def _only_date(text: str, tokens: list[Token], index: int) -> bool:
    """ "1/12. " ends nothing: a date that stands alone before a break still leads what follows."""
    return (
        index > 0
        and tokens[index - 1].kind == "date"
        and tokens[index].start - tokens[index - 1].end <= 1
        and text[tokens[index].start] != "\n"
    )


def _fill(now: Regimen, token: Token, text: str = "") -> Regimen:
    span = (token.low, token.high)
    end = max(now.end, token.end)
    match token.kind:
        case "strength" | "combination":
            return replace(now, strength=span, end=end, told=True)
        case "total":
            return replace(now, total=span, end=end, told=True)
        case "rate":
            return replace(now, strength=span, unit="mcg/h", end=end, told=True)
        case "micro":
            return replace(now, strength=span, unit="mcg/h" if now.drug.patch else "mcg", end=end, told=True)
        case "conc":
            return replace(now, concentration=token.low, end=end, told=True)
        case "volume":
            return replace(now, volume=token.high, end=end)
        case "everyhours" | "bareq" | "times" | "abbr":
            if now.times or now.units or (now.drug.patch and not now.told):
                return replace(now, end=end)
            return replace(now, times=span, end=end)
        case "perday" if not now.told and token.low > 15:
            return replace(now, total=span, end=end, told=True)
        case "perday" | "supply":
            return now if token.kind == "supply" and (now.times or now.units) else replace(now, units=span, end=end)
        case "xcount":
            return now if now.units or now.times else replace(now, units=span, end=end) if now.told else now
        case "count" if now.drug.opioid.patch_factor and not now.told and token.low >= 12:
            return replace(now, strength=span, unit="mcg/h", end=end, told=True)
        case "count":
            return now if now.counted else replace(now, tablets=span, counted=True, end=end)
        case "bare":
            if not now.told and token.start - now.end <= 3 and not re.search(r"[;.,(]", text[now.end : token.start]):
                return replace(now, strength=span, unit="mcg/h" if now.drug.patch else "mg", end=end, told=True)
            return now
        case "stop":
            near = not re.search(r"[.;]", text[now.end : token.start]) and token.start - now.end < 25
            return replace(now, stopped=True, end=end) if near and not now.told else now
        case _:
            return now
