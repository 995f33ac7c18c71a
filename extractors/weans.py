"""What a document says in its own words about coming down on systemic opioids: percentages, pill counts, stopping."""

from __future__ import annotations

import re
from collections.abc import Iterator

from extractors.dates import dates_in
from extractors.document import Page, excerpt
from extractors.finding import Finding
from extractors.opioids import opioids_in
from extractors.quantities import NUMBER, Percent, number, percents, side
from extractors.segment import Segment
from extractors.stream import SILENT, Pages, anchor_of, dated
from extractors.weanwords import AFTER, AHEAD

_OPIOID = re.compile(r"\bopioids?\b|\bopiates?\b|\bnarcotics?\b|\bMME\b|\bMEDD?\b|\bOMEDD?\b|\bOME\b|\bmorphine equivalents?\b|\bpain (?:tablets?|pills?|medicines?|medications?)\b|\btablets?\b|\bpills?\b|\bpatch\b|\bmedication burden\b|\btaper(?:s|ed|ing)?\b|\bwean(?:s|ed|ing)?\b|\bdos(?:e|age)\b", re.I)
_DOWN = re.compile(r"\bwean(?:ed|ing|s)?\b|\btaper(?:ed|ing|s)?\b|\breduc\w+|\bcut\b|\bdecreas\w+|\blower\w*|\bdown\b|\bdropp?\w*|\bcame (?:down|off)\b|\bbelow\b|\bless\b|\bhalved\b|\bshed\b|\bfewer\b|\bfraction\b|\bdiminish\w+|\btrimm?\w+|\bhalf (?:of )?(?:what|the|his|her)\b|\boff\b", re.I)
_UP = re.compile(r"\b(?:increas\w+|rais\w+|went up|escalat\w+|doubled)\b", re.I)
_PAIN = re.compile(r"\b(?:relief|pain (?:fell|dropp|down|reduc|decreas|better|scores?)|better|improve\w*|easing|less pain|reduction in pain|pain reduction|symptom\w*)\b", re.I)
_PLANNED = re.compile(r"\b(?:goal|target|aim\w*|plan(?:s|ned|ning)?|intend\w*|will|would|to be|going to|hopes?|recommend\w*|suggest\w*|consider\w*|propose\w*|if|should|could|must|needs? to|wants?|willing|asked to|expected|required?|has to|have to|like to|before (?:we|I|any)|ought|requires?|criteri\w+|policy|guideline|checklist|yet to|not yet|can|may|in order to|attempt\w*|try(?:ing)?)\b|^\s*P\s*:|'ll\b", re.I)
_OTHERS = re.compile(r"\b(?:mother|father|brother|sister|niece|nephew|cousin|uncle|aunt|neighbor|neighbour|friend|roommate)\b", re.I)
_OTHER_DRUG = re.compile(r"\b(?:gabapentin|pregabalin|baclofen|clonazepam|alprazolam|lorazepam|diazepam|benzo\w*|prednisone|steroid|dexamethasone|duloxetine|nicotine|cigarettes?|smoking|alcohol|weight|PSA|insulin|venlafaxine|sertraline)\b", re.I)
_POLICY = re.compile(r"\b(?:life expectancy|opioids have been weaned by at least|body size|coverage|your (?:policy|criteria)|the plan's|medical policy)\b", re.I)
_VAGUE = re.compile(r"\b(?:significant(?:ly)?|substantial(?:ly)?|considerabl[ey]|a good deal|a lot|marked(?:ly)?|somewhat|a great deal|much|slightly|modest(?:ly)?|partially|gradual(?:ly)?|by steps|step by step|some)\b", re.I)
_PILLS = re.compile(
    rf"\bfrom\s+(?:about\s+|roughly\s+|some\s+)?(?P<a>{NUMBER})(?:\s+(?:\w+\s+){{0,2}}(?:tabs?|tablets?|pills?|caps?|capsules?|doses?))?(?:\s+(?:(?:a|per|each|every)\s+day|daily))?\s+(?:down\s+)?to\s+(?:about\s+|just\s+|only\s+)?(?P<b>{NUMBER})(?P<tail>\s+(?:\w+\s+){{0,2}}(?:tabs?|tablets?|pills?|caps?|capsules?|doses?))?(?P<day>\s+(?:(?:a|per|each|every)\s+day|daily))?",
    re.I,
)
_WHO = r"(?:(?:all|every|any)\s+)?(?:(?:of\s+)?(?:his|her|their|the|oral|systemic|other|prescription|prescribed|remaining|form of)\s+)*(?:opioids?|opiates?|narcotics?|opioid (?:medications?|medicines?|analgesics?|therapy|tablets?))"
_NONE = re.compile(
    rf"\b(?:all|every|both|systemic|oral)\s+(?:(?:his|her|the|of|oral|systemic|prescription)\s+)*(?:opioids?|opiates?|narcotics?)(?:\s+(?:medications?|medicines?|analgesics?|therapy|tablets?))?\s+(?:(?:was|were|has been|have been|had been|are|is)\s+)?(?:(?:completely|entirely|fully|altogether|all)\s+)?(?:stopped|discontinued|d/c'?d?|dc'?d|off|weaned (?:off|to (?:zero|none|nothing))|tapered (?:off|to (?:zero|off)))"
    rf"|\b(?:zero|0|no)\s+(?:systemic\s+|oral\s+)?(?:opioids?|opiates?|narcotics?)\s+(?:since|for (?:the )?(?:past|last)|of any (?:sort|kind)|at all|whatsoever|any ?more|by any route|now|currently|after|from|x\s*\d)"
    rf"|\b(?:taken|had|used|taking|takes|receiv\w+|on|is on|been on)\s+(?:no|zero)\s+(?:systemic\s+|oral\s+)?(?:opioids?|opiates?|narcotics?)\b(?!\s+(?:changes?|from|other|use|in the pump))"
    rf"|\b(?:opioid|opiate|narcotic)[- ]free\b|\bfree of (?:all )?(?:systemic )?opioids?\b"
    rf"|\b(?:off|stopped|discontinued|weaned (?:completely |entirely |fully )?off(?: of)?|tapered (?:completely |entirely )?off|came off|come off|quit)\s+(?:all\s+|every\s+)(?:(?:his|her|the|of|oral|systemic)\s+)*(?:opioids?|opiates?|narcotics?)"
    rf"|\b(?:off|weaned off(?: of)?|came off|stopped|tapered off)\s+(?:(?:his|her|the|oral|systemic)\s+)*(?:opioids?|opiates?|narcotics?)\s+(?:altogether|completely|entirely|in full|for good)"
    rf"|\b(?:swallowed|took|taken|had|used)\s+(?:his|her|the|their)\s+(?:last|final)\s+(?P<last>\w+)",
    re.I,
)


def find_weans(document_id: str, pages: Pages, day: str | None) -> list[Finding]:
    """`opioid_wean` findings stated as such (percent or "vague"), and `opioid_dose` 0 where all opioids were stopped.

    Attributes of a wean: bound, low, high, after_trial, before_trial (the words place it there).
    """
    found: list[Finding] = []
    context = ""
    for page, segment, today in dated(pages, day):
        if segment.kind == "heading":
            context = segment.text
        elif not segment.marks & SILENT and segment.kind != "tick":
            found += _stopped(document_id, page, segment, today)
            found += _stated(document_id, page, segment, today, context)
            context = f"{segment.heading} {segment.text}"
    return found


def _stopped(document_id: str, page: Page, segment: Segment, day: str | None) -> Iterator[Finding]:
    text = segment.text
    for match in _NONE.finditer(text):
        before = re.split(r"[.;]\s", text[: match.start()])[-1]
        if match["last"] and not (opioids_in(match["last"]) or re.match(r"opioid|narcotic|pain (?:pill|tablet)", match["last"], re.I)):
            continue
        if _PLANNED.search(before) or _OTHERS.search(before) or re.search(r"\b(?:never|not|prior to|until|once)\b", before, re.I):
            continue
        days = [m for m in dates_in(text, anchor_of(day)) if -40 < m.start - match.end() < 60]
        close = min(days, key=lambda m: abs(m.start - match.end()), default=None)
        yield Finding(
            "opioid_dose", 0.0, excerpt(document_id, page, segment.start, segment.end), "weans.stopped", unit="MME/day", date=close.iso if close else day, derivation="all opioids stopped = 0 MME/day",
            attributes={"drug": "total", "stated": True, "before_trial": bool(AHEAD.search(text)), "past": False, "listed": True, "only": True, "joined": False, "stopped": True, "low": 0.0, "extended": False, "reason": None, "at": segment.start},
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
    for match in _PILLS.finditer(text):
        if (match["tail"] or match["day"]) and not _planned(text, match.start()) and re.search(r"tab|pill|cap|dose|a day|per day|daily", match[0]) and not re.search(rf"{match['b']}\s*(?:mg|mcg|MME|milli)", text):
            a, b = number(match["a"]), number(match["b"])
            if a and b < 100:
                numbers = True
                reduction = round(100 * (a - b) / a, 1)
                yield _made(where, text, day, reduction, "exact", reduction, reduction, f"{a:g} -> {b:g} a day = {reduction:g} % reduction")
    vague = _VAGUE.search(text)
    if not numbers and vague and re.search(r"\b(?:weaned|tapered|reduced|cut|lowered|decreased|brought|came down|come down|gone down|less than before|is down|been down)\b", text, re.I) and not _planned(text, len(text)) and not _PAIN.search(text) and not _OTHER_DRUG.search(text) and not regimen_numbers(text):
        yield _made(where, text, day, "vague", "exact", None, None, None)


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
    if _PLANNED.search(text[left : percent.start]) or _OTHERS.search(clause) or _UP.search(around) or _PAIN.search(around):
        return False
    if re.search(r"\b(?:steps?|each|every|per (?:week|month)|a (?:week|month)|weekly|monthly|at a time)\b", text[percent.end : percent.end + 16], re.I) or re.match(r"\s*(?:RA\b|on room|O2|saturat)", text[percent.end :]):
        return False
    if re.search(r"\b(?:half (?:a )?(?:tab|pill)|(?:the|other|long|short) half)", around, re.I) or (_OTHER_DRUG.search(clause) and not opioids_in(clause) and not re.search("opioid|MME|MED", clause)):
        return False
    return bool(_DOWN.search(around) or re.search(r"\b(?:taper|wean)", clause, re.I))


def _wean(where: object, text: str, day: str | None, percent: Percent) -> Finding:
    verdict = side(percent.low, percent.high, percent.bound)
    if percent.bound in ("exact", "about", "at_least") and (verdict == "at_least_half") == (percent.low >= 50) and verdict != "vague":
        value: float | str = percent.low
    else:
        value = verdict
    remaining = re.match(r"\s*(?:of (?:the|his|her|what)|what (?:it|he|she))", text[percent.end :], re.I)
    down_to = re.search(r"\bto\s+(?:\w+\s+)?$", text[: percent.start], re.I)
    if remaining and down_to and isinstance(value, float):
        value = 100.0 - value
    return _made(where, text, day, value, percent.bound, percent.low, percent.high, f"{text[percent.start : percent.end].strip()} as stated")


def _made(where: object, text: str, day: str | None, value: float | str, bound: str, low: float | None, high: float | None, derivation: str | None) -> Finding:
    attributes = {"bound": bound, "low": low, "high": high, "after_trial": bool(AFTER.search(text)), "before_trial": bool(AHEAD.search(text))}
    return Finding("opioid_wean", value, where, "weans.stated", unit="%" if isinstance(value, float) else None, date=day, derivation=derivation, attributes=attributes)  # type: ignore[arg-type]
