"""Whether a question asks what stands out in the packet as a whole, and which kind of thing."""

from __future__ import annotations

import re

from pipeline.chat.lexicon import common, content, stem, stems
from pipeline.chat.packet import PacketView

ODD = r"(?:odd|strange|weird|suspicious|fishy|peculiar|unusual|irregular|amiss|wrong(?! with (?:him|her|them|his)\b)|inconsistent|contradictory|questionable)"
_SHEET = r"(?:packet|pages?|documents?|papers?|files?|charts?|record|submission|everything|anything|something|notes?|reports?|sheets?|dates?)"
_ID = r"(?:\bdobs?\b|\bdates? of birth|\bbirth ?dates?|\bmrns?\b|\brecord numbers?|\bpatient names?)"
ASKED = {
    "scope": rf"\bout of scope\b|\bin scope\b|\b{_SHEET}\b.*\bfall under\b.*\bpolicy",
    "identity": rf"\b(?:one|same|single|another|other|different|wrong|right)(?: and the same)? (?:patient|person|member)|\b(?:mis-?fil|misplac|mix(?:ed)?[- ]?up)\w*"
    rf"|\b{_SHEET}\b.*\b(?:belongs?\b|someone else|ours\b|(?:is|are|all|really) (?:his|hers|theirs|ours))|\beverything\b.*\b(?:his|hers|theirs)\b|{_ID}.*\b(?:same|match|differ|consistent|throughout|agree|every|across|each|all)"
    rf"|\b(?:same|match\w*|differ\w*|consistent)\b.*{_ID}",
    "unreadable": r"\b(?:unreadable|illegible)\b|\blegib\w*|\b(?:can'?t|cannot|could ?n['o]?t|not)(?: be)? (?:read|readable|legible|made out)\b|\bscanned pages?|\bpoor(?:ly)? scan",
    "conflicts": r"\b(?:contradict|discrepan|inconsisten|mismatch)\w*|\bconflict(?:s|ing)?\b|\b(?:documents|notes|pages|papers|records|reports|doctors|providers|they)\b.*\bdis-?agree\w*|\bagree with (?:each|one an)other",
    "dates": rf"\bdates?\b.*\b(?:sense|line up|fit|order|add up|match|off|right|consistent|plausible|possible|impossible|conflict|contradict|{ODD})\b|\b{ODD}\b.*\bdates?\b|\bchronolog\w*|\bout of (?:order|sequence)"
    r"|\b(?:dated|signed|written)\b.*\b(?:after|before|earlier than|later than) (?:the |its |his |her )?(?:request|visit|date of service|order|service)|\bin the (?:right|wrong) order|\btimeline\b.*\b(?:sense|fit|add up|consistent|hold)|\b(?:back|post)-?dated",
    "repeats": r"\bduplicat\w*|\bsame pages?\b|\bpages?\b.*\b(?:twice|repeat\w*|identical)\b|\brepeat\w* pages?",
    "instructions": r"\bprompt injection|\binstruct\w* (?:me|you|us)\b|\b(?:instruct|order)\w* (?:to|for) (?:you|its reader|the (?:reader|reviewer|software|system|computer))|\btr(?:y|ies|ying) to (?:tell|instruct|steer|influence)|\btell(?:s|ing)? (?:you|its reader|the reader|the reviewer) what to|\bhidden (?:text|instruction)\w*",
}  # fmt: skip
"""How each kind of thing that stands out is asked for."""
_PATTERNS = {name: re.compile(pattern, re.I) for name, pattern in ASKED.items()}
GENERAL = re.compile(
    rf"\b(?:any|some)(?:thing|where)?\b.*\b{ODD}\b|\bwhat\b.*\b{ODD}\b|\b(?:looks?|seems?|anything|something|is) off\b|\b(?:doesn'?t|does not|don'?t|do not|not) (?:fit|add up|belong|make sense|square|line up)\b"
    r"|\bred flags?\b|\b(?:any|the) flags?\b|\bflagged\b|\b(?:stands?|jumps?|sticks?) out\b|\bproblems? with (?:the|this) (?:packet|record|file|chart)|\btrust (?:the|this) (?:packet|record|file|chart)", re.I
)  # fmt: skip
"""Everything that stands out is asked for."""
_WORDS = frozenset(w for p in (*ASKED.values(), GENERAL.pattern) for w in re.findall(r"[a-z]{3,}", p.replace(r"\b", " ")))
"""The words, or how they begin, that these expressions look for."""
_STEMS = frozenset(stem(w) for w in _WORDS)
LONG = 5
"""Letters of a beginning that tells a word."""
WHOLE = frozenset(stems("packet page document paper file chart submission request case flag sheet report worry worried suspect cant try settle anywhere signature"))


def asked(question: str, packet: PacketView) -> tuple[str, ...]:
    """Which of ASKED a question asks about the packet as a whole: nothing where it names one thing in it besides."""
    named = tuple(name for name, pattern in _PATTERNS.items() if pattern.search(question))
    if not named and not GENERAL.search(question):
        return ()
    rest = set(content(question)) - packet.own_names - common() - WHOLE
    return () if any(not _looked_for(word) for word in rest) else named or tuple(ASKED)


def _looked_for(word: str) -> bool:
    return word in _STEMS or any(len(begin) >= LONG and word.startswith(begin) for begin in _WORDS)
