"""A question and its yes or no: the answer decides between presence and absence, whatever the words suggest.

"Does the patient have an implanted electronic device? [x] Yes" states presence. The learned reader finds which fact
a question is about; which way a bare answer points is a matter of form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from extractors.document import Page, excerpt
from extractors.finding import Finding
from extractors.segment import Segment

SIDES = {
    "infection": ("present", "absent"),
    "coagulopathy": ("present", "absent"),
    "programmable_device": ("present", "absent"),
    "intracranial_pressure": ("raised", "normal"),
    "substance_use_disorder": ("present", "absent"),
    "hyperalgesia": ("suspected", "excluded"),
    "epidural_tumor": ("present", "absent"),
    "drug_allergy": ("present", "absent"),
}
"""Facts that a question asks for by name: their value when it is answered yes, and when no."""
TURNED = re.compile(
    r"\b(?:no|not|non|free|without|den(?:y|ies|ied)|absen\w+|negative|exclu\w+|ruled|clear\w*|resolved|treated|safe|"
    r"compatib\w+|adequate|normal|addressed|reviewed|discussed|held|stopped|removed|tested|checked|screen\w*|complete\w*|"
    r"history|prior|previous|past|ever|family|risk|education|plan\w*|planned)\b",
    re.I,
)
"""Questions whose yes is not a plain presence ("Free of infection?", "Screened for ...?")."""
TOPIC = re.compile(
    r"(?:(?:active|current|signs of|any|other|implanted|opioid|body|drug|bleeding|pain|further|continued|member|patient) )*"
    r"(?:infections?|life expectancy|prognosis|compliance|adherence|substance(?: use| abuse)?(?: disorders?)?|allerg(?:y|ies)|"
    r"coagulopathy|disorders?|anticoag\w*|habitus|size|implants?|devices?|psych\w*(?: evaluation| clearance)?|behavioral \w+|"
    r"therapy|function\w*|side effects|adverse (?:effects|events|reactions)|diagnos[ei]s|physical therapy|hyperalgesia|"
    r"intracranial pressure|anatomy|wean\w*|reduction|treatments?|surgery)\W*$",
    re.I,
)
"""The bare name of what is asked about: a heading or an unanswered prompt, never a statement."""
SIGNATURE = re.compile(
    r"\W*(?:Dr\.? )?(?:[A-Z][\w.'’-]*,? ){0,4}[A-Z][\w.'’-]+,? (?:MD|DO|M\.D\.|D\.O\.|PharmD|PhD|PsyD|RN|NP|PA-C|PA|CNP|FNP|CRNA|LPN|LCSW|DPT|PT)\W*"
)
"""A name with its letters, left over where a line was cut."""
QUESTION = re.compile(r"\W*(?:has|have|had|is|are|was|were|does|do|did|can|could|will|would)\b[^.;]*\?\W*", re.I)
"""A question whose answer stands elsewhere, or nowhere."""
TELLING = re.compile(
    r"\b(?:no|not|non|none|nil|denied|den(?:y|ies)|negative|neg|normal|failed|free|excluded|cleared|absent|adequate|good|poor|present)\b|\d|[:/=]",
    re.I,
)
_KIND = r"(?:(?:any|active|current|known|other|signs of|implanted|programmable|electronic|suspected|an?) )*"
_DEVICE = (
    r"(?:pacemaker|defibrillator|A?ICD|(?:(?:spinal cord|nerve|bone|deep brain) )?stimulator|neurostimulator|insulin pump|cochlear implant|"
    r"loop recorder|(?:powered|electronic|programmable|implanted)(?: (?:electronic|medical))? (?:implant|device))s?"
)
ASKED = {
    kind: re.compile(rf"\W*{_KIND}(?:{words})(?: (?:present|now|in place|at this time))?\W*", re.I)
    for kind, words in {
        "infection": r"infections?(?: (?:present|active))?",
        "coagulopathy": r"coagulopathy|bleeding (?:disorders?|diathesis)|clotting disorders?",
        "programmable_device": rf"(?:implanted|programmable|electronic)(?: \w+){{0,2}} devices?|devices? implanted|{_DEVICE}(?:\W+(?:or |and |any |other )*{_DEVICE})*(?:\?.*)?",
        "intracranial_pressure": r"(?:increased|raised|elevated) (?:ICP|intracranial pressure)",
        "substance_use_disorder": r"(?:substance|alcohol or drug|opioid|drug or alcohol)(?: use| abuse)? disorders?",
        "hyperalgesia": r"(?:opioid[- ]induced )?hyperalgesia",
        "epidural_tumor": r"epidural (?:tumou?r|disease|metastas[ei]s)",
    }.items()
}
"""A form's question that is nothing but the name of a condition: its yes and no need no other reader."""
YES = re.compile(r"\W*(?:yes|y|positive|present)\W*$", re.I)
NO = re.compile(r"\W*(?:no|n|none|nil|neg(?:ative)?|absent|denie[sd])\W*$", re.I)


def answered(findings: Iterable[Finding], segments: Sequence[Segment]) -> Iterator[Finding]:
    """The findings of one page without those on a bare heading; on a bare yes or no, with the value that it gives."""
    by_place = {s.start: s for s in segments if s.kind in ("tick", "row", "field")}
    names = {s.start for s in segments if _only_names(s)}
    for finding in findings:
        if finding.rule == "learned" and finding.excerpt.start in names:
            continue
        segment = by_place.get(finding.excerpt.start)
        value = _value(finding.kind, segment) if segment and finding.rule == "learned" else None
        yield replace(finding, value=value) if value else finding


def asked(document_id: str, page: Page, segments: Sequence[Segment], day: Sequence[str | None]) -> Iterator[Finding]:
    """What a ticked yes or no states of the condition that its question names."""
    for segment, today in zip(segments, day, strict=True):
        if segment.kind != "tick" or segment.marks or segment.answer not in ("yes", "no"):
            continue
        for kind, question in ASKED.items():
            if question.fullmatch(segment.label):
                where = excerpt(document_id, page, segment.start, segment.end)
                yield Finding(kind, SIDES[kind][segment.answer == "no"], where, "answers.asked", date=today)


def _value(kind: str, segment: Segment) -> str | None:
    if kind not in SIDES or TURNED.search(segment.label):
        return None
    answer = segment.answer if segment.kind == "tick" else segment.text[len(segment.label) :].lstrip(" :\t|")
    if not answer or not segment.label or len(segment.cells) > 2:
        return None
    yes, no = SIDES[kind]
    return yes if YES.match(answer) else no if NO.match(answer) else None


def _only_names(segment: Segment) -> bool:
    text = segment.text.strip()
    if TOPIC.match(text) or SIGNATURE.fullmatch(text) or QUESTION.fullmatch(text):
        return True
    return segment.kind == "heading" and 2 <= len(text.split()) <= 5 and not TELLING.search(text)
