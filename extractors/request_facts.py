"""What the documents suggest about the request: phase, indication, drug, codes, date, topic."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from extractors.dates import document_date
from extractors.document import Document
from extractors.identity import DATE, iso_date
from extractors.request_asked import PHASES, asked_phase, asking, likeliest_phase, phase_of_course
from extractors.request_drug import drug_beside, drug_names, drug_of_spine, goes_alone, planned_drug, undecided
from extractors.request_words import matches, sentences_of, without, without_empty_options

__all__ = ["RequestFacts", "RequestHint", "drug_names", "read_request_facts"]

TOP_LINES = 12
"""Lines of a document's first page in which a request paper says that it is one."""
TITLE_LENGTH = 80
"""A title or a label is short; a sentence that speaks of a request is not."""
CODE = re.compile(r"\b62[34]\d\d\b")
DIGITS = {word: str(i) for i, word in enumerate("zero one two three four five six seven eight nine".split())} | {"oh": "0"}
SPOKEN = re.compile(rf"\bsix[\s-]+two(?:[\s-]+(?:{'|'.join(DIGITS)})\b){{3}}", re.IGNORECASE)
CANCER_CODE = re.compile(r"\bC(?:[0-8]\d|9[0-6])(?:\.\w{1,4})?\b(?!\d)")
"""ICD-10-CM codes of malignant neoplasms; a past one is coded Z85."""
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
    """Suggestions, each None where the documents are silent. `topic` is what another policy decides.

    `assumed` names those ("phase", "indication") that no document tells, and that are only likelier than the other.
    """

    phase: str | None
    indication: str | None
    drug: str | None
    codes: tuple[str, ...]
    request_date: str | None
    topic: str | None
    assumed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RequestHint:
    """What readers may know of the request: dates before and after the trial, and the drug, are read with it."""

    phase: str
    indication: str
    drug: str | None
    request_date: str | None


def read_request_facts(documents: Sequence[Document]) -> RequestFacts:
    """Read the request from the pages of its patient; request papers (forms, letters, covers) come before the rest."""
    told = [(document, [s for s in sentences_of(document) if not matches("relatives", s)]) for document in documents]
    papers = [document for document in documents if _is_request_paper(document)]
    sentences = [sentence for _, said in told for sentence in said]
    asked = [sentence for document, said in told if document in papers for sentence in said]
    form = next((phase for phase, _ in asking(asked, "")), None)
    wanted = asked_phase(asked, sentences)
    phase = wanted or phase_of_course(told, form if form in PHASES else None)
    askings = [sentence for kind in ("asks", "") for named, sentence in asking(asked, kind) if named == phase]
    drug = planned_drug([s for s in asked if not matches("trial_told", s)]) or drug_beside(askings)
    cause = indication(asked, sentences) or _silent_on_cancer(documents)
    return RequestFacts(
        phase=phase if phase in PHASES else likeliest_phase(sentences),
        indication=cause or "nonmalignant",
        drug=drug or _drug_of_record(told, asked),
        codes=tuple(dict.fromkeys(code for s in (asked if papers else sentences) for code in ticked_codes(without("not_now", s)))),
        request_date=_request_date(papers),
        topic=_topic(asked, wanted or form, drug),
        assumed=tuple(name for name, read in (("phase", phase), ("indication", cause)) if read is None),
    )


def _drug_of_record(told: Sequence[tuple[Document, Sequence[str]]], asked: Sequence[str]) -> str | None:
    """Where the request names no drug: what the rest of the record ties to the pump or the trial, unless the choice is open."""
    said = [sentences for _, sentences in told]
    sentences = [sentence for part in said for sentence in part]
    if undecided(asked or sentences):
        return None
    planned = planned_drug(sentences)
    return planned if planned and goes_alone(planned) else drug_of_spine(said) or planned


def ticked_codes(line: str) -> Iterator[str]:
    """Procedure codes of a line, dictated ones too ("six two three six two"), less those behind an empty box."""
    line = SPOKEN.sub(lambda m: "".join(DIGITS[w] for w in re.findall("[a-z]+", m[0].lower())) + " ", line)
    for found in CODE.finditer(without_empty_options(line)):
        yield found.group()


def indication(asked: Sequence[str], sentences: Sequence[str]) -> str | None:
    """Malignant pain or not: what the request papers diagnose, else what the packet speaks of more.

    A survivor's pain, and that of a cancer's treatment, is non-malignant unless the request codes it as cancer pain.
    """
    if any(re.search(r"\bG89\.3\b", line) for line in asked):
        return "malignant"
    if any(matches("pain_not_cancer", sentence) for sentence in sentences):
        return "nonmalignant"
    counts = {kind: sum(matches(kind, s) for s in sentences) for kind in ("nonmalignant", "survivor")}
    named, active = (sum(_names_active_cancer(s) for s in part) for part in (asked, sentences))
    other = any(matches("pain_diagnosis", sentence) for sentence in asked)
    survivor = any(matches("survivor", sentence) for sentence in asked)
    if other and survivor or not named and (other or survivor):
        return "nonmalignant"
    if not other and any(CANCER_CODE.search(sentence) for sentence in asked):
        return "malignant"
    if not other and not survivor and any(matches("pain_of_cancer", s) and _names_active_cancer(s) for s in sentences):
        return "malignant"
    if not any(counts.values()) and not active:
        return None
    survived = counts["survivor"] > 0 and active < 2 * counts["survivor"] + counts["nonmalignant"]
    cancer = active > counts["nonmalignant"] or not other and named > 0 and 2 * active >= counts["nonmalignant"]
    return "malignant" if cancer and not survived else "nonmalignant"


def _names_active_cancer(sentence: str) -> bool:
    return matches("malignant", sentence) and not any(
        matches(kind, sentence) for kind in ("not_active", "survivor", "treatment_pain")
    )


def _silent_on_cancer(documents: Sequence[Document]) -> str | None:
    """A packet that was read to its last page and names no cancer asks about non-malignant pain, of unknown cause too."""
    pages = [page for document in documents for page in document.pages]
    return "nonmalignant" if pages and all(page.readable for page in pages) else None


def _topic(asked: Sequence[str], wanted: str | None, drug: str | None) -> str | None:
    if drug == "baclofen" or drug is None and any(matches("baclofen", line) for line in asked):
        return "baclofen"
    if wanted == "service":
        return "service"
    spinal = any(matches("spinal", line) for line in asked)
    return "other_pump" if not spinal and any(matches("other_pump", line) for line in asked) else None


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
    return any(len(line) <= TITLE_LENGTH and matches("request_paper", line) for line in [*_top(document), *_foot(document)])


def _top(document: Document) -> list[str]:
    return [line for page in document.pages for line in page.text.split("\n") if line.strip()][:TOP_LINES]


def _foot(document: Document) -> list[str]:
    """The last line of the first page: what kind of paper it is stands there, too."""
    return document.pages[0].text.rstrip().split("\n")[-1:] if document.pages else []
