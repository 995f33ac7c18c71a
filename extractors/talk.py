"""What kind of talk a sentence is: the record's own words, or a payer's, a consent form's, a handout's."""

from __future__ import annotations

import re

from extractors.patterns import rare
from extractors.segment import Mark

PAYER = rare(
    r"\b(?:medical|clinical|coverage|payment|your|plan|payer|health plan|insurance|the"
    r"|this) (?:policy|policies|criteria|criterion|guidelines?)\b|\b(?:policy|criteria"
    r"|guidelines?) (?:requires?|states?|says?|asks?|lists?|reads?|calls?)\b"
    r"|\bmedically necessary when\b|\bLA\.CP\.MP|\bcriteria (?:are|is) met when\b"
    r"|\bmember must\b|\bplan (?:requires|asks|wants)\b|\b(?:NCD|LCD)\b"
    r"|\bconsensus (?:conference|guideline)|\bper (?:policy|guideline|PACC|protocol)\b",
    re.I,
)
RULE = rare(
    r"\b(?:must|requires?|required|should|shall|is to|are to|needs? to|necessary|when all"
    r"|at least one|if the|has to|have to|asks? (?:for|that|whether)|states? that"
    r"|says that)\b",
    re.I,
)
PATIENT = rare(
    r"\b(?:she|he|her|his|him|hers|mr|mrs|ms|the patient|this patient|pt|our patient|we|I" r"|has been|was|were)\b",
    re.I,
)
PAYERS_PAPER = rare(
    r"\b(?:your|its|their|the(?= denial)|the (?:plan|payer|insurer|carrier|company|member services|health plan)['’]s)\s+(?:own\s+|\w+\s+){0,2}"
    r"(?:documents?|texts?|policy|policies|criteria|guidelines?|wording|language|bulletins?|rules?|requirements?|standards?"
    r"|checklists?|reviewers?|manual|denial(?: letter)?|letter)\b|\bsections? [IVX]+\b",
    re.I,
)
WISH = re.compile(
    r"\b(?:asks?|requires?|wants?|wish(?:es)?|says?|states?|lists?|reads?|demands?|expects?|insists?|calls? for|sets? out|provides?"
    r"|quot\w+|looks? for|cites?|puts? it|must)\b",
    re.I,
)
OWN_STATE = re.compile(
    r"\b(?:she|he|mr\.? \w+|mrs\.? \w+|ms\.? \w+|(?:the|this|our|my) patient)\s+(?:has|had|is|was|does|did|takes|took|went|came|can"
    r"|scored|reports?|denies|denied|meets|met|attend\w*|finish\w*|never|no longer|now|already|satisf\w+|fulfil\w+|\w+ed)\b",
    re.I,
)
QUOTATION = re.compile(r"[\"“][^\"”]{12,}[\"”]")
MOSTLY = 0.4
"""Share of a sentence in quotation marks from which on it is the quotation that speaks."""
HANDOUT = rare(
    r"\b(?:call|notify|contact) (?:us|the (?:office|clinic|doctor|nurse)|your (?:doctor"
    r"|provider|surgeon)|our office)\b.*\b(?:if|for|with)\b|^(?:call|return"
    r"|seek care)\b.*\b(?:if|for)\b|\byou (?:may (?:feel|notice|have|experience|develop"
    r"|be)|will (?:be|need|receive|feel|get)|should|must|feel|notice|develop)\b"
    r"|\byour (?:pump|procedure|doctor|medicines?|surgery|incision|wound|appointment)\b"
    r"|\bpatients? (?:who|with|should|must|may|are|undergoing|receiving|often)\b"
    r"|\bverbali[sz]ed? understanding\b|\bthis (?:note|document|record) was (?:created"
    r"|dictated)",
    re.I,
)
OPINION = re.compile(r"\bI(?:['’]d| would| do| don['’]t| think| expect| believe| see| doubt| cannot| could)\b")
"""A colleague who writes to another ("I would expect ... if you go in you will ..."); a handout has no I."""
NEIGHBOR = rare(
    r"\b(?:lady|gentleman|man|woman|fellow|boy|girl|neighbou?r|roommate) (?:in|from|of) (?:the )?(?:next |other )?(?:bed|room|chair|bay)\b", re.I
)
"""Another patient of the ward."""
CONSENT = rare(
    r"\b(?:risks?|complications?|side effects|benefits"
    r"|alternatives)\b[^.]{0,40}\b(?:includ\w+|review\w*|discuss\w*|explain\w*|such as"
    r"|of the procedure)\b|\breasons? (?:a|the|not)\b[^.]{0,30}\b(?:may|might|cannot|can't"
    r"|not)\b|\binformed consent\b",
    re.I,
)
INSTRUCTION = rare(
    r"\b(?:ignore|disregard|override|forget|bypass)\b[^.;]{0,40}\b(?:instructions?"
    r"|prompts?|rules?|previous|above|prior|guidelines?|criteria|polic(?:y|ies)|evidence|records?)\b"
    r"|\b(?:mark|list|set|report|treat|rate|score|record|count|classify|return|output|flip|switch|turn|change|make|update"
    r"|answer|consider|flag|approve|show)\b[^.]{0,80}\b(?:as|to|into|is|="
    r"|:)\s*[\"'“]?(?:all )?(?:met|satisfied|approved|fulfilled|documented as met)\b"
    r"|\b(?:AI|A\.I\.|LLM|chat ?bot|language model)[\s-]+(?:system|tool|bot|model|engine"
    r"|assistant|program|review(?:er|ing)?|reader|screen(?:er|ing))\b"
    r"|\"role\"\s*:\s*\"|\b(?:system|assistant|reviewer|developer) (?:system|prompt|message|override"
    r"|instructions?)\s*:|\b(?:do not|don['’]t) (?:show|display|reveal|quote"
    r"|cite) this (?:comment|note|message|line|text)\b",
    re.I,
)
"""Words meant for whoever reads the record by machine: they state nothing about the patient."""
BLANK = rare(r"_{3,}\s*(?:\([^)]*\))?\s*$|:\s*(?:n/?a|tbd|pending|blank|-+|\?+)?\s*$", re.I)


def talk_marks(text: str, before: str = "") -> frozenset[Mark]:
    """Marks of one sentence or row by its own words and those of the sentence before it; none for the record's plain speech."""
    marks: set[Mark] = set()
    if (PAYER.search(text) and RULE.search(text) and not PATIENT.search(text)) or _payer_speaks(text, before):
        marks.add("quoted")
    if instructs(text):
        marks |= {"quoted", "instruction"}
    if HANDOUT.search(text) and not OPINION.search(text):
        marks.add("education")
    if CONSENT.search(text) and not re.search(
        r"\b(?:no|without|minimal|mild|none|trial|severe|had|developed)\b", text, re.I
    ):
        marks.add("boilerplate")
    if NEIGHBOR.search(text):
        marks.add("family")
    if BLANK.search(text):
        marks.add("unanswered")
    return frozenset(marks)


def instructs(text: str) -> bool:
    """Whether a sentence tells whoever, or whatever, reads the record what to decide. It is never evidence."""
    return bool(INSTRUCTION.search(text))


def _payer_speaks(text: str, before: str) -> bool:
    """A payer's paper that wants something of the patient, or words in quotation marks beside the name of such a paper."""
    quoted = sum(len(m[0]) for m in QUOTATION.finditer(text))
    if quoted >= MOSTLY * len(text) and any(PAYERS_PAPER.search(said) or PAYER.search(said) for said in (text, before)):
        return True
    paper = PAYERS_PAPER.search(text)
    wish = WISH.search(text, paper.end()) if paper else None
    return bool(wish) and not OWN_STATE.search(text, wish.end() if wish else 0)
