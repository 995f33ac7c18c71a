"""What the documents suggest about the request: phase, indication, drug, codes, date, patient, topic."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from extractors.dates import document_date
from extractors.document import Document
from extractors.identity import DATE, Identity, foreign_pages, iso_date, packet_identity
from extractors.opioids import opioids_in
from extractors.patterns import rare
from extractors.procedures import find_trials
from extractors.rules import own_text, rules
from extractors.structure import segments

__all__ = ["Identity", "RequestFacts", "RequestHint", "drug_names", "foreign_pages", "read_request_facts"]

TOP_LINES = 12
"""Lines of a document's first page in which a request paper says that it is one."""
TITLE_LENGTH = 80
"""A title or a label is short; a sentence that speaks of a request is not."""
CODE = re.compile(r"\b62[34]\d\d\b")
DIGITS = {word: str(i) for i, word in enumerate("zero one two three four five six seven eight nine".split())} | {"oh": "0"}
SPOKEN = re.compile(rf"\bsix[\s-]+two(?:[\s-]+(?:{'|'.join(DIGITS)})\b){{3}}", re.IGNORECASE)
WRAPPED = 50
"""A line shorter than this was not wrapped: the next one starts anew."""
SENTENCE_END = re.compile(r"(?<=[.?!])(?<!\b(?:Dr|Mr|Ms|St|vs)\.)(?<!\bMrs\.)\s+(?=[A-Z☐☒])")
NO_PATTERNS = ("added", "adjuncts", "never_spinal", "examples")
CANCER_CODE = re.compile(r"\bC(?:[0-8]\d|9[0-6])(?:\.\w{1,4})?\b(?!\d)")
"""ICD-10-CM codes of malignant neoplasms; a past one is coded Z85."""
BOX = re.compile("[☐☒]")
YES_NO = re.compile(r"[☐☒]\s*(?:yes|no)\b|\b(?:yes|no)\s*[☐☒]", re.IGNORECASE)
ANSWERED_NO = re.compile(r"[^☐☒]*\t\s*☐\s*\t\s*☒\s*")
"""A row of a table with a column for yes and one for no."""
LABEL = r"(?:[^\s☐☒]|\s(?=[^\s☐☒]))*\s*"
"""Words up to a wide gap."""
SUBMITTED = (
    re.compile(
        r"\b(?:date of (?:this )?request|request(?:ed)? date|requested on|date (?:submitted|sent|requested)|submitted(?: on)?"
        r"|sent(?: on)?|order(?:ed)? date|call held|dictated)[:\t ]*(?:on )?(?=\d|[A-Z][a-z]{2})",
        re.IGNORECASE,
    ),
    re.compile(r"(?:^|[\t]|  )date[:\t ]+(?=\d|[A-Z][a-z]{2})", re.IGNORECASE | re.MULTILINE),
)
"""Labels of the day of a request, the surest first."""
OTHER_DAY = re.compile(
    r"\b(?:birth|born|dob|d\.o\.b|injury|onset|visit|service|surgery|procedure|proposed|planned|scheduled|received|rev(?:ision|ised)?"
    r"|effective|seen|trial|expir\w+|from|through)\b[^\n\d]{0,20}\Z",
    re.IGNORECASE,
)
"""What stands before a day that is not the request's."""
SIGNED = re.compile(r"\b(?:signed|signature)\b[^\n\d]{0,40}(?=\d)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """Suggestions, each None where the documents are silent. `topic` is what another policy decides."""

    phase: str | None
    indication: str | None
    drug: str | None
    codes: tuple[str, ...]
    request_date: str | None
    patient: Identity
    topic: str | None


@dataclass(frozen=True, slots=True)
class RequestHint:
    """What readers may know of the request: dates before and after the trial, and the drug, are read with it."""

    phase: str
    indication: str
    drug: str | None
    request_date: str | None


def cues() -> Mapping[str, Any]:
    """The patterns and drug names of request.yaml; each list of patterns compiled to one expression per item."""
    return _cues(own_text("request.yaml"))


@cache
def _cues(own: str) -> Mapping[str, Any]:
    data = rules("request.yaml", own)
    return {
        key: value if key in NO_PATTERNS else [rare(pattern, re.IGNORECASE) for pattern in value]
        for key, value in data.items()
    }


def read_request_facts(documents: Sequence[Document]) -> RequestFacts:
    """Read the request from the packet; request papers (forms, letters, covers) come before the rest."""
    told = [(document, _sentences(document)) for document in documents]
    requests = [(document, said) for document, said in told if _is_request_paper(document)]
    papers = [document for document, _ in requests]
    asked, sentences = ([sentence for _, said in part for sentence in said] for part in (requests, told))
    all_lines = [line for d in documents for line in _lines(d)]
    # a dictated request wraps its codes over lines, and has no form to stand on
    said = asked if papers else [page.text.replace("\n", " ") for d in documents for page in d.pages]
    codes = tuple(dict.fromkeys(code for line in said for code in ticked_codes(line)))
    wanted, sentence = next((found for every in (False, True) if (found := _asking(asked, every))[0]), (None, ""))
    drug = planned_drug([*asked, *_paragraphs(papers)]) or _drug_beside(sentence)
    return RequestFacts(
        phase=wanted if wanted in ("implant", "trial") else _phase_of_course(told),
        indication=indication(asked, sentences) or _silent_on_cancer(documents),
        drug=drug if drug is not None or _undecided(asked) else planned_drug([*all_lines, *_paragraphs(documents)]),
        codes=codes,
        request_date=_request_date(papers),
        patient=packet_identity(documents),
        topic=_topic(asked, wanted, drug),
    )


def drug_names(text: str) -> frozenset[str]:
    """The generic names of the drugs of pumps that a text names, brand names included."""
    return frozenset(_named_in_order(text))


def ticked_codes(line: str) -> Iterator[str]:
    """Procedure codes of a line, dictated ones too ("six two three six two"), less those behind an empty box."""
    line = SPOKEN.sub(lambda m: "".join(DIGITS[w] for w in re.findall("[a-z]+", m[0].lower())) + " ", line)
    for found in CODE.finditer(_without_empty_options(line)):
        yield found.group()


def asked_phase(sentences: Sequence[str]) -> str | None:
    """What the first asking sentence names first: "implant", "trial" or "service" (refill, removal)."""
    return _asking(sentences)[0]


def _asking(sentences: Sequence[str], every: bool = False) -> tuple[str | None, str]:
    """What is asked for, and the sentence that asks; `every` sentence of a form may, without a word of asking.

    A trial that the sentence tells of, and a pump for some later day, are not asked for.
    """
    for sentence in sentences:
        kept = _without_empty_options(sentence)
        answers = bool(YES_NO.search(sentence)) and not re.search(r"\bis this\b|\brequest", sentence, re.IGNORECASE)
        if answers or not (every or "☒" in kept or _matches("asks", kept)):
            continue
        if _matches("service", kept) and not _matches("replaces", kept):
            return "service", kept
        first = {phase: at for phase in ("implant", "trial") if (at := _first_at(phase, kept)) is not None}
        for phase, told in (("trial", "trial_told"), ("implant", "pump_later")):
            if _matches(told, kept):
                first.pop(phase, None)
        if first:
            return min(first, key=lambda phase: first[phase]), kept
    return None, ""


def _phase_of_course(told: Sequence[tuple[Document, Sequence[str]]]) -> str | None:
    """Where no request paper tells: the newest note that asks for a pump, or a trial that took place, means the implant."""
    days = [(document_date(document) or "", document, sentences) for document, sentences in told]
    newest_first = [sentences for _, _, sentences in sorted(days, key=lambda item: item[0], reverse=True)]
    asked = [phase for sentences in newest_first if (phase := asked_phase(sentences)) and phase != "service"]
    if asked[:1] == ["implant"] or any(_records_trial(document, day or None) for day, document, _ in days):
        return "implant"
    return asked[0] if asked else None


def _records_trial(document: Document, day: str | None) -> bool:
    pages = [(page, segments(page)) for page in document.pages if page.readable]
    found = find_trials(document.document_id, pages, day)
    return any(f.value == "done" and f.assertion.plain for f in found)


def indication(asked: Sequence[str], sentences: Sequence[str]) -> str | None:
    """Malignant pain or not: what the request papers diagnose, else what the packet speaks of more.

    A survivor's pain, and that of a cancer's treatment, is non-malignant unless the request codes it as cancer pain.
    """
    if any(re.search(r"\bG89\.3\b", line) for line in asked):
        return "malignant"
    if any(_matches("pain_not_cancer", sentence) for sentence in sentences):
        return "nonmalignant"
    counts = {kind: sum(_matches(kind, s) for s in sentences) for kind in ("nonmalignant", "survivor")}
    named, active = (sum(_names_active_cancer(s) for s in part) for part in (asked, sentences))
    other = any(_matches("pain_diagnosis", sentence) for sentence in asked)
    if other and not named:
        return "nonmalignant"
    if not named and any(_matches("survivor", sentence) for sentence in asked):
        return "nonmalignant"
    if not other and any(CANCER_CODE.search(sentence) for sentence in asked):
        return "malignant"
    if not any(counts.values()) and not active:
        return None
    survived = counts["survivor"] > 0 and active < 2 * counts["survivor"] + counts["nonmalignant"]
    return "malignant" if (named > 0 and not other or active > counts["nonmalignant"]) and not survived else "nonmalignant"


def _names_active_cancer(sentence: str) -> bool:
    return _matches("malignant", sentence) and not any(
        _matches(kind, sentence) for kind in ("not_active", "survivor", "treatment_pain")
    )


def _silent_on_cancer(documents: Sequence[Document]) -> str | None:
    """A packet that was read to its last page and names no cancer asks about non-malignant pain, of unknown cause too."""
    pages = [page for document in documents for page in document.pages]
    return "nonmalignant" if pages and all(page.readable for page in pages) else None


def planned_drug(lines: Sequence[str]) -> str | None:
    """The generic name of the drug planned for the pump or the trial; what is only added to another, where no other is named."""
    planned = (
        name
        for pattern in cues()["planned_drug"]
        for line in lines
        if (found := pattern.search(line)) and not _matches("undecided", line)
        for name in _named_in_order(" ".join(filter(None, found.groups())))
    )
    passed = []
    for name in planned:
        if _goes_alone(name):
            return name
        passed.append(name)
    return next((name for name in passed if name in cues()["adjuncts"]), None)


def _goes_alone(name: str) -> bool:
    """Whether a drug may be what a pump or trial is for: not only added to another, and not only swallowed."""
    return name not in cues()["adjuncts"] and name not in cues()["never_spinal"]


def _drug_beside(sentence: str) -> str | None:
    """The drug that the asking sentence names in any place ("catheter, 48 hours, hydromorphone")."""
    named = [] if _matches("undecided", sentence) else _named_in_order(sentence)
    return next(filter(_goes_alone, named), None)


def _named_in_order(text: str) -> list[str]:
    """Opioids in reading order, then what is added to them."""
    opioids = [mention.opioid.name for mention in opioids_in(text)]
    words = text.lower()
    added = [
        generic
        for generic, brands in cues()["added"].items()
        if any(re.search(rf"\b{re.escape(name)}\b", words) for name in (generic, *brands))
    ]
    return list(dict.fromkeys(opioids + added))


def _undecided(lines: Sequence[str]) -> bool:
    return any(
        _matches("undecided", line) and re.search(r"drug|agent|medication|opioid", line, re.IGNORECASE)
        for line in lines
    )


def _topic(asked: Sequence[str], wanted: str | None, drug: str | None) -> str | None:
    if drug == "baclofen" or any(_matches("baclofen", line) for line in asked):
        return "baclofen"
    if wanted == "service":
        return "service"
    spinal = any(_matches("spinal", line) for line in asked)
    return "other_pump" if not spinal and any(_matches("other_pump", line) for line in asked) else None


def _request_date(papers: Sequence[Document]) -> str | None:
    """The labelled day of the first request paper that has one, else the first free day at a paper's top, else a signature's."""
    tops = ["\n".join(_top(paper)) for paper in papers]
    for label in SUBMITTED:
        for top in tops:
            for at in label.finditer(top):
                if (found := DATE.match(top, at.end())) and (day := iso_date(found)):
                    return day
    for top in tops:
        for found in DATE.finditer(top):
            day = iso_date(found)
            if day and day >= "2000" and not OTHER_DAY.search(top[: found.start()]):
                return day
    if (dated := next((day for paper in papers if (day := document_date(paper))), None)) is not None:
        return dated
    signed = (DATE.match(page.text, at.end()) for d in papers for page in d.pages for at in SIGNED.finditer(page.text))
    return next((day for found in signed if found and (day := iso_date(found))), None)


def _is_request_paper(document: Document) -> bool:
    return any(len(line) <= TITLE_LENGTH and _matches("request_paper", line) for line in _top(document))


def _top(document: Document) -> list[str]:
    lines = [line for line in _lines(document) if line.strip()]
    return lines[:TOP_LINES]


def _lines(document: Document) -> Iterator[str]:
    for page in document.pages:
        yield from page.text.split("\n")


def _sentences(document: Document) -> list[str]:
    """Printed lines, those of wrapped prose joined and cut into sentences."""
    joined: list[str] = []
    for line in _lines(document):
        before = joined[-1] if joined else ""
        wrapped = len(before.split("\n")[-1]) >= WRAPPED or line[:1].islower()
        if before.strip() and line.strip() and wrapped and not _is_form_line(before) and not _is_form_line(line):
            joined[-1] += "\n" + line
        else:
            joined.append(line)
    return [part for text in joined for part in SENTENCE_END.split(text.replace("\n", " "))]


def _is_form_line(line: str) -> bool:
    return bool("\t" in line or BOX.search(line) or re.match(r"\s*(?:[-*•]|\d[.)])\s|[^:]{1,30}:(?:\s|$)", line))


def _paragraphs(documents: Sequence[Document]) -> list[str]:
    """Paragraphs without their line ends: a letter's sentence wraps where it will."""
    return [" ".join(part.split("\n")) for d in documents for page in d.pages for part in page.text.split("\n\n")]


def _without_empty_options(line: str) -> str:
    """A line of tick boxes with its unticked options cut out, whether labels follow their boxes or stand before them."""
    line = re.sub(r"\[[xX]\]|\([xX]\)", "☒", re.sub(r"\[ ?\]|\( \)", "☐", line))
    if ANSWERED_NO.fullmatch(line):
        return ""
    before = BOX.match(line.rstrip()[-1:]) and not BOX.match(line.lstrip())
    return re.sub(rf"{LABEL}☐" if before else "☐[^☐☒]*", " ", line)


def _matches(kind: str, line: str) -> bool:
    return any(pattern.search(line) for pattern in cues()[kind])


def _first_at(kind: str, line: str) -> int | None:
    return min((m.start() for p in cues()[kind] if (m := p.search(line))), default=None)
