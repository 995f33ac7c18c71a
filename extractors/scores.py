"""Pain scores and other measures in a stretch of text: what was measured, how much, before or during the trial.

    "NRS 8 before, 4 thereafter"       pain 8 (before), pain 4 (during)
    "Six-minute walk 128 m -> 251 m"   walk 128 (before), 251 (during)

Targets, thresholds and predictions are no scores.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from extractors.cues import cue
from extractors.dates import dates_in
from extractors.quantities import NUMBER, number

Phase = Literal["before", "during", "after", ""]

_PAIN = (
    r"(?:DVPRS|NRS|NPRS|VAS|VNRS|VRS|numeric(?:al)?(?: rating)?(?: scale| scores?)?|pain(?: scores?|"
    r" level| rating| intensity)?|scores?|0-10)"
)
_LESS = (
    r"(?:ODI|oswestry|PDI|RMDQ|roland|TUG|up and go|timed up|five times sit|5x\s?STS|5x sit|"
    r"BPI interference|PEG(?: [PEG])?|disability)"
)
_MORE = (
    r"(?:walk\w*|6MWT|6MWD|six[- ]minute|ambulat\w*|stand\w*|sitting|sat(?! at)|sit[- ]to[- ]stand|"
    r"chair (?:rise|stand)|up in chair|in chair|sleep\w*|slept|steps?|stairs|laps?|gait|distance|"
    r"tolerance|COPM\w*|PSFS|LEFS|out of bed|FIM|AM-?PAC|Barthel)"
)
_ELSE = (
    r"(?:ashworth|spasms?|PHQ\S*|GAD\S*|BDI\S*|PCS|COWS|POSS|RASS|sedation|MoCA|catastroph\w+|"
    r"depression|anxiety|MEDD?|MME|opioids?|doses?|rate|weight|A1c|hemoglobin|platelets?|INR|"
    r"creatinine|PSA|WBC|spo2|resp\w*|RR|BP|tablets?|pills?|degrees?|strength|visits?|sessions?)"
)
MEASURE = re.compile(rf"\b(?:(?P<pain>{_PAIN})|(?P<less>{_LESS})|(?P<more>{_MORE})|(?P<none>{_ELSE}))\b", re.I)
UNIT = (
    r"(?:feet|foot|ft|meters?|metres?|m|yards?|yds?|miles?|minutes?|mins?|min|hours?|hrs?|h|"
    r"seconds?|secs?|s|steps|laps|blocks?|%|mm|cm|points?)"
)

_BEFORE = cue("scores_before")
_DURING = cue("scores_during")
_TARGET = cue("scores_target")
_PAIR = re.compile(
    rf"(?P<a>{NUMBER})(?:\s*/\s*(?:10|100)|\s*out of (?:10|ten)|"
    rf"s\b)?\s*(?P<ua>{UNIT}\b)?\s*(?:\([^)]{{0,18}}\)\s*)?(?P<arrow>->|"
    rf"→|=>|➔|➜|>|\b(?:falling|fell|dropping|dropped|down|going|went|came) to\b|\bto\b|\bdown to\b|"
    rf"\b(?:came|went|fell|dropped|brought) down to\b|\bto (?:a|an)\b)\s*(?:about\s+|an average of\s+|"
    rf"a\s+)?(?P<b>{NUMBER})(?:\s*/\s*(?:10|100)|\s*out of (?:10|ten)|s\b)?\s*(?P<ub>{UNIT}\b)?",
    re.I,
)
_FALL = re.compile(
    r"\b(?:from|fell|dropp\w+|down|went|decreas\w+|reduc\w+|improv\w*|came|brought|->|→|lower\w*|"
    r"relief|cut|eased|fall)\b|->|→|=>",
    re.I,
)
_AGAINST = re.compile(
    rf"(?P<b>{NUMBER})(?:\s*/\s*10|\s*out of (?:10|ten))?\s*(?P<ub>{UNIT}\b)?[\w\s,]{{0,24}}?(?:\((?:was|"
    rf"from|baseline|before|up from|down from|pre)\s*:?|,?\s*(?:against|versus|vs\.?|compared (?:with|"
    rf"to)|where (?:he|she) had|up from|down from|instead of|from))\s*(?:only\s+|a baseline of\s+|"
    rf"baseline\s+)?(?P<a>{NUMBER})\s*(?P<ua>{UNIT}\b)?",
    re.I,
)
_LONE = re.compile(
    rf"(?<![\w/.:#-])(?P<n>{NUMBER})(?!\d)(?P<ten>\s*/\s*(?:10|100)\b|\s*out of (?:10|ten)\b|"
    rf"\s*mm\b)?(?!\s*(?:/|-\s*\d|:\d|\.\d|°|%|percent|per cent|{UNIT}\b(?<!mm)|mg|mcg|ml|kg|"
    rf"lb|tabs?|pills?|days?|weeks?|wks?|months?|years?|nights?|doses?|x\b|st\b|nd\b|rd\b|th\b|"
    rf"people|visits?|times|episodes?|laps?|drugs?|antiemetics))",
    re.I,
)


_BY_POINTS = re.compile(
    rf"(?:of|at|from|was|a|an)\s+(?P<a>{NUMBER})(?:\s*/\s*10)?(?P<ua>)\s*,?\s*(?:it )?(?P<arrow>(?:came|went|fell|dropped|eased|down|lowered)"
    rf"(?: down)?(?: by)?)\s+(?:by\s+)?(?:about\s+)?(?P<b>{NUMBER})\s+(?P<ub>points?)\b",
    re.I,
)
""" "Her score of 9 came down by 6 points"."""
_TO_BETWEEN = re.compile(
    rf"\b(?:from|of|at)\s+(?P<a>{NUMBER})(?:\s*/\s*10)?(?P<ua>)\s+(?:down\s+)?to\s+(?:\w+\s+)?between\s+(?:an?\s+)?(?P<b>{NUMBER})(?P<ub>)", re.I
)
_RANGE = re.compile(rf"(?:\s*/\s*10)?\s*(?:-|–|\bto\b|\bor\b)\s*(?:an?\s+)?(?P<n>{NUMBER})(?![\w/:]|\s*(?:%|\w*(?:hours?|days?|mg|mcg)))", re.I)
_BETWEEN = re.compile(_RANGE.pattern.replace("-|–", "-|–|and", 1), re.I)
"""The other end of a score that is a range."""
_CUED = re.compile(
    r"\b(?:before|during|baseline|base|pre(?:[- ]trial)?|usual|customary|thereafter|(?:on|during) (?:the )?(?:drug|"
    r"trial|catheter|infusion)|(?:home|ordinary|usual|catheter|trial|infusion|pump) days?)\s*[:=(]?\s*(?:was|of|at|a|an)?\s*$",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Score:
    """One measured value. `measure` is "pain", "less" (less is better) or "more"; `name` as written."""

    start: int
    end: int
    value: float
    measure: str
    name: str
    phase: Phase
    average: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """`before` -> `during` of one measure, both in `text[start:end]`; of a range `during` is the better end, `worst` the other."""

    start: int
    end: int
    before: float
    during: float
    measure: str
    name: str
    unit: str
    worst: float = 0.0


def targeted(text: str, at: int) -> bool:
    """Whether the clause before `at` makes what follows a goal, a threshold or a prediction."""
    clause = re.split(r"[.;]\s", text[:at])[-1]
    return bool(_TARGET.search(clause))


def undated(text: str) -> str:
    """`text` with its dates blanked, same length: their digits are no scores."""
    for day in dates_in(text, date(2020, 6, 1)):
        text = text[: day.start] + "~" * (day.end - day.start) + text[day.end :]
    return re.sub(r"~+(\s*(?:to|-|–|through|and)\s*)(\d{1,2})(?!\s*/|\d)", lambda m: "~" * len(m[0]), text)


def changes_in(text: str, default: str = "") -> list[Change]:
    """Changes told in one breath: "8 -> 3", "from 7.8 to 5.2", "600 ft against 120 ft before", "6 (was 6)".

    `default` is the measure when the words before name none ("pain" in a trial's own text).
    """
    found: list[Change] = []
    text = undated(text)
    for pattern in (_BY_POINTS, _TO_BETWEEN, _PAIR, _AGAINST):
        for match in pattern.finditer(text):
            if any(c.start < match.end() and match.start() < c.end for c in found) or targeted(text, match.start()):
                continue
            change = _change(text, match, default, spoken=pattern is _PAIR)
            if change:
                found.append(change)
    return sorted(found, key=lambda c: c.start)


def _change(text: str, match: re.Match[str], default: str, spoken: bool) -> Change | None:
    before, during = number(match["a"]), number(match["b"])
    if not spoken and (match["ub"] or "").lower().startswith("point") and during < before:
        during = before - during  # "came down 5 points from 9"
    between = re.search(r"\bbetween\s*$", text[: match.start("b")])
    beyond = (_BETWEEN if between else _RANGE).match(text, match.end())
    worst = max(during, number(beyond["n"])) if beyond else during
    measure, name = _measure(text, match.start(), default)
    units = {u.lower() for u in (match["ua"], match["ub"]) if u}
    unit = (match["ub"] or match["ua"] or "").lower()
    if len(units) == 2 and {u[0] for u in units} != {unit[0]}:
        return None
    if re.match(
        r"\s*(?:mg|mcg|ml|MME|morphine|milligram|weeks?|months?|days|years?|tabs?|%|percent)", text[match.end() :], re.I
    ) or re.search(r"\b(?:MED|MME|L|T|C|S)\s?$|[$#]\s?$|\d[/:.]$", text[: match.start()]):
        return None
    if measure == "pain":
        limit = 100 if unit == "mm" or before > 10 else 10
        if not spoken and during >= before:
            return None
        if before > limit or during > limit or before <= 0 or (unit and unit not in ("mm", "cm", "points", "point")):
            return None
        if before > 10 and unit != "mm" and not re.search(r"VAS|/\s*100", text, re.I):
            return None
        told = bool(_FALL.search(text[max(0, match.start() - 40) : match.end()]))
        if (
            spoken
            and not told
            and not (during < before and (name != default or re.search(r"pain|NRS|VAS|trial|relief|score", text, re.I)))
        ):
            return None
        if re.match(
            r"\s*(?:a|per|each) (?:day|night|week)|\s*(?:hours?|hrs?|nights?|drinks?|beers?|people|visits|"
            r"trips)",
            text[match.end() :],
            re.I,
        ):
            return None
        return Change(match.start(), match.end(), before, during, "pain", name, unit, min(worst, limit))
    if (
        spoken
        and match["arrow"].lower() == "to"
        and not re.search(r"\bfrom\s+(?:\w+\s+){0,3}$", text[: match.start()], re.I)
        and not (
            measure in ("less", "pain")
            and name != default
            and text[: match.start()].rstrip().lower().endswith(name.strip().lower())
        )
    ):
        return None
    if measure in ("more", "less") and unit != "%":
        return Change(match.start(), match.end(), before, during, measure, name, unit)
    return None


def _measure(text: str, at: int, default: str) -> tuple[str, str]:
    """The measure named last before `at` in its clause."""
    clause = re.split(r"[.;]\s", text[:at])[-1]
    named = list(MEASURE.finditer(clause))
    if named:
        last = named[-1]
        return str(last.lastgroup), last[0]
    return default, default


def pain_scores(text: str, in_pain: bool) -> list[Score]:
    """Single pain scores with the phase that the nearest words give. `in_pain`: pain is what the words are about.

    Numbers in a row ("4, 3, 3") are one reading each of the same phase. Beside a score that is plainly
    from before, a score without a cue is from the trial.
    """
    groups: list[list[re.Match[str]]] = []
    text = undated(text)
    for match in _LONE.finditer(text):
        joined = (
            bool(groups)
            and re.fullmatch(r"\s*(?:,|/|and|;|-|–|to)\s*", text[groups[-1][-1].end() : match.start()]) is not None
            and number(match["n"]) <= 10
        )
        if joined:
            groups[-1].append(match)
        elif _is_score(text, match, in_pain):
            groups.append([match])
    phases = [_group_phase(text, groups, index) for index in range(len(groups))]
    if "before" in phases:
        phases = [phase or "during" for phase in phases]
    return [
        Score(
            m.start(),
            m.end(),
            number(m["n"]),
            "pain",
            "pain",
            phase,
            bool(re.search(r"\b(?:average|avg|mean)\b", text[max(0, m.start() - 30) : m.start()], re.I)),
        )
        for group, phase in zip(groups, phases, strict=True)
        for m in group
    ]


def _group_phase(text: str, groups: list[list[re.Match[str]]], index: int) -> Phase:
    start, end = groups[index][0].start(), groups[index][-1].end()
    left = text[groups[index - 1][-1].end() if index else 0 : start]
    left = re.split(r"[,;.](?=\s)|\band\b|\n", left)[-1] if index else left
    following = text[end : groups[index + 1][0].start() if index + 1 < len(groups) else len(text)]
    following = re.split(r"[,;.(](?=\s|$|\w)|\band\b|\n", following)[0][:30]
    return _phase(left) or _phase(following, ahead=True)


def _is_score(text: str, match: re.Match[str], in_pain: bool) -> bool:
    value = number(match["n"])
    limit = 100 if match["ten"] and ("mm" in match["ten"] or "100" in match["ten"]) else 10
    if value > limit or targeted(text, match.start()):
        return False
    before = text[max(0, match.start() - 34) : match.start()]
    if in_pain and _CUED.search(before):
        return True
    if (
        re.search(
            r"\b(?:day|hour|POD|step|grade|phase|level|L|T|C|S|stage|type|ASA|PS|ECOG|visit|no\.|q|x|"
            r"night|at|POSS|sedation|shift|trial|dose|age)\s?$",
            before,
            re.I,
        )
        and not match["ten"]
        and not re.search(r"\b(?:was|is|be(?:en)?|him|her|he|she|pain|score)\s+at\s*$|\b(?:at)\s*$", before, re.I)
    ):
        return False
    if (
        re.search(r"\bat\s*$", before, re.I)
        and not match["ten"]
        and re.match(r"\s*(?:a\.?m|p\.?m|o'clock|L\d|$)", text[match.end() :], re.I)
    ):
        return False
    named = list(MEASURE.finditer(re.split(r"[.;]\s", text[: match.start()])[-1]))
    if named and named[-1].lastgroup != "pain":
        return False
    if match["ten"]:
        return not re.search(
            r"\b(?:strength|power|motor|reflex\w*|PEG|SLR|EHL|DF|PF)\b[^.;]{0,20}$", before, re.I
        ) and ("/" in match["ten"] or bool(named) or in_pain)
    return bool(named) or (
        in_pain
        and bool(
            _phase(before[-18:])
            or re.search(
                r"\b(?:at|from|to|was|were|is|began|then|of|to a|a|an|pain|score|and|,|before|:|,|circled|marked|ringed|gave|rated|scored|wrote|chose|recorded|reported)\s*$|[:,(]\s*$|"
                r"^\s*$",
                before,
                re.I,
            )
        )
        and bool(_BEFORE.search(text) and _DURING.search(text))
    )


def _phase(text: str, ahead: bool = False) -> Phase:
    """The phase that the last cue in `text` gives (the first one when the words follow the score)."""
    if re.search(
        r"\b(?:wear(?:ing|s)? off|wore off|returned|back to|(?:catheter|infusion) (?:out|off|removed)|"
        r"weeks? (?:later|after|out)|today|at home since|(?:is|was|at|be) again)\b",
        text,
        re.I,
    ):
        return "after"
    text = re.sub(
        r"\b(?:pre-?\s?|before (?:the |his |her )?|prior to (?:the )?)(?:trial|test|injection|infusion|"
        r"catheter|procedure)",
        "before",
        text,
        flags=re.I,
    )
    cues = [(m.start(), "before") for m in _BEFORE.finditer(text)] + [
        (m.start(), "during") for m in _DURING.finditer(text)
    ]
    if not cues:
        return ""
    return (min(cues) if ahead else max(cues))[1]  # type: ignore[return-value]


def row_phase(cells: Iterator[str] | list[str]) -> Phase:
    """The phase of a table row, by any of its cells."""
    for cell in cells:
        if re.search(
            r"\bbefore\b|\bbase-?line\b|\bpre-?(?:trial|procedure|injection|op|infusion)?\b|\bnone yet\b|"
            r"\bprior\b|\badmission\b|\bstart\b|\busual pain\b",
            cell,
            re.I,
        ):
            return "before"
        if re.search(
            r"wear(?:ing)? off|worn off|(?:infusion|catheter) (?:off|out|removed|stopped)|after removal|"
            r"next (?:day|week)|at home|follow",
            cell,
            re.I,
        ):
            return "after"
    return ""
