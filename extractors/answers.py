"""A question and its yes or no: the answer decides between presence and absence, whatever the words suggest.

"Does the patient have an implanted electronic device? [x] Yes" states presence. The learned reader finds which fact
a question is about; which way a bare answer points is a matter of form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from extractors.details import named_devices
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
_LEAD = (
    r"\W*(?:\d{0,2}\s?[a-z]?[.):]\s+|\d{1,2}\s+|[a-z]\s+(?=[A-Z]))?(?:(?:any|active|current|currently|known|other|signs of|evidence of|implanted|programmable|electronic|suspected|"
    r"an?|the|is|are|there|does|do|has|have|this|patient|patient's|pt|member|member's) )*"
)
"""A number in a list, and what a question opens with."""
_DEVICE = (
    r"(?:pacemaker|defibrillator|A?ICD|(?:(?:spinal cord|nerve|bone|deep brain) )?stimulator|neurostimulator|insulin pump|cochlear implant|"
    r"loop recorder|(?:powered|electronic|programmable|implanted)(?: (?:electronic|medical))? (?:implant|device))s?"
)
_TAIL = r"(?: (?:present|now|in place|at this time))?(?:\W*\([^)]*\))?\W*"
ASKED: tuple[tuple[str, str | None, str | None, re.Pattern[str]], ...] = tuple(
    (kind, yes, no, re.compile(f"{_LEAD}(?:{words}){_TAIL}", re.I))
    for kind, yes, no, words in (
        ("infection", *SIDES["infection"], r"infections?(?: (?:present|active))?"),
        ("infection", "absent", "present", r"(?:free (?:of|from)|no|without) (?:(?:active|any|current|signs of|systemic|local) )*infections?"),
        ("coagulopathy", *SIDES["coagulopathy"], r"coagulopath(?:y|ies)|(?:bleeding|clotting|coagulation)(?:/\w+)? (?:disorders?|problems?|diathesis)"),
        (
            "programmable_device", *SIDES["programmable_device"],
            rf"(?:implanted|programmable|electronic)(?: \w+){{0,2}} devices?|devices? implanted|{_DEVICE}(?:\W+(?:or |and |any |other )*{_DEVICE})*(?:\?.*)?",
        ),
        ("intracranial_pressure", *SIDES["intracranial_pressure"], r"(?:increased|raised|elevated|high) (?:ICP|intracranial pressure)"),
        ("substance_use_disorder", *SIDES["substance_use_disorder"], r"(?:substance|alcohol or drug|opioid|drug or alcohol)(?: use| abuse)? disorders?|SUD"),
        ("hyperalgesia", *SIDES["hyperalgesia"], r"(?:opioid[- ]induced )?hyperalgesia|OIH"),
        ("hyperalgesia", "excluded", None, r"(?:(?:opioid[- ]induced )?hyperalgesia|OIH) (?:\w+ ){0,3}(?:ruled out|r/o|excluded)"),
        ("epidural_tumor", *SIDES["epidural_tumor"], r"epidural (?:tumou?r|disease|metastas[ei]s)"),
        (
            "body_size", "adequate", "inadequate",
            r"(?:body |abdominal )?(?:habitus|hab|size|build|frame|abdomen|wall)\b[^?.]*\b(?:adequate|support\w*|accommodat\w+|sufficient|suitable|able|allows?|fits?|room|"
            r"appropriate|acceptable|ok)\b[^.]*",
        ),
        ("psychological_evaluation", "cleared", None, r"psych\w*(?: evaluation| eval)?\b[^?.]*\bclear(?:ed|s)\b[^.]*|cleared (?:by|from) psych\w*"),
        (
            "spinal_anatomy", "complicating", "suitable",
            r"(?:spin\w+|vertebral) (?:anomal\w+|abnormalit\w+|deformit\w+)\b[^?.]*\b(?:complicat\w+|prevent\w*|prohibit\w*|interfer\w+|preclud\w+|placement|catheter)\b[^.]*",
        ),
        (
            "drug_allergy", *SIDES["drug_allergy"],
            r"allerg\w+ (?:to|of) (?:the )?(?:drugs?|medications?|agents?) (?:to be (?:used|infused|given)|planned|requested|proposed|(?:for|in) (?:the )?pump)[^.]*",
        ),
    )
)
"""A form's question that is nothing but the name of a condition, with what its yes and its no state: they need no other reader."""
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
        if finding.kind == "anticoagulant" and segment and NO.match(_answer(segment)):
            continue  # none taken is no fact of the policy
        value = _value(finding.kind, segment) if segment and finding.rule == "learned" else None
        yield replace(finding, value=value) if value else finding


def asked(document_id: str, page: Page, segments: Sequence[Segment], day: Sequence[str | None]) -> Iterator[Finding]:
    """What a yes or no, ticked or written, states of the condition that its question names."""
    for segment, today in zip(segments, day, strict=True):
        if segment.kind == "tick" and not segment.label and NO.match(segment.answer) and len(named_devices(segment.text)) > 1:
            yield Finding("programmable_device", "absent", excerpt(document_id, page, segment.start, segment.end), "answers.asked", date=today)
        answer = "" if segment.marks else _answer(segment)
        said = YES.match(answer) if answer else None
        if not said and not NO.match(answer):
            continue
        for kind, yes, no, question in ASKED:
            if (value := yes if said else no) and question.fullmatch(segment.label):
                yield Finding(kind, value, excerpt(document_id, page, segment.start, segment.end), "answers.asked", date=today)


def _value(kind: str, segment: Segment) -> str | None:
    if kind not in SIDES or TURNED.search(segment.label):
        return None
    answer = _answer(segment)
    if not answer:
        return None
    yes, no = SIDES[kind]
    return yes if YES.match(answer) else no if NO.match(answer) else None


def _answer(segment: Segment) -> str:
    """What stands behind a segment's question, "" where it asks nothing or has several answers."""
    if not segment.label or len(segment.cells) > 2:
        return ""
    return segment.answer if segment.kind == "tick" else segment.text[len(segment.label) :].lstrip(" :\t|")


def _only_names(segment: Segment) -> bool:
    text = segment.text.strip()
    if TOPIC.match(text) or SIGNATURE.fullmatch(text) or QUESTION.fullmatch(text):
        return True
    return segment.kind == "heading" and 2 <= len(text.split()) <= 5 and not TELLING.search(text)
