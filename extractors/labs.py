"""INR and platelet count with the day of the sample, from sentences and from result tables.

Platelets are in 10^9/L: "84", "84 K", "84 x10^3/uL", "84,000" and "0.084 x10^6" are the same count.
What was not measured ("clumped", "TNP", "pending") is no result.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from extractors.dates import DateMention, dates_in
from extractors.document import Page, excerpt
from extractors.finding import Finding
from extractors.patterns import rare
from extractors.quantities import NUMBER, number
from extractors.segment import Segment
from extractors.stream import Pages, anchor_of, dated

_SILENT = frozenset({"quoted", "boilerplate", "education", "family", "unanswered", "request"})
_NAMES = (
    r"(?P<inr>(?:PT[/ -])?INR|international normali[sz]ed ratio)|(?P<platelets>platelets?(?: counts?)?|"
    r"plts?|PLT(?: count)?|thrombocytes?)"
)
_NAME = rare(rf"\b(?:{_NAMES})\b", re.I)
_OTHER_TEST = (
    r"(?:h[gb]b?|hemoglobin|wbc|white|hct|hematocrit|creatinine|cr|gfr|glucose|gluc?|potassium|"
    r"sodium|k|na|a1c|ptt|aptt|pt|fibrinogen|alt|ast|albumin|bun|neutrophils|normal range|if|"
    r"goal|target|until|under|over|above|below|than|from|transfus\w*|units?|since|for|days?|"
    r"weeks?|months?|years?|age|aged|and|but|with|on|or)"
)
_LINK = rf"(?:[\s,:=(|~]+(?!{_OTHER_TEST}\b)[a-z'’]+){{0,5}}[\s,:=(|~]*?(?:[-–]{{0,2}}>\s*|→\s*)?[\s,:=(|~]*"
_UNITS = (
    r"(?P<unit>\s*(?:k\b|x?\s*10\s*[\^*]?\s*[369]\s*(?:/|per)\s*[uµmcL]\w*|[x×]\s*10\^?[39]|"
    r"thousand|(?:/|per )\s*(?:mm3|mcl|ul|µl|cumm|microliter)|million)?)"
)
_VALUE = re.compile(
    rf"\b(?:{_NAMES})\b{_LINK}(?<![\d.])(?P<value>{NUMBER}){_UNITS}(?!\s*(?:%|/\d|:\d|-\s*\d|"
    rf"seconds|days?|weeks?))",
    re.I,
)
_RESULT = re.compile(rf"\s*[*<>]?\s*(?P<value>{NUMBER}){_UNITS}\s*(?:\(?[LH]{{1,2}}\*?\)?|\*)?\s*", re.I)
_NO_RESULT = re.compile(r"goal|target|range|reference|previous|prior", re.I)
_REVERSED = re.compile(
    rf"(?<![\d./-])(?P<value>\d+(?:[.,]\d+)?)\s*(?:k\s+)?(?:{_NAMES})\b(?!\s*(?::|=|of|\d|was|"
    rf"is))",
    re.I,
)
_ON = re.compile(r"\b(?:on|of|from|dated)\s+$", re.I)
_MISSING = re.compile(
    r"clump|not reported|TNP|not performed|not done|pending|not sent|not back|unable|recollect|"
    r"redraw|hemolyzed|clotted|cancel|to be drawn|ordered|insufficient|QNS|awaited",
    re.I,
)
_AGAIN = rare(
    rf"\b(?:repeat(?:ed)?|recheck(?:ed)?|redrawn?|today'?s?|now)\s+(?:(?:count|value|level|today|"
    rf"is|was|of|at|draw|came|back)\s+){{0,3}}(?P<value>{NUMBER})(?!\s*(?:%|/|mg|mcg|kg|lb|x\b|"
    rf"y|feet|ft|weeks?|days?|months?|:))",
    re.I,
)
_TARGET = re.compile(
    r"\b(?:goal|target|if|until|should|must|less than|under|below|above|over|greater than|at least|"
    r"recheck|check|repeat before|need\w*|will|reference|range|normal range|ref|policy|criteria|"
    r"threshold|transfus\w* for|hold for)\b[^.;]{0,25}$|[<>≤≥]\s*$",
    re.I,
)
_OTHERS = re.compile(r"\b(?:mother|father|brother|sister|son|daughter|uncle|aunt|cousin)\b", re.I)
_PREVIOUS = re.compile(r"previous|prior|last|earlier|baseline|history", re.I)
_RANGE = re.compile(r"\s*\d+(?:\.\d+)?\s*(?:-|–|to)\s*\d")


def find_labs(document_id: str, pages: Pages, day: str | None) -> list[Finding]:
    """`inr` (ratio) and `platelets` (10^9/L) findings, dated by the sample; the caller takes the latest."""
    found: list[Finding] = []
    collected, spoken_of = day, ""
    for page, segment, today in dated(pages, day):
        named = [m for m in dates_in(segment.text, anchor_of(day)) if m.precision == "day"]
        sampled = [
            m.iso
            for m in named
            if re.search(
                r"(?:collected|drawn|sampled?|labs?|laboratory|results?|cbc|coags?|hematology|coagulation|"
                r"pat\b|preadmission testing)[\s:(]*(?:on|of|from|dated|date)?[\s:]*$",
                segment.text[: m.start],
                re.I,
            )
        ]
        if sampled:
            collected = sampled[0]
        elif segment.kind == "heading" and not segment.section:
            collected = today
        if segment.marks & _SILENT:
            continue
        names = {_kind(m) for m in _NAME.finditer(segment.text)}
        if (
            (again := _AGAIN.search(segment.text))
            and spoken_of
            and spoken_of not in names
            and (value := _scaled(spoken_of, again["value"], "")) is not None
        ):
            found.append(
                Finding(
                    spoken_of,
                    value,
                    excerpt(document_id, page, segment.start, segment.end),
                    "labs.repeat",
                    unit=_unit(spoken_of),
                    date=today,
                )
            )
        spoken_of = names.pop() if len(names) == 1 else "" if segment.kind != "sentence" or names else spoken_of
        place = document_id, page, segment
        if not _NAME.search(segment.text):
            found += _under_names(*place, named[0].iso if named else collected)
            continue
        found += (
            _row(*place, collected)
            if segment.kind == "row" and _is_result_row(page, segment)
            else _prose(*place, sampled[0] if sampled else collected)
        )
    return found


def _is_result_row(page: Page, segment: Segment) -> bool:
    label = page.text[segment.cells[0][0] : segment.cells[0][1]] if segment.cells else ""
    return bool(_NAME.search(label)) and not re.search(r"\d", label) and len(segment.cells) > 1


def _row(document_id: str, page: Page, segment: Segment, day: str | None) -> Iterator[Finding]:
    """A result row: the first number beside the name that is no range is the result; a Previous column is older."""
    texts = [page.text[a:b] for a, b in segment.cells]
    kind = _kind(_NAME.search(texts[0]))
    aligned = len(segment.columns) == len(texts)
    where = excerpt(document_id, page, segment.start, segment.end)
    for index, text in enumerate(texts[1:], 1):
        column = segment.columns[index] if aligned else ""
        match = _RESULT.fullmatch(text)
        if _MISSING.search(text):
            return
        if not match or _RANGE.match(text):
            continue
        column_days = [m.iso for m in dates_in(column, anchor_of(day))] if column else []
        value = _scaled(kind, match["value"], match["unit"] or "")
        if value is None or _PREVIOUS.search(column):
            continue
        yield Finding(kind, value, where, "labs.row", unit=_unit(kind), date=column_days[0] if column_days else day)
        if not column_days:
            return


def _under_names(document_id: str, page: Page, segment: Segment, day: str | None) -> Iterator[Finding]:
    """A row of a table that has a day a row and a test a column: what stands under a test's name is its result."""
    if len(segment.columns) != len(segment.cells):
        return
    where = excerpt(document_id, page, segment.start, segment.end)
    for (start, end), column in zip(segment.cells, segment.columns, strict=True):
        test = _NAME.search(column)
        match = _RESULT.fullmatch(page.text[start:end])
        if not test or not match or _NO_RESULT.search(column):
            continue
        kind = _kind(test)
        value = _scaled(kind, match["value"], match["unit"] or column[test.end() :])
        if value is not None:
            yield Finding(kind, value, where, "labs.column", unit=_unit(kind), date=day)


def _prose(document_id: str, page: Page, segment: Segment, day: str | None) -> Iterator[Finding]:
    text = segment.text
    where = excerpt(document_id, page, segment.start, segment.end)
    days = dates_in(text, anchor_of(day))
    results = _without_days(text, days)
    for match in [*_VALUE.finditer(results), *_REVERSED.finditer(results)]:
        clause = re.split(r"[.;](?=\s)", text[: match.start()])[-1]
        tail = re.split(r"[.;,](?=\s|$)", text[match.end() :])[0]
        if (
            _TARGET.search(text[: match.start("value")])
            or _OTHERS.search(clause)
            or _MISSING.search(text[match.start() : match.start("value")])
            or (_MISSING.search(tail) and "clump" not in tail)
        ):
            continue
        kind = _kind(match)
        value = _scaled(kind, match["value"], (match.groupdict().get("unit") or ""))
        if (
            value is None
            or re.fullmatch(r"(?:19|20)\d\d", match["value"])
            or re.match(r"/\d", text[match.end("value") :])
        ):
            continue
        yield Finding(kind, value, where, "labs.prose", unit=_unit(kind), date=_own_day(text, match, days, day))
        later = re.match(
            rf"[^.;]{{0,40}}?(?:\btoday\b|\bnow\b|repeat(?:ed)?(?: today)?|rechecked|->|→)\s*(?:is|was|"
            rf"at|:)?\s*(?P<value>{NUMBER})(?!\s*(?:%|/|mg))",
            text[match.end() :],
            re.I,
        )
        if later and (again := _scaled(kind, later["value"], "")) is not None:
            yield Finding(kind, again, where, "labs.prose", unit=_unit(kind), date=day, attributes={"repeat": True})


def _without_days(text: str, days: Sequence[DateMention]) -> str:
    """The text with blanks where it names a day: "platelets of March 16 are 233", "INR (3/14/26): 1.2"."""
    for mention in days:
        start, end = mention.start, mention.end
        if text[max(start - 1, 0)] == "(" and text[end : end + 1] == ")":
            start, end = start - 1, end + 1
        elif leading := _ON.search(text[:start]):
            start = leading.start()
        text = f"{text[:start]}{' ' * (end - start)}{text[end:]}"
    return text


def _own_day(text: str, match: re.Match[str], days: Sequence[DateMention], day: str | None) -> str | None:
    """The day that the words beside a result give it ("84 in November"), else the sample's."""
    within = [m for m in days if match.start() <= m.start < match.end()]
    after = [
        m
        for m in days
        if 0 <= m.start - match.end() < 30
        and re.fullmatch(r"[^.;]*?(?:(?:in|on|from|of|\(|as of)\s*(?:the\s+)?|^\s*\(?)", text[match.end() : m.start], re.I)
    ]
    before = [m for m in days if 0 <= match.start() - m.end < 45 and not re.search(r"[.;]\s", text[m.end : match.start()])]
    chosen = within[:1] or after[:1] or before[-1:]
    leads = bool(chosen) and chosen[0].start <= 2  # a result's row says when it was drawn, whatever day the report is of
    return chosen[0].iso if chosen and (leads or day is None or chosen[0].iso <= day) else day


def _kind(match: re.Match[str] | None) -> str:
    return "inr" if match and match["inr"] else "platelets"


def _unit(kind: str) -> str:
    return "ratio" if kind == "inr" else "10^9/L"


def _scaled(kind: str, text: str, unit: str) -> float | None:
    """The value in the fact's unit; None when it can be no such result."""
    value = number(text)
    if kind == "inr":
        return value if 0.5 <= value <= 15 else None
    if "million" in unit:
        value *= 1000
    elif value >= 2000:
        value /= 1000
    return round(value, 1) if 1 <= value <= 2000 else None
