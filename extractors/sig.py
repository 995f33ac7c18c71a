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
from extractors.dates import DateMention
from extractors.opioids import DrugMention, opioids_in
from extractors.siglexer import Token, tokens_of

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
    """Opioid regimens in reading order.

    `last` is the regimen that the words before ended with: "now 10 mg TID" goes on with its drug.
    """
    if last is None and not opioids_in(text):
        return []  # a dose without a drug before it belongs to none
    found = list(_gather(text, list(tokens_of(text, anchor)), last))
    return [_as_often(one, after) for one, after in zip(found, [*found[1:], None], strict=False)]


def _as_often(one: Regimen, after: Regimen | None) -> Regimen:
    """ "From 40 mg to 20 mg twice a day": how often is said once, for both."""
    shared = after is not None and one.superseded and one.drug == after.drug and one.strength and not one.total
    if after is None or not shared or one.per_day() is not None or after.per_day() is None:
        return one
    return replace(one, times=after.times, units=after.units)


class _State:
    """What the words so far have come to: the regimen being filled, the one before it, a date that leads what follows,
    and a dose whose drug comes after it."""

    __slots__ = ("last", "lead", "now", "spare")

    def __init__(self, last: Regimen | None) -> None:
        self.now: Regimen | None = None
        self.last = last
        self.lead: DateMention | None = None
        self.spare: list[Token] = []

    def fill(self, token: Token, text: str = "") -> None:
        assert self.now is not None
        self.now = self.last = _fill(self.now, token, text)


def _gather(text: str, tokens: list[Token], last: Regimen | None) -> Iterator[Regimen]:
    """The state machine, token by token.

    `last` is the regimen before: a dose without a drug's name, after words such as "now" or "reduced
    to", is that drug's next dose.
    """
    state = _State(last)
    for index, token in enumerate(tokens):
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        match token.kind:
            case "drug":
                yield from _drug(text, token, state)
            case "other":
                if state.now:
                    yield state.now
                state.now, state.last, state.spare = None, None, []
            case "date":
                _date(text, token, state)
            case "break" | "dash" | "past":
                yield from _pause(text, tokens, index, state)
            case "strength" | "total" | "rate" | "micro" | "combination" | "conc":
                yield from _amount_token(text, token, state)
            case _:
                yield from _schedule(text, token, following, state)
    if state.now:
        yield state.now


def _drug(text: str, token: Token, state: _State) -> Iterator[Regimen]:
    """A drug's name begins a regimen; a dose just before it is its own ("10 mg of oxycodone")."""
    assert token.drug is not None
    if state.now:
        swapped = _SWAPPED.search(text[max(0, state.now.start - 40) : token.start])
        yield replace(state.now, superseded=bool(swapped and _ONTO.search(text[state.now.end : token.start])))
    now = Regimen(token.drug, token.start, token.end, day=state.lead)
    state.last = now
    if token.drug.strength:
        now = replace(now, strength=(token.drug.strength,) * 2, told=True)
    spare = state.spare
    if (
        any(t.kind in ("strength", "total", "rate", "combination") for t in spare)
        and token.start - spare[-1].end < 14
        and not re.search(r"[;.,(\t]", text[spare[-1].end : token.start])
    ):
        for held in spare:
            now = _fill(now, held)
        now = replace(now, start=spare[0].start)
    state.now, state.spare = now, []


def _date(text: str, token: Token, state: _State) -> None:
    """A date of the dose before it, else one that leads what follows."""
    now = state.now
    free = now and (now.told or now.stopped) and (now.day is None or now.day == state.lead)
    if now and free and _trails(text, now, token, state.lead):
        state.now = replace(now, day=token.day, end=max(now.end, token.end))
    else:
        state.lead = token.day


def _pause(text: str, tokens: list[Token], index: int, state: _State) -> Iterator[Regimen]:
    """A full stop, a dash or "was" ends a regimen that has an amount."""
    if state.now and state.now.told:
        yield state.now
        state.now, state.last = None, state.now
    if tokens[index].kind == "break":
        leads = state.now is None and _only_date(text, tokens, index)
        state.spare, state.lead = [], (state.lead if leads else None)


def _amount_token(text: str, token: Token, state: _State) -> Iterator[Regimen]:
    """A strength or total: of the drug before it, of the same drug again, or of one still to be named."""
    now, lead = state.now, state.lead
    if now and now.told and _amount_known(now) and not (token.kind == "conc" or now.concentration):
        between = text[now.end : token.start]
        joined = bool(_AND.fullmatch(between))
        yield replace(now, superseded=not joined and bool(_CHANGED.search(between)))
        day = now.day if joined else lead if lead != now.day else None
        state.now = Regimen(now.drug, token.start, token.end, day=day, joined=joined)
    elif now is None and state.last is not None and _LEAD.search(text[max(0, token.start - 24) : token.start]):
        state.now = Regimen(state.last.drug, token.start, token.end, day=lead)
    if state.now is None:
        spare = state.spare
        state.spare = [*spare, token] if spare and spare[-1].kind in ("count", "bare") else [token]
    else:
        state.fill(token)


def _schedule(text: str, token: Token, following: Token | None, state: _State) -> Iterator[Regimen]:
    """How many and how often; a bare number after a full dose may be the same drug's next one."""
    now, spare = state.now, state.spare
    if now is None:
        state.now = _elliptic(text, token, following, state.last, state.lead)
        if state.now is None and token.kind in ("count", "bare"):
            state.spare = [token]
        elif state.now is None and spare and token.kind in ("perday", "times", "abbr"):
            state.spare = [*spare, token]
        return
    lead = state.lead if state.lead != now.day else None
    again = _elliptic(text, token, following, now, lead) if token.kind == "bare" and now.told and now.per_day() else None
    if again:
        yield replace(now, superseded=bool(_CHANGED.search(text[now.end : token.start])))
        state.now = state.last = again
    else:
        state.fill(token, text)


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
