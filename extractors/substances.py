"""Which substance a statement on use is about, and which of two statements beside each other says how things stand.

    "He drinks a pint a day. Denies street drugs."               the denial says nothing of alcohol
    "Opioid use disorder is present. In remission since 2019."   the second says what the first has come to
    "On Suboxone for OUD. No heroin for two years."              abstinence is what the treatment is for
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from extractors.finding import Finding

SUBSTANCES = {
    "alcohol": re.compile(r"\balcohol\w*|\bet-?oh\b|\bAUD\b|\bdrink\w*|\bdrank\b|\bwhiske?y|\bvodka|\bbeers?\b|\bliquor|\bwine\b|\bAUDIT\b", re.I),
    "drugs": re.compile(
        r"\bopioids?\b|\bopiates?\b|\bOUD\b|\bheroin\b|\bcocaine\b|\bmeth(?:adone|amphetamines?)?\b|\bbuprenorphine|\bsuboxone|\bsubutex|"
        r"\bsublocade|\bfentanyl\b|\bcannabis|\bmarijuana|\b(?:street|illicit|illegal|recreational|iv) (?:drugs?|substances?)\b|\bpills?\b|\bbenzo\w*",
        re.I,
    ),
}
EITHER = re.compile(r"\bsubstances?(?! abuse counsel)\b|\baddict\w*|\bany (?:use )?disorder|\b(?:and|or) drugs?\b|\bdrug (?:or|and|/)", re.I)
REMISSION = re.compile(r"\bremission\b|\bsober\b|\bsobriety\b|\babstinen\w+ (?:since|for)\b|\bin recovery\b|\bclean (?:since|for)\b|\bresolved\b", re.I)
NOT_YET = re.compile(r"\bearly\b|\bpartial\b|\bnot (?:yet )?in\b|\brelaps\w+|\bno\b[^.;]{0,12}\bremission", re.I)
AGONIST = re.compile(
    r"\bbuprenorphine|\bsuboxone|\bsubutex|\bsublocade|\bzubsolv|\bmethadone\b|\bMOUD\b|\bMAT\b|\bOTP\b|\bdos(?:es|ed|ing)\b|\bagonist",
    re.I,
)
UNTREATED = re.compile(r"\b(?:off|no longer on|stopped|without|never|not on|on no|completed)\b[^.;]{0,25}$", re.I)
NEXT = 160
"""Characters of the same page within which a remission is told of the disorder named before it."""


def with_substances(found: Sequence[Finding]) -> list[Finding]:
    """The findings; those on substance use with attribute `substance` where they name one, and weighed against each other."""
    own = [f.kind == "substance_use_disorder" and f.rule == "learned" for f in found]
    present, absent = ([f for f, mine in zip(found, own, strict=True) if mine and f.value == value] for value in ("present", "absent"))
    return [_weighed(f, absent if f.value == "present" else present) if mine else f for f, mine in zip(found, own, strict=True)]


def _weighed(finding: Finding, others: Sequence[Finding]) -> Finding:
    quote = finding.excerpt.quote
    if (named := substance(quote)) is not None:
        finding = replace(finding, attributes={**finding.attributes, "substance": named})
    if finding.value == "present" and not _treated(quote) and any(_ends(finding, other) for other in others):
        return replace(finding, assertion=replace(finding.assertion, historical=True))
    if finding.value == "absent" and any(_treated(o.excerpt.quote) and _beside(o, finding) for o in others):
        return replace(finding, assertion=replace(finding.assertion, uncertain=True))
    return finding


def substance(text: str) -> str | None:
    """The one substance that the words are about; None for all of them, or for words that do not say."""
    named = [name for name, words in SUBSTANCES.items() if words.search(text)]
    return named[0] if len(named) == 1 and not EITHER.search(text) else None


def _treated(text: str) -> bool:
    treated = AGONIST.search(text)
    return bool(treated and not UNTREATED.search(text[: treated.start()]))


def _ends(disorder: Finding, later: Finding) -> bool:
    """Whether `later`, told next on the same page, says that the disorder is in remission."""
    a, b = disorder.excerpt, later.excerpt
    told_next = (a.document_id, a.page) == (b.document_id, b.page) and b.start - a.start > 0 and b.start - a.end < NEXT
    kinds = {s for s in (substance(a.quote), substance(b.quote)) if s}
    return told_next and len(kinds) < 2 and bool(REMISSION.search(b.quote)) and not NOT_YET.search(b.quote)


def _beside(one: Finding, other: Finding) -> bool:
    return one.excerpt.document_id == other.excerpt.document_id and one.date == other.date and one.score >= 0.9
