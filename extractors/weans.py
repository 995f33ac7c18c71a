"""What a document says in its own words about coming down on systemic opioids: percentages, pill counts, stopping."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from extractors.cues import cue
from extractors.dates import dates_in
from extractors.document import Excerpt, Page, excerpt
from extractors.finding import Finding
from extractors.opioids import opioids_in
from extractors.patterns import rare
from extractors.quantities import Bound, Percent, number, percents, side
from extractors.segment import Segment
from extractors.stream import SILENT, Pages, anchor_of, dated
from extractors.weanwords import AFTER, AHEAD, COUNTS, FEWER, another_stays, may_be_half, parts_of

_OPIOID = rare(
    r"\bopioids?\b|\bopiates?\b|\bnarcotics?\b|\bMME\b|\bMEDD?\b|\bOMEDD?\b|\bOME\b|\bmorphine equivalents?\b|"
    r"\bpain (?:tablets?|pills?|medicines?|medications?)\b|\btablets?\b|\bpills?\b|\bpatch\b|\boxys?\b|"
    r"\bmedication burden\b|\bintake\b|\bmilligrams?\b|\btaper(?:s|ed|ing)?\b|\bwean(?:s|ed|"
    r"ing)?\b|\bdos(?:e|age)\b",
    re.I,
)
_DOWN = re.compile(
    r"\bwean(?:ed|ing|s)?\b|\btaper(?:ed|ing|s)?\b|\breduc\w+|\bcut(?:s|ting)?\b|\bdecreas\w+|\blower\w*|"
    r"\bdown\b|\bdropp?\w*|\bcame (?:down|off)\b|\bbelow\b|\bless\b|\bhalved\b|\bshed\b|\bfewer\b|"
    r"\bfraction\b|\bdiminish\w+|\btrimm?\w+|\bhalf (?:of )?(?:what|the|his|her)\b|\boff\b|\bremoved\b|"
    r"\btaken away\b|\brun down\b",
    re.I,
)
_UP = re.compile(r"\b(?:increas\w+|rais\w+|went up|escalat\w+|doubled)\b", re.I)
_PAIN = cue("weans_pain")
_PLANNED = re.compile(
    r"\b(?:goal|target|aim\w*|plan(?:s|ned|ning)?|intend\w*|will|would|to be|going to|hopes?|"
    r"recommend\w*|suggest\w*|consider\w*|propose\w*|if|should|could|must|needs? to|maybe|perhaps|"
    r"believes?|thinks|unclear|wants?|willing|asked to|expected|required?|has to|have to|like to|"
    r"before (?:we|I|any)|ought|requires?|criteri\w+|policy|guideline|checklist|yet to|not yet|"
    r"can|may|in order to|attempt\w*|try(?:ing)?)\b|^\s*P\s*:|'ll\b",
    re.I,
)
_OTHERS = cue("weans_others")
_OTHER_DRUG = cue("weans_other_drug")
_POLICY = cue("weans_policy")
_VAGUE = cue("weans_vague")
_OFF = re.compile(r"\b(?:weaned|tapered|came|come|taken|got|is|was|been|now)\s+(?:[\w-]+\s+){0,4}?off\b|\b(?:stopped|discontinued|ceased|eliminated)\b", re.I)
_LESS = re.compile(r"\b(?:tak(?:es|ing)|us(?:es|ing)|needs?|needing|on)\s+(?:less|fewer)\b", re.I)
_NEVER = re.compile(
    r"\b(?:opioids?|opiates?|narcotics?|dose|doses|dosage|regimen|MME)\b[^.;]{0,50}\b(?:never|not|n't)(?: been| yet)* "
    r"(?:weaned|tapered|reduced|changed|lowered|cut|decreased|touched)\b(?= at all\b| ahead of| before| prior to|\s*[.;,]|$)"
    r"|\bthe same (?:\d+|dose|amount|number)(?: mg)?(?: a day)? (?:that )?(?:as )?(?:he|she|they|I) (?:had|has|have|was|were)\b"
    r"|\bno (?:wean|taper|reduction)(?:ing)?(?: of (?:the |his |her )?\w+)? (?:was|has been|had been) (?:done|made|attempted|tried|started|begun)"
    r"|\b(?:dose|regimen|MME)\b[^.;]{0,30}\b(?:unchanged|the same|no different) (?:at all|throughout|up to|until|before|going into)",
    re.I,
)
"""The regimen as a whole never went down; "unchanged" alone may be said of what a wean has reached."""
_ANY = r"(?:opioids?|opiates?|narcotics?)"
_NONE = rare(
    rf"\b(?:all|every|both|systemic|oral)\s+(?:(?:his|her|the|of|and|oral|systemic|"
    rf"prescription)\s+)*{_ANY}(?:\s+(?:medications?|"
    rf"medicines?|analgesics?|therapy|tablets?))?\s+(?:(?:was|were|has been|have been|had been|"
    rf"are|is)\s+)?(?:(?:completely|entirely|fully|altogether|all)\s+)?(?:stopped|discontinued|"
    rf"d/c'?d?|dc'?d|off|finished|weaned (?:off|to (?:zero|none|nothing))|tapered (?:off|to (?:zero|"
    rf"off)))"
    rf"|\b(?:zero|0|no)\s+(?:systemic\s+|oral\s+|other\s+)?{_ANY}\s+(?:since|for (?:the )?(?:past|"
    rf"last)|of any (?:sort|kind|description|form)|at all|whatsoever|any ?more|by any route|now|"
    rf"currently|x\s*\d|has passed|(?:fills?|prescriptions?) since|in (?:him|her|them))"
    rf"|\b(?:taken|had|used|taking|takes|receiv\w+|on|is on|been on)\s+(?:no|zero)\s+(?:systemic\s+|"
    rf"oral\s+)?{_ANY}\b(?!\s+(?:changes?|from|other|use|in the pump))"
    rf"|\b(?:opioid|opiate|narcotic)[- ]free\b|\bfree of (?:all )?(?:systemic )?{_ANY}\b|"
    rf"\bwithout (?:any )?{_ANY}\b(?=[,.;]|"
    rf" (?:as|since|for))"
    rf"|\b{_ANY}(?:\s+(?:medications?|therapy))?\s*:\s*(?:none|off|nil|zero|0)\b"
    rf"|\b{_ANY}\s+(?:(?:were|have been|had been|was|has been)\s+)?(?:discontinued|stopped)\b(?!\s+(?:and restarted|"
    rf"then|because|due|in the past|20[01]\d))"
    rf"|\b(?:completed|finished)\s+(?:the |his |her )?(?:opioid )?(?:taper|wean)(?:ing)?\s+to\s+(?:zero|"
    rf"none|nothing|off)\b|\btaper(?:ed)? (?:complete|to (?:zero|off))\b"
    rf"|\b(?:off|stopped|discontinued|weaned (?:completely |entirely |fully )?off(?: of)?|tapered (?:completely |"
    rf"entirely )?off|came off|come off|quit)\s+(?:all\s+|every\s+)(?:(?:his|her|the|of|oral|"
    rf"systemic)\s+)*{_ANY}"
    rf"|\b(?:off|weaned off(?: of)?|came off|stopped|tapered off)\s+(?:(?:his|her|the|oral|"
    rf"systemic)\s+)*{_ANY}\s+(?:altogether|"
    rf"completely|entirely|in full|for good)"
    rf"|\b(?:swallowed|took|taken|had|used|the|since)\s+(?:his|her|the|their)?\s*last\s+(?:(?:tablet|"
    rf"pill|dose|one|of)\s+)*(?:of\s+)?(?:his\s+|her\s+|the\s+)?(?P<last>\w+)(?=\s+(?:on|was|"
    rf"in|\d|tablet|pill)|[,.;])"
    rf"|\blast\s+(?P<brief>\w+)\s+(?:on\s+)?\d{{1,2}}/\d{{1,2}}",
    re.I,
)


def find_weans(document_id: str, pages: Pages, day: str | None) -> list[Finding]:
    """`opioid_wean` findings stated as such (percent or "vague"), and `opioid_dose` 0 where all opioids were stopped.

    Attributes of a wean: bound, low, high, after_trial, before_trial (the words place it there); `parts`, the opioids of
    which alone it is said (() for all), and `stays`, that the words beside it keep another one.
    """
    found: list[Finding] = []
    context = ""
    stream = list(dated(pages, day))
    for index, (page, segment, today) in enumerate(stream):
        if segment.kind == "heading":
            context = segment.text
        elif segment.kind == "tick":
            found += _ticked(document_id, page, segment, today)
        elif not segment.marks & SILENT:
            found += _stopped(document_id, page, segment, today)
            beside = " ".join(s.text for _, s, _ in stream[max(0, index - 1) : index + 2] if s.kind != "heading")
            stated = [_with_rest(f, beside) for f in _stated(document_id, page, segment, today, context)]
            found += stated or _one_off(document_id, page, segment, today, beside)
            context = f"{segment.heading} {context[-200:]} {segment.text}"
    return found


def _with_rest(wean: Finding, beside: str) -> Finding:
    parts = wean.attributes["parts"]
    return replace(wean, attributes={**wean.attributes, "stays": isinstance(parts, tuple) and another_stays(parts, beside)})


def _one_off(document_id: str, page: Page, segment: Segment, day: str | None, beside: str) -> Iterator[Finding]:
    """One opioid stopped while the words beside it keep another: a reduction of unknown size."""
    off = _OFF.search(segment.text)
    parts = parts_of(segment.text, off.start(), off.end()) if off else ()
    if off and parts and another_stays(parts, beside) and not _planned(segment.text, off.start()):
        where = excerpt(document_id, page, segment.start, segment.end)
        yield _made(where, segment.text, day, "vague", "part", None, None, None, parts)


def _ticked(document_id: str, page: Page, segment: Segment, day: str | None) -> Iterator[Finding]:
    """A ticked answer to "opioids reduced by at least 50 %?"; a box without an answer says nothing."""
    answer = segment.answer.lower()
    asked = [p for p in percents(segment.text) if p.low == 50]
    half = asked or re.search(r"\bhalf\b", segment.text, re.I)
    if (
        not half
        or not re.search(r"opioid|narcotic|tablet|MME|morphine", segment.text, re.I)
        or not re.search(r"reduc|wean|taper|cut|lower|down", segment.text, re.I)
        or not re.match(r"y|no", answer)
    ):
        return
    word = "at_least_half" if answer.startswith("y") else "under_half"
    yield _made(
        excerpt(document_id, page, segment.start, segment.end),
        segment.text,
        day,
        word,
        "at_least",
        50.0,
        50.0,
        f"box ticked {answer}",
    )


def _stopped(document_id: str, page: Page, segment: Segment, day: str | None) -> Iterator[Finding]:
    text = segment.text
    for match in _NONE.finditer(text):
        before = re.split(r"[.;]\s", text[: match.start()])[-1]
        drug = match["last"] or match["brief"]
        if drug and not (opioids_in(drug) or re.match(r"opioid|narcotic", drug, re.I)):
            continue
        if drug and len({d.opioid.name for d in opioids_in(text) if not d.opioid.antagonist}) > 1:
            continue
        if (
            _PLANNED.search(before)
            or _OTHERS.search(before)
            or re.search(r"\b(?:never|not|prior to|until|once)\b", before, re.I)
        ):
            continue
        days = [m for m in dates_in(text, anchor_of(day)) if -40 < m.start - match.end() < 60]
        close = min(days, key=lambda m: abs(m.start - match.end()), default=None)
        yield Finding(
            "opioid_dose",
            0.0,
            excerpt(document_id, page, segment.start, segment.end),
            "weans.stopped",
            unit="MME/day",
            date=close.iso if close else day,
            derivation="all opioids stopped = 0 MME/day",
            attributes={
                "drug": "total",
                "stated": True,
                "before_trial": bool(AHEAD.search(text)),
                "past": False,
                "listed": True,
                "only": True,
                "joined": False,
                "stopped": True,
                "low": 0.0,
                "extended": False,
                "reason": None,
                "at": segment.start,
            },
        )


def _stated(document_id: str, page: Page, segment: Segment, day: str | None, context: str) -> Iterator[Finding]:
    text = segment.text
    if _OTHER_DRUG.search(text) and not _OPIOID.search(text) and not opioids_in(text):
        return
    about = bool(_OPIOID.search(text) or opioids_in(text) or re.search(r"opioid|taper|wean", context, re.I))
    if not about or _POLICY.search(text):
        return
    where = excerpt(document_id, page, segment.start, segment.end)
    numbers = False
    for percent in percents(text):
        if _is_wean(text, percent):
            numbers = True
            yield _wean(where, text, day, percent)
    for match in FEWER.finditer(text):
        if not _planned(text, match.start()) and not _OTHERS.search(text):
            numbers = True
            amounts = [number(v) for key, v in sorted(match.groupdict().items()) if v]
            yield _counted(where, text, day, amounts[0], amounts[1], parts_of(text, match.start(), match.end()))
    for match in COUNTS.finditer(text):
        if (
            not _planned(text, match.start())
            and re.search(r"tab|pill|cap|dose|a day|per day|daily", match[0])
            and not re.search(rf"{match['b']}\s*(?:mg|mcg|MME|milli)", text)
        ):
            a, b = number(match["a"]), number(match["b"])
            if a and b < 100:
                numbers = True
                yield _counted(where, text, day, a, b, parts_of(text, match.start(), match.end()))
    never = _NEVER.search(text)
    if never and not numbers and not _planned(text, never.start()) and not _OTHERS.search(text) and not _OTHER_DRUG.search(text):
        numbers = True
        parts = parts_of(text, never.start(), never.end())
        yield _made(where, text, day, 0.0, "exact", 0.0, 0.0, "never reduced as stated", parts)
    vague = _VAGUE.search(text) or _LESS.search(text)
    if (
        not numbers
        and vague
        and re.search(
            r"\b(?:weaned|tapered|reduced|cut|lowered|decreased|brought|came down|come down|gone down|"
            r"less than before|is down|been down|(?:less|fewer)(?: (?:of|than))?)\b",
            text,
            re.I,
        )
        and not _planned(text, len(text))
        and not _PAIN.search(text)
        and not _OTHER_DRUG.search(text)
        and not regimen_numbers(text)
    ):
        yield _made(where, text, day, "vague", "exact", None, None, None)


def _counted(where: Excerpt, text: str, day: str | None, a: float, b: float, parts: tuple[str, ...]) -> Finding:
    """The reduction from `a` to `b` a day."""
    reduction = round(100 * (a - b) / a, 1)
    return _made(where, text, day, reduction, "exact", reduction, reduction, f"{a:g} -> {b:g} a day = {reduction:g} % reduction", parts)


def with_proof(finding: Finding) -> Finding:
    """A learned "at least half" whose words give no share, no stop and no such numbers is a reduction of unknown size."""
    claimed = finding.kind == "opioid_wean" and finding.rule == "learned" and finding.value == "at_least_half"
    return replace(finding, value="vague") if claimed and not may_be_half(finding.excerpt.quote) else finding


def regimen_numbers(text: str) -> bool:
    """Whether the words give doses, so that arithmetic and not an adjective decides."""
    return bool(re.search(r"\d\s*(?:mg|mcg|MME)|\bMED \d", text))


def _planned(text: str, at: int) -> bool:
    clause = re.split(r"[.;]\s", text[:at])[-1]
    return bool(_PLANNED.search(clause))


def _is_wean(text: str, percent: Percent) -> bool:
    left = max((m.end() for m in re.finditer(r"[.;](?=\s)|\n", text[: percent.start])), default=0)
    right = next((percent.end + m.start() for m in re.finditer(r"[.;](?=\s|$)|\n", text[percent.end :])), len(text))
    clause = text[left:right]
    around = text[max(left, percent.start - 60) : min(right, percent.end + 45)]
    if (
        re.search(r"\b(?:pain|NRS|VAS|scores?|suffering|relie\w+)\b", clause, re.I)
        and not re.search(
            r"\b(?:opioids?|opiates?|narcotics?|MME|MEDD?|tablets?|pills?|patch|taper\w*|wean\w*)\b", clause, re.I
        )
        and not opioids_in(clause)
    ):
        return False
    if (
        re.match(r"\W*(?:his|her|the|my|their)?\s*pain\b", text[percent.end :], re.I)
        or re.search(r"\b(?:success|defined)\b", clause, re.I)
        or re.match(r"\s*/\s*(?:wk|week|mo)", text[percent.end :], re.I)
    ):
        return False
    if (
        _PLANNED.search(text[left : percent.start])
        or _OTHERS.search(clause)
        or _UP.search(around)
        or _PAIN.search(around)
    ):
        return False
    if re.search(
        r"\b(?:steps?|each|every|per (?:week|month)|a (?:week|month)|weekly|monthly|at a time)\b",
        text[percent.end : percent.end + 16],
        re.I,
    ) or re.match(r"\s*(?:RA\b|on room|O2|saturat)", text[percent.end :]):
        return False
    if re.search(r"\b(?:half (?:a )?(?:tab|pill)|(?:the|other|long|short) half)", around, re.I) or (
        _OTHER_DRUG.search(clause) and not opioids_in(clause) and not re.search("opioid|MME|MED", clause)
    ):
        return False
    return bool(_DOWN.search(around) or re.search(r"\b(?:taper|wean)", clause, re.I))


def _wean(where: Excerpt, text: str, day: str | None, percent: Percent) -> Finding:
    verdict = side(percent.low, percent.high, percent.bound)
    if (
        percent.bound in ("exact", "about", "at_least")
        and (verdict == "at_least_half") == (percent.low >= 50)
        and verdict != "vague"
    ):
        value: float | str = percent.low
    else:
        value = verdict
    if _remaining(text, percent):
        low, high = 100.0 - percent.high, 100.0 - percent.low
        bound: Bound = {"at_least": "at_most", "at_most": "at_least", "nearly": "at_least"}.get(
            percent.bound, percent.bound
        )  # type: ignore[assignment]
        percent = Percent(percent.start, percent.end, low, high, bound)
        verdict = side(low, high, bound)
        value = low if bound in ("exact", "about", "at_least") and verdict != "vague" else verdict
    return _made(
        where,
        text,
        day,
        value,
        percent.bound,
        percent.low,
        percent.high,
        f"{text[percent.start : percent.end].strip()} as stated",
        parts_of(text, percent.start, percent.end),
    )


def _remaining(text: str, percent: Percent) -> bool:
    """ "Under a third of what she took" and "down to 40 % of" tell what is left, not what is gone."""
    after = text[percent.end : percent.end + 60]
    if re.match(
        r"\s*(?:of\s+)?(?:what|(?:the )?(?:amount|dose|milligrams?|tablets?|pills?) (?:that )?(?:he|"
        r"she|it|they))\b",
        after,
        re.I,
    ):
        return not re.search(
            r"\b(?:by|below|off|less|lower|fewer|cut|shed)\s+(?:\w+\s+)?$", text[: percent.start], re.I
        )
    return bool(
        re.search(r"\b(?:down|reduced|cut|lowered)?\s*to\s+(?:\w+\s+)?$", text[: percent.start], re.I)
        and re.match(r"\s*of\b", after, re.I)
    )


def _made(
    where: Excerpt,
    text: str,
    day: str | None,
    value: float | str,
    bound: str,
    low: float | None,
    high: float | None,
    derivation: str | None,
    parts: tuple[str, ...] = (),
) -> Finding:
    attributes = {
        "bound": bound,
        "low": low,
        "high": high,
        "after_trial": bool(AFTER.search(text)),
        "before_trial": bool(AHEAD.search(text)),
        "parts": parts,
        "stays": False,
    }
    return Finding(
        "opioid_wean",
        value,
        where,
        "weans.stated",
        unit="%" if isinstance(value, float) else None,
        date=day,
        derivation=derivation,
        attributes=attributes,
    )
